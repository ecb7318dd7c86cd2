"""TODO."""

from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct


class PodSchedulingGate(ApiStruct):
    """TODO."""

    name: str
    """TODO."""


class PodSchedulingGroup(ApiStruct):
    """TODO."""

    pod_group_name: str | None = None
    """TODO."""


class Taint(ApiStruct):
    """TODO."""

    effect: str
    """TODO."""
    key: str
    """TODO."""
    time_added: Time | None = None
    """TODO."""
    value: str = ""
    """TODO."""


class Toleration(ApiStruct):
    """TODO."""

    effect: str = ""
    """TODO."""
    key: str = ""
    """TODO."""
    operator: str = ""
    """TODO."""
    toleration_seconds: int | None = None
    """TODO."""
    value: str = ""
    """TODO."""


class TopologySpreadConstraint(ApiStruct):
    """TODO."""

    label_selector: LabelSelector | None = None
    """TODO."""
    match_label_keys: tuple[str, ...] = ()
    """TODO."""
    max_skew: Int32
    """TODO."""
    min_domains: Int32 | None = None
    """TODO."""
    node_affinity_policy: str | None = None
    """TODO."""
    node_taints_policy: str | None = None
    """TODO."""
    topology_key: str
    """TODO."""
    when_unsatisfiable: str
    """TODO."""
