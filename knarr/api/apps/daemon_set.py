"""The types of daemon set in apps."""

from typing import Annotated

from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, IntOrString, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class RollingUpdateDaemonSet(ApiStruct):
    """How fast pods are replaced."""

    max_surge: IntOrString | None = None
    """How many nodes may run an old and a new pod at a time, as number or percentage.

    The server fills in 0.
    """
    max_unavailable: IntOrString | None = None
    """How many nodes may be without an available pod, as number or percentage.

    The server fills in 1.
    """


class DaemonSetUpdateStrategy(ApiStruct):
    """How pods are replaced when the template changes."""

    rolling_update: RollingUpdateDaemonSet | None = None
    """How fast, for RollingUpdate."""
    type: str = ""
    """RollingUpdate or OnDelete. The server fills in RollingUpdate."""


class DaemonSetSpec(ApiStruct):
    """What runs on every node that fits."""

    min_ready_seconds: Int32 = 0
    """Seconds a pod must be ready, none of its containers crashing, before it counts as available.
    """
    revision_history_limit: Int32 | None = None
    """How many earlier revisions are kept. The server fills in 10."""
    selector: LabelSelector | None
    """Labels by which its pods are known; cannot be changed."""
    template: PodTemplateSpec
    """What the pods look like."""
    update_strategy: DaemonSetUpdateStrategy = DaemonSetUpdateStrategy()
    """How pods are replaced when the template changes."""


class DaemonSetCondition(ApiStruct):
    """One thing about how a DaemonSet is."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """What the condition says."""
    status: str
    """What was observed last."""


class DaemonSetStatus(ApiStruct):
    """The most recently observed state."""

    collision_count: Int32 | None = None
    """How often the name of a revision was taken already."""
    conditions: Annotated[tuple[DaemonSetCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""
    current_number_scheduled: Int32
    """Nodes that run a pod and should."""
    desired_number_scheduled: Int32
    """Nodes that should run a pod."""
    number_available: Int32 = 0
    """Nodes whose pod has been ready for minReadySeconds."""
    number_misscheduled: Int32
    """Nodes that run a pod and should not."""
    number_ready: Int32
    """Nodes whose pod is ready."""
    number_unavailable: Int32 = 0
    """Nodes that should have an available pod and do not."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    updated_number_scheduled: Int32 = 0
    """Nodes whose pod is of the newest template."""


class DaemonSet(ApiStruct):
    """Runs a pod on every node that fits."""

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
