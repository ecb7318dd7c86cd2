"""Which nodes a node selector chooses, for one node at a time."""

from collections.abc import Mapping

from knarr.api.core.affinity import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm
from knarr.api.core.node import Node
from knarr.api.core.pod import PodSpec


def meets_placement(node: Node, spec: PodSpec) -> bool:
    """Whether the node has the labels and meets the required affinity of a pod."""
    if not spec.node_selector.items() <= node.metadata.labels.items():
        return False
    affinity = spec.affinity.node_affinity if spec.affinity is not None else None
    if affinity is None:
        return True
    required = affinity.required_during_scheduling_ignored_during_execution
    return required is None or selects(required, node.metadata.name, node.metadata.labels)


def selects(selector: NodeSelector, name: str, labels: Mapping[str, str]) -> bool:
    """Whether one of the selector's terms chooses the node of a name and labels."""
    return any(_holds(term, name, labels) for term in selector.node_selector_terms)


def _holds(term: NodeSelectorTerm, name: str, labels: Mapping[str, str]) -> bool:
    """Whether the node meets all of a term; an empty term chooses nothing."""
    if not term.match_expressions and not term.match_fields:
        return False
    fields = {"metadata.name": name}
    return _meets(labels, term.match_expressions) and _meets(fields, term.match_fields)


def _meets(values: Mapping[str, str], requirements: tuple[NodeSelectorRequirement, ...]) -> bool:
    return all(_one_met(values, requirement) for requirement in requirements)


def _one_met(values: Mapping[str, str], requirement: NodeSelectorRequirement) -> bool:
    value = values.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _is_beyond(value, requirement)
    return False


def _is_beyond(value: str | None, requirement: NodeSelectorRequirement) -> bool:
    try:
        number, bound = int(value or ""), int(requirement.values[0])
    except (ValueError, IndexError):
        return False
    return number > bound if requirement.operator == "Gt" else number < bound
