"""The types of affinity in core/v1."""

from typing import ClassVar

from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct


class NodeSelectorRequirement(ApiStruct):
    """A rule about one label of a node: its key, a relation, and values."""

    key: str
    """Label the rule is about."""
    operator: str
    """How the label relates to the values: In, NotIn, Exists, DoesNotExist, Gt or Lt."""
    values: tuple[str, ...] = ()
    """Values to compare with.

    Empty for Exists and DoesNotExist; a single whole number for Gt and Lt.
    """


class NodeSelectorTerm(ApiStruct):
    """Rules that a node must meet all of."""

    map_type: ClassVar[str] = "atomic"
    match_expressions: tuple[NodeSelectorRequirement, ...] = ()
    """Rules about the node's labels."""
    match_fields: tuple[NodeSelectorRequirement, ...] = ()
    """Rules about the node's fields; only metadata.name can be asked for."""


class NodeSelector(ApiStruct):
    """A choice of nodes: those that meet at least one of its terms."""

    map_type: ClassVar[str] = "atomic"
    node_selector_terms: tuple[NodeSelectorTerm, ...]
    """The terms; one that holds is enough."""


class PreferredSchedulingTerm(ApiStruct):
    """A wish about nodes, with a weight."""

    preference: NodeSelectorTerm
    """The rules a preferred node meets."""
    weight: Int32
    """How much the wish counts, from 1 to 100; added to the score of nodes that meet it."""


class NodeAffinity(ApiStruct):
    """Which nodes a pod must run on, and which it would rather run on."""

    preferred_during_scheduling_ignored_during_execution: tuple[PreferredSchedulingTerm, ...] = ()
    """Wishes that raise a node's score when a node is chosen. They move no pod that runs."""
    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    """Rules without which the pod is not placed. They move no pod that runs."""


class PodAffinityTerm(ApiStruct):
    """Other pods, and the kind of place in which nearness to them is measured."""

    label_selector: LabelSelector | None = None
    """Chooses the other pods by their labels. Absent, it chooses none."""
    match_label_keys: tuple[str, ...] = ()
    """Keys whose values are taken from the incoming pod's labels and must be the same on the
    others.
    """
    mismatch_label_keys: tuple[str, ...] = ()
    """Keys whose values are taken from the incoming pod's labels and must differ on the others."""
    namespace_selector: LabelSelector | None = None
    """Chooses further namespaces by their labels; an empty one chooses all."""
    namespaces: tuple[str, ...] = ()
    """Namespaces in which the other pods are looked for; with no selector beside it, the pod's own.
    """
    topology_key: str
    """Node label that says what "the same place" is, such as kubernetes.io/hostname or a zone."""


class WeightedPodAffinityTerm(ApiStruct):
    """A wish to be near to (or far from) other pods, with a weight."""

    pod_affinity_term: PodAffinityTerm
    """The other pods and the kind of place."""
    weight: Int32
    """How much the wish counts, from 1 to 100."""


class PodAffinity(ApiStruct):
    """Which pods a pod must, or would rather, run near to."""

    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodAffinityTerm, ...] = ()
    """Wishes that raise a node's score when a node is chosen. They move no pod that runs."""
    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] = ()
    """Rules without which the pod is not placed. They move no pod that runs."""


class PodAntiAffinity(ApiStruct):
    """Which pods a pod must, or would rather, run away from."""

    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodAffinityTerm, ...] = ()
    """Wishes that raise a node's score when a node is chosen. They move no pod that runs."""
    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] = ()
    """Rules without which the pod is not placed. They move no pod that runs."""


class Affinity(ApiStruct):
    """Rules and wishes about where a pod is placed."""

    node_affinity: NodeAffinity | None = None
    """Rules and wishes about nodes."""
    pod_affinity: PodAffinity | None = None
    """Pods to be near to."""
    pod_anti_affinity: PodAntiAffinity | None = None
    """Pods to keep away from."""


class TopologySelectorLabelRequirement(ApiStruct):
    """A label and the values it may have."""

    key: str
    """Label that is looked at."""
    values: tuple[str, ...]
    """Values of which the label must have one."""


class TopologySelectorTerm(ApiStruct):
    """Labels that all must have one of their values."""

    map_type: ClassVar[str] = "atomic"
    match_label_expressions: tuple[TopologySelectorLabelRequirement, ...] = ()
    """The labels and their values."""
