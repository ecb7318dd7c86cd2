"""Selectors that follow a pod's own labels: `matchLabelKeys` and `mismatchLabelKeys`."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from knarr.api.core.affinity import Affinity, PodAffinity, PodAffinityTerm, PodAntiAffinity
from knarr.api.core.pod import Pod
from knarr.api.core.scheduling import TopologySpreadConstraint
from knarr.api.meta.selector import LabelSelector, LabelSelectorRequirement

_Neighbours = PodAffinity | PodAntiAffinity


def with_own_labels(pod: Pod) -> Pod:
    """The pod with the values of its own labels put into the selectors that name their keys."""
    spec, labels = pod.spec, pod.metadata.labels
    changes: dict[str, Any] = {}
    if any(constraint.match_label_keys for constraint in spec.topology_spread_constraints):
        changes["topology_spread_constraints"] = tuple(
            _spread(constraint, labels) for constraint in spec.topology_spread_constraints
        )
    if spec.affinity is not None:
        affinity = _affinity(spec.affinity, labels)
        if affinity is not spec.affinity:
            changes["affinity"] = affinity
    return replace(pod, spec=replace(spec, **changes)) if changes else pod


def _spread(
    constraint: TopologySpreadConstraint, labels: Mapping[str, str]
) -> TopologySpreadConstraint:
    if constraint.label_selector is None:
        return constraint
    selector = _following(constraint.label_selector, constraint.match_label_keys, "In", labels)
    return replace(constraint, label_selector=selector)


def _affinity(affinity: Affinity, labels: Mapping[str, str]) -> Affinity:
    changes: dict[str, Any] = {}
    if affinity.pod_affinity is not None and _names_keys(affinity.pod_affinity):
        changes["pod_affinity"] = _neighbours(affinity.pod_affinity, labels)
    if affinity.pod_anti_affinity is not None and _names_keys(affinity.pod_anti_affinity):
        changes["pod_anti_affinity"] = _neighbours(affinity.pod_anti_affinity, labels)
    return replace(affinity, **changes) if changes else affinity


def _names_keys(neighbours: _Neighbours) -> bool:
    terms = [
        *neighbours.required_during_scheduling_ignored_during_execution,
        *(
            weighted.pod_affinity_term
            for weighted in neighbours.preferred_during_scheduling_ignored_during_execution
        ),
    ]
    return any(term.match_label_keys or term.mismatch_label_keys for term in terms)


def _neighbours(neighbours: _Neighbours, labels: Mapping[str, str]) -> _Neighbours:
    return replace(
        neighbours,
        required_during_scheduling_ignored_during_execution=tuple(
            _term(term, labels)
            for term in neighbours.required_during_scheduling_ignored_during_execution
        ),
        preferred_during_scheduling_ignored_during_execution=tuple(
            replace(weighted, pod_affinity_term=_term(weighted.pod_affinity_term, labels))
            for weighted in neighbours.preferred_during_scheduling_ignored_during_execution
        ),
    )


def _term(term: PodAffinityTerm, labels: Mapping[str, str]) -> PodAffinityTerm:
    if term.label_selector is None:
        return term
    selector = _following(term.label_selector, term.match_label_keys, "In", labels)
    selector = _following(selector, term.mismatch_label_keys, "NotIn", labels)
    return replace(term, label_selector=selector)


def _following(
    selector: LabelSelector, keys: Sequence[str], operator: str, labels: Mapping[str, str]
) -> LabelSelector:
    more = tuple(
        LabelSelectorRequirement(key=key, operator=operator, values=(labels[key],))
        for key in keys
        if key in labels
    )
    return replace(selector, match_expressions=(*selector.match_expressions, *more))
