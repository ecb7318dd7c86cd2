"""TODO."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct, Atomic, Defaulted, ListMap, PatchMerge, written


class ReplicationControllerSpec(ApiStruct):
    """TODO."""

    min_ready_seconds: Int32 = 0
    """TODO."""
    replicas: Annotated[Int32 | None, Defaulted(1)] = None
    """TODO."""
    selector: Annotated[Mapping[str, str], Atomic()] = {}
    """TODO."""
    template: PodTemplateSpec | None = None
    """TODO."""


class ReplicationControllerCondition(ApiStruct):
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


class ReplicationControllerStatus(ApiStruct):
    """TODO."""

    available_replicas: Int32 = 0
    """TODO."""
    conditions: Annotated[
        tuple[ReplicationControllerCondition, ...], ListMap("type"), PatchMerge("type")
    ] = ()
    """TODO."""
    fully_labeled_replicas: Int32 = 0
    """TODO."""
    observed_generation: int = 0
    """TODO."""
    ready_replicas: Int32 = 0
    """TODO."""
    replicas: Int32
    """TODO."""


class ReplicationController(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: ReplicationControllerSpec = ReplicationControllerSpec()
    """TODO."""
    status: ReplicationControllerStatus = ReplicationControllerStatus(replicas=0)
    """TODO."""
