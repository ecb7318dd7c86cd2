"""The types of horizontal pod autoscaler v1 in autoscaling."""

from typing import ClassVar

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct


class CrossVersionObjectReferenceV1(ApiStruct):
    """An object that can be scaled."""

    map_type: ClassVar[str] = "atomic"
    api_version: str = ""
    """Group and version of the object."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""


class HorizontalPodAutoscalerSpecV1(ApiStruct):
    """What is scaled, between which bounds, by its use of processors."""

    max_replicas: Int32
    """Most pods."""
    min_replicas: Int32 | None = None
    """Fewest pods. The server fills in 1."""
    scale_target_ref: CrossVersionObjectReferenceV1
    """What is scaled."""
    target_cpu_utilization_percentage: Int32 | None = None
    """Percentage of the processors asked for that shall be in use, on average."""


class HorizontalPodAutoscalerStatusV1(ApiStruct):
    """The most recently observed state."""

    current_cpu_utilization_percentage: Int32 | None = None
    """Percentage of the processors asked for that is in use."""
    current_replicas: Int32
    """Number of pods as last seen."""
    desired_replicas: Int32
    """Number of pods that was computed."""
    last_scale_time: Time | None = None
    """Moment the number was last changed."""
    observed_generation: int | None = None
    """The generation of the spec that this tells of."""


class HorizontalPodAutoscalerV1(ApiStruct):
    """Changes the number of pods with the load of their processors."""

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
