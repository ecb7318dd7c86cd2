"""Rules for which nodes and neighbours a pod wants."""

from collections.abc import Iterator, Sequence

from apiserver.strategies.label_rules import validate_label_name, validate_label_selector
from knarr.api import names
from knarr.api.core.affinity import (
    Affinity,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    PodAffinity,
    PodAffinityTerm,
    PodAntiAffinity,
)
from knarr.api.field_errors import FieldError, broken_names, forbidden, invalid, required
from knarr.api.meta.selector import LabelSelector

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def validate_affinity(affinity: Affinity | None, path: str) -> Iterator[FieldError]:
    """All three kinds of affinity."""
    if affinity is None:
        return
    if affinity.node_affinity is not None:
        yield from _validate_node_affinity(affinity.node_affinity, f"{path}.nodeAffinity")
    if affinity.pod_affinity is not None:
        yield from _validate_pod_affinity(affinity.pod_affinity, f"{path}.podAffinity")
    if affinity.pod_anti_affinity is not None:
        yield from _validate_pod_affinity(affinity.pod_anti_affinity, f"{path}.podAntiAffinity")


def _validate_node_affinity(affinity: NodeAffinity, path: str) -> Iterator[FieldError]:
    wanted = affinity.required_during_scheduling_ignored_during_execution
    if wanted is not None:
        yield from validate_node_selector(wanted, f"{path}.{_REQUIRED}")
    preferred = affinity.preferred_during_scheduling_ignored_during_execution
    for i, term in enumerate(preferred):
        at = f"{path}.{_PREFERRED}[{i}]"
        yield from _validate_weight(term.weight, at)
        yield from _validate_term(term.preference, f"{at}.preference")


def _validate_weight(weight: int, path: str) -> Iterator[FieldError]:
    if not 1 <= weight <= 100:
        yield invalid(f"{path}.weight", weight, "must be in the range 1-100")


def validate_node_selector(selector: NodeSelector, path: str) -> Iterator[FieldError]:
    """Terms of which a node has to fulfil one."""
    at = f"{path}.nodeSelectorTerms"
    if not selector.node_selector_terms:
        yield required(at, "must have at least one node selector term")
    for i, term in enumerate(selector.node_selector_terms):
        yield from _validate_term(term, f"{at}[{i}]")


def _validate_term(term: NodeSelectorTerm, path: str) -> Iterator[FieldError]:
    for i, requirement in enumerate(term.match_expressions):
        yield from _validate_expression(requirement, f"{path}.matchExpressions[{i}]")
    for i, requirement in enumerate(term.match_fields):
        yield from _validate_field(requirement, f"{path}.matchFields[{i}]")


def _validate_expression(requirement: NodeSelectorRequirement, path: str) -> Iterator[FieldError]:
    values = requirement.values
    match requirement.operator:
        case "In" | "NotIn":
            if not values:
                detail = "must be specified when `operator` is 'In' or 'NotIn'"
                yield required(f"{path}.values", detail)
        case "Exists" | "DoesNotExist":
            if values:
                detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                yield forbidden(f"{path}.values", detail)
        case "Gt" | "Lt":
            if len(values) != 1:
                detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
                yield required(f"{path}.values", detail)
        case operator:
            yield invalid(f"{path}.operator", operator, "not a valid selector operator")
    yield from validate_label_name(requirement.key, f"{path}.key")
    for i, value in enumerate(values):
        yield from broken_names(f"{path}.values[{i}]", value, names.label_value(value))


def _validate_field(requirement: NodeSelectorRequirement, path: str) -> Iterator[FieldError]:
    if requirement.operator not in ("In", "NotIn"):
        yield invalid(f"{path}.operator", requirement.operator, "not a valid selector operator")
    elif len(requirement.values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        yield required(f"{path}.values", detail)
    if requirement.key != "metadata.name":
        yield invalid(f"{path}.key", requirement.key, "not a valid field selector key")
        return
    for i, value in enumerate(requirement.values):
        yield from broken_names(f"{path}.values[{i}]", value, names.dns_subdomain(value))


def _validate_pod_affinity(
    affinity: PodAffinity | PodAntiAffinity, path: str
) -> Iterator[FieldError]:
    wanted = affinity.required_during_scheduling_ignored_during_execution
    for i, term in enumerate(wanted):
        yield from _validate_pod_term(term, f"{path}.{_REQUIRED}[{i}]")
    preferred = affinity.preferred_during_scheduling_ignored_during_execution
    for i, weighted in enumerate(preferred):
        at = f"{path}.{_PREFERRED}[{i}]"
        yield from _validate_weight(weighted.weight, at)
        yield from _validate_pod_term(weighted.pod_affinity_term, f"{at}.podAffinityTerm")


def _validate_pod_term(term: PodAffinityTerm, path: str) -> Iterator[FieldError]:
    yield from validate_label_selector(term.label_selector, f"{path}.labelSelector")
    yield from validate_label_selector(term.namespace_selector, f"{path}.namespaceSelector")
    for namespace in term.namespaces:
        yield from broken_names(f"{path}.namespace", namespace, names.dns_label(namespace))
    yield from _validate_label_keys(term, path)
    if not term.topology_key:
        yield required(f"{path}.topologyKey", "can not be empty")
    yield from validate_label_name(term.topology_key, f"{path}.topologyKey")


def _validate_label_keys(term: PodAffinityTerm, path: str) -> Iterator[FieldError]:
    both = set(term.match_label_keys) & set(term.mismatch_label_keys)
    for i, key in enumerate(term.match_label_keys):
        if key in both:
            yield invalid(
                f"{path}.matchLabelKeys[{i}]",
                key,
                "exists in both matchLabelKeys and mismatchLabelKeys",
            )
    for name, keys in (
        ("matchLabelKeys", term.match_label_keys),
        ("mismatchLabelKeys", term.mismatch_label_keys),
    ):
        at = f"{path}.{name}"
        yield from validate_label_keys(keys, term.label_selector, at, at)


def validate_label_keys(
    keys: Sequence[str], selector: LabelSelector | None, path: str, clash_path: str
) -> Iterator[FieldError]:
    """Keys of labels whose values are taken from the pod itself."""
    if not keys:
        return
    if selector is None:
        yield forbidden(path, "must not be specified when labelSelector is not set")
        return
    selected = set(selector.match_labels)
    for requirement in selector.match_expressions:
        # One value is what the server itself puts there for the pod's own label.
        if requirement.operator not in ("In", "NotIn") or len(requirement.values) != 1:
            selected.add(requirement.key)
    for i, key in enumerate(keys):
        yield from validate_label_name(key, f"{path}[{i}]")
        if key in selected:
            detail = "exists in both matchLabelKeys and labelSelector"
            yield invalid(f"{clash_path}[{i}]", key, detail)
