"""What selects pods: the terms of pod affinity and spreading, compiled and hashable."""

from collections.abc import Mapping

from msgspec import Struct

from knarr.api.core.affinity import PodAffinityTerm
from knarr.api.meta.selector import LabelSelector
from knarr.api.selectors import EVERYTHING, Requirement, Selector, from_object

HOSTNAME = "kubernetes.io/hostname"
"""The label that tells every node from every other."""


class PodTerm(Struct, frozen=True):
    """Selects pods by namespace and labels."""

    namespaces: frozenset[str]
    selector: Selector
    namespace_selector: Selector | None = None
    counts_terminating: bool = True

    def matches(
        self,
        namespace: str,
        labels: Mapping[str, str],
        namespace_labels: Mapping[str, str],
    ) -> bool:
        """Whether a pod of this namespace with these labels is selected."""
        if namespace not in self.namespaces and (
            self.namespace_selector is None or not self.namespace_selector.matches(namespace_labels)
        ):
            return False
        return self.selector.matches(labels)


class AffinityTerm(Struct, frozen=True):
    """A term of pod affinity or anti-affinity: which pods, and how near."""

    pods: PodTerm
    topology_key: str
    weight: int = 0


class SpreadConstraint(Struct, frozen=True):
    """A topology spread constraint: which pods, over which domains, how evenly."""

    pods: PodTerm
    topology_key: str
    max_skew: int
    min_domains: int
    honors_affinity: bool
    honors_taints: bool


def affinity_term(
    term: PodAffinityTerm, namespace: str, labels: Mapping[str, str], weight: int = 0
) -> AffinityTerm:
    """Compile a term of a pod of this namespace with these labels."""
    named = frozenset(term.namespaces)
    if not named and term.namespace_selector is None:
        named = frozenset((namespace,))
    chosen = None
    if term.namespace_selector is not None:
        chosen = from_object(term.namespace_selector)
    selector = with_label_keys(
        term.label_selector, labels, term.match_label_keys, term.mismatch_label_keys
    )
    return AffinityTerm(PodTerm(named, selector, chosen), term.topology_key, weight)


def with_label_keys(
    selector: LabelSelector | None,
    labels: Mapping[str, str],
    equal: tuple[str, ...] = (),
    unequal: tuple[str, ...] = (),
) -> Selector:
    """A selector that also asks for the pod's own values of some labels, or for others."""
    compiled = from_object(selector)
    if compiled.is_nothing:
        return compiled
    more = [Requirement(key, "in", (labels[key],)) for key in equal if key in labels]
    more += [Requirement(key, "notin", (labels[key],)) for key in unequal if key in labels]
    if not more:
        return compiled
    own = () if compiled is EVERYTHING else compiled.requirements
    return Selector((*own, *(each for each in more if each not in own)))
