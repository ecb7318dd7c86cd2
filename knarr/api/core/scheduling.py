"""The types of scheduling in core/v1."""

from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct


class PodSchedulingGate(ApiStruct):
    """Something that must happen before a pod is placed."""

    name: str
    """Name of the gate; whoever put it there takes it away."""


class PodSchedulingGroup(ApiStruct):
    """The group of pods one is placed with."""

    pod_group_name: str | None = None
    """Name of the PodGroup."""


class Taint(ApiStruct):
    """A mark that keeps pods away from a node."""

    effect: str
    """NoSchedule, PreferNoSchedule or NoExecute."""
    key: str
    """Name of the mark."""
    time_added: Time | None = None
    """Moment it was set; for NoExecute."""
    value: str = ""
    """Value of the mark."""


class Toleration(ApiStruct):
    """A taint a pod puts up with."""

    effect: str = ""
    """Effect that is tolerated; any when empty."""
    key: str = ""
    """Taint that is tolerated; with Exists and no key, any."""
    operator: str = ""
    """Equal, Exists, Lt or Gt. The server takes Equal when empty."""
    toleration_seconds: int | None = None
    """Seconds it stays on a node with a NoExecute taint; for ever when absent."""
    value: str = ""
    """Value of the taint, for Equal."""


class TopologySpreadConstraint(ApiStruct):
    """How evenly pods are spread over places."""

    label_selector: LabelSelector | None = None
    """Chooses the pods that are counted."""
    match_label_keys: tuple[str, ...] = ()
    """Keys whose values are taken from the incoming pod's labels to choose the pods."""
    max_skew: Int32
    """How many pods more one place may have than the emptiest."""
    min_domains: Int32 | None = None
    """So many places there should be; with fewer, the emptiest counts as having none."""
    node_affinity_policy: str | None = None
    """Whether nodes that the pod's node affinity rules out are left out: Honor or Ignore."""
    node_taints_policy: str | None = None
    """Whether nodes whose taints the pod does not tolerate are left out: Honor or Ignore."""
    topology_key: str
    """Node label that tells places apart."""
    when_unsatisfiable: str
    """DoNotSchedule, or ScheduleAnyway to prefer only."""
