"""TODO."""

from typing import ClassVar

from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct


class NodeSelectorRequirement(ApiStruct):
    """TODO."""

    key: str
    """TODO."""
    operator: str
    """TODO."""
    values: tuple[str, ...] = ()
    """TODO."""


class NodeSelectorTerm(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    match_expressions: tuple[NodeSelectorRequirement, ...] = ()
    """TODO."""
    match_fields: tuple[NodeSelectorRequirement, ...] = ()
    """TODO."""


class NodeSelector(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    node_selector_terms: tuple[NodeSelectorTerm, ...]
    """TODO."""


class PreferredSchedulingTerm(ApiStruct):
    """TODO."""

    preference: NodeSelectorTerm
    """TODO."""
    weight: Int32
    """TODO."""


class NodeAffinity(ApiStruct):
    """TODO."""

    preferred_during_scheduling_ignored_during_execution: tuple[PreferredSchedulingTerm, ...] = ()
    """TODO."""
    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    """TODO."""


class PodAffinityTerm(ApiStruct):
    """TODO."""

    label_selector: LabelSelector | None = None
    """TODO."""
    match_label_keys: tuple[str, ...] = ()
    """TODO."""
    mismatch_label_keys: tuple[str, ...] = ()
    """TODO."""
    namespace_selector: LabelSelector | None = None
    """TODO."""
    namespaces: tuple[str, ...] = ()
    """TODO."""
    topology_key: str
    """TODO."""


class WeightedPodAffinityTerm(ApiStruct):
    """TODO."""

    pod_affinity_term: PodAffinityTerm
    """TODO."""
    weight: Int32
    """TODO."""


class PodAffinity(ApiStruct):
    """TODO."""

    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodAffinityTerm, ...] = ()
    """TODO."""
    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] = ()
    """TODO."""


class PodAntiAffinity(ApiStruct):
    """TODO."""

    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodAffinityTerm, ...] = ()
    """TODO."""
    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] = ()
    """TODO."""


class Affinity(ApiStruct):
    """TODO."""

    node_affinity: NodeAffinity | None = None
    """TODO."""
    pod_affinity: PodAffinity | None = None
    """TODO."""
    pod_anti_affinity: PodAntiAffinity | None = None
    """TODO."""


class TopologySelectorLabelRequirement(ApiStruct):
    """TODO."""

    key: str
    """TODO."""
    values: tuple[str, ...]
    """TODO."""


class TopologySelectorTerm(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    match_label_expressions: tuple[TopologySelectorLabelRequirement, ...] = ()
    """TODO."""
