"""The types of horizontal pod autoscaler v1 in autoscaling."""

from typing import ClassVar

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct


class CrossVersionObjectReferenceV1(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    api_version: str = ""
    """TODO."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""


class HorizontalPodAutoscalerSpecV1(ApiStruct):
    """TODO."""

    max_replicas: Int32
    """TODO."""
    min_replicas: Int32 | None = None
    """TODO."""
    scale_target_ref: CrossVersionObjectReferenceV1
    """TODO."""
    target_cpu_utilization_percentage: Int32 | None = None
    """TODO."""


class HorizontalPodAutoscalerStatusV1(ApiStruct):
    """TODO."""

    current_cpu_utilization_percentage: Int32 | None = None
    """TODO."""
    current_replicas: Int32
    """TODO."""
    desired_replicas: Int32
    """TODO."""
    last_scale_time: Time | None = None
    """TODO."""
    observed_generation: int | None = None
    """The generation of the spec that this tells of."""


class HorizontalPodAutoscalerV1(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: HorizontalPodAutoscalerSpecV1
    """What is wanted."""
    status: HorizontalPodAutoscalerStatusV1 = HorizontalPodAutoscalerStatusV1(
        current_replicas=0, desired_replicas=0
    )
    """What was observed last."""
