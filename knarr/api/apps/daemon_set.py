"""The types of daemon set in apps."""

from typing import Annotated

from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, IntOrString, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class RollingUpdateDaemonSet(ApiStruct):
    """TODO."""

    max_surge: IntOrString | None = None
    """TODO."""
    max_unavailable: IntOrString | None = None
    """TODO."""


class DaemonSetUpdateStrategy(ApiStruct):
    """TODO."""

    rolling_update: RollingUpdateDaemonSet | None = None
    """TODO."""
    type: str = ""
    """TODO."""


class DaemonSetSpec(ApiStruct):
    """TODO."""

    min_ready_seconds: Int32 = 0
    """Seconds a pod must be ready, none of its containers crashing, before it counts as available.
    """
    revision_history_limit: Int32 | None = None
    """TODO."""
    selector: LabelSelector | None
    """TODO."""
    template: PodTemplateSpec
    """What the pods look like."""
    update_strategy: DaemonSetUpdateStrategy = DaemonSetUpdateStrategy()
    """TODO."""


class DaemonSetCondition(ApiStruct):
    """TODO."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """TODO."""
    status: str
    """What was observed last."""


class DaemonSetStatus(ApiStruct):
    """TODO."""

    collision_count: Int32 | None = None
    """TODO."""
    conditions: Annotated[tuple[DaemonSetCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""
    current_number_scheduled: Int32
    """TODO."""
    desired_number_scheduled: Int32
    """TODO."""
    number_available: Int32 = 0
    """TODO."""
    number_misscheduled: Int32
    """TODO."""
    number_ready: Int32
    """TODO."""
    number_unavailable: Int32 = 0
    """TODO."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    updated_number_scheduled: Int32 = 0
    """TODO."""


class DaemonSet(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: DaemonSetSpec = DaemonSetSpec(selector=None, template=PodTemplateSpec())
    """What is wanted."""
    status: DaemonSetStatus = DaemonSetStatus(
        current_number_scheduled=0,
        desired_number_scheduled=0,
        number_misscheduled=0,
        number_ready=0,
    )
    """What was observed last."""
