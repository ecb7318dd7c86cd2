"""Node selectors, answered for many nodes at once."""

from collections.abc import Iterable, Mapping

import numpy as np

from knarr.api.core.affinity import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm
from knarr.api.meta.selector import LabelSelector
from scheduler.arrays import Bools, Slots
from scheduler.snapshot import Snapshot


def has_labels(snapshot: Snapshot, labels: Mapping[str, str], slots: Slots) -> Bools:
    """Whether each slot has all these labels."""
    answer = np.ones(len(slots), dtype=bool)
    for key, value in labels.items():
        answer &= snapshot.labels.column(key).equal(slots, value)
    return answer


def labels_match(snapshot: Snapshot, selector: LabelSelector, slots: Slots) -> Bools:
    """Whether each slot's labels are selected; an empty selector selects all."""
    answer = has_labels(snapshot, selector.match_labels, slots)
    for each in selector.match_expressions:
        requirement = NodeSelectorRequirement(
            key=each.key, operator=each.operator, values=each.values
        )
        answer &= _label_meets(snapshot, requirement, slots)
    return answer


def selected(snapshot: Snapshot, selector: NodeSelector, slots: Slots) -> Bools:
    """Whether each slot is chosen by one of a selector's terms."""
    answer = np.zeros(len(slots), dtype=bool)
    for term in selector.node_selector_terms:
        answer |= term_holds(snapshot, term, slots)
    return answer


def term_holds(snapshot: Snapshot, term: NodeSelectorTerm, slots: Slots) -> Bools:
    """Whether each slot meets all requirements of a term; an empty term chooses nothing."""
    if not term.match_expressions and not term.match_fields:
        return np.zeros(len(slots), dtype=bool)
    answer = np.ones(len(slots), dtype=bool)
    for requirement in term.match_expressions:
        answer &= _label_meets(snapshot, requirement, slots)
    for requirement in term.match_fields:
        answer &= _name_meets(snapshot, requirement, slots)
    return answer


def named_nodes(terms: Iterable[NodeSelectorTerm]) -> frozenset[str] | None:
    """The only nodes that the fields of the terms leave over; None when a term leaves all."""
    names: set[str] = set()
    for term in terms:
        found = None
        for requirement in term.match_fields:
            if requirement.key == "metadata.name" and requirement.operator == "In":
                values = frozenset(requirement.values)
                found = values if found is None else found & values
        if found is None:
            return None
        names |= found
    return frozenset(names)


def _label_meets(snapshot: Snapshot, requirement: NodeSelectorRequirement, slots: Slots) -> Bools:
    column = snapshot.labels.column(requirement.key)
    values = frozenset(requirement.values)
    match requirement.operator:
        case "In":
            return column.where(slots, values.__contains__, absent=False)
        case "NotIn":
            return column.where(slots, lambda value: value not in values, absent=True)
        case "Exists":
            return column.where(slots, lambda _: True, absent=False)
        case "DoesNotExist":
            return column.where(slots, lambda _: False, absent=True)
        case "Gt" | "Lt":
            bound = _integer(requirement.values[0])
            is_more = requirement.operator == "Gt"
            return column.where(
                slots, lambda value: _is_beyond(value, bound, is_more=is_more), absent=False
            )
    return np.zeros(len(slots), dtype=bool)


def _is_beyond(value: str, bound: int | None, *, is_more: bool) -> bool:
    number = _integer(value)
    if number is None or bound is None:
        return False
    return number > bound if is_more else number < bound


def _integer(text: str) -> int | None:
    digits = text[1:] if text[:1] in ("-", "+") else text
    return int(text) if digits.isascii() and digits.isdigit() else None


def _name_meets(snapshot: Snapshot, requirement: NodeSelectorRequirement, slots: Slots) -> Bools:
    found = [snapshot.slot_of(name) for name in requirement.values]
    among = np.isin(slots, [slot for slot in found if slot is not None])
    answer: Bools = ~among if requirement.operator == "NotIn" else among
    return answer
