"""TODO."""

from typing import Annotated

from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class ReplicaSetSpec(ApiStruct):
    """TODO."""

    min_ready_seconds: Int32 = 0
    """TODO."""
    replicas: Int32 | None = None
    """TODO."""
    selector: LabelSelector | None
    """TODO."""
    template: PodTemplateSpec = PodTemplateSpec()
    """TODO."""


class ReplicaSetCondition(ApiStruct):
    """TODO."""

    last_transition_time: Time | None = written(default=None)
    """TODO."""
    message: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""
    type: str
    """TODO."""
    status: str
    """TODO."""


class ReplicaSetStatus(ApiStruct):
    """TODO."""

    available_replicas: Int32 = 0
    """TODO."""
    conditions: Annotated[tuple[ReplicaSetCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """TODO."""
    fully_labeled_replicas: Int32 = 0
    """TODO."""
    observed_generation: int = 0
    """TODO."""
    ready_replicas: Int32 = 0
    """TODO."""
    replicas: Int32
    """TODO."""
    terminating_replicas: Int32 | None = None
    """TODO."""


class ReplicaSet(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: ReplicaSetSpec = ReplicaSetSpec(selector=None)
    """TODO."""
    status: ReplicaSetStatus = ReplicaSetStatus(replicas=0)
    """TODO."""
