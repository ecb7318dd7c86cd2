"""NodeAffinity: node selectors and node affinity, required and preferred."""

from collections.abc import Iterable, Sequence

import numpy as np

from knarr.api.core.affinity import NodeAffinity as Wish
from knarr.api.core.affinity import PreferredSchedulingTerm
from scheduler.arrays import Bools, Ints, Slots
from scheduler.node_selection import has_labels, named_nodes, selected, term_holds
from scheduler.plugins.local import LocalFilter, most_is_best
from scheduler.plugins.plugin import Refusal, Rejection
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot

ENFORCED = "node(s) didn't match scheduler-enforced node affinity"
UNMATCHED = "node(s) didn't match Pod's node affinity/selector"


class NodeAffinity(LocalFilter):
    """Rejects nodes that a pod did not choose; scores by its preferences.

    `added` is affinity that the profile adds to every pod's own.
    """

    name = "NodeAffinity"

    def __init__(self, added: Wish | None = None) -> None:
        self._added = added or Wish()

    def refuse(self, snapshot: Snapshot, shape: Shape) -> Refusal | None:
        """Refuse a pod whose fields name nodes that cannot all be meant."""
        names = only_nodes(shape)
        if names is None or names:
            return None
        return Refusal(UNMATCHED)

    def concerns(self, shape: Shape) -> bool:
        """Whether the pods choose their nodes."""
        return bool(
            self._added.required_during_scheduling_ignored_during_execution
            or shape.pod.spec.node_selector
            or _wish(shape).required_during_scheduling_ignored_during_execution
        )

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Reject the nodes that are not chosen."""
        rejections = []
        required = self._added.required_during_scheduling_ignored_during_execution
        left = np.ones(len(slots), dtype=bool)
        if required is not None:
            left = selected(snapshot, required, slots)
            rejections.append(Rejection(~left, ENFORCED, is_final=True))
        unmatched = left & ~chosen(snapshot, shape, slots)
        return (*rejections, Rejection(unmatched, UNMATCHED, is_final=True))

    def scores(self, snapshot: Snapshot, shape: Shape) -> bool:
        """Whether the pods, or the profile, prefer some nodes."""
        return any(True for _ in self._preferences(shape))

    def score(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Ints:
        """The weights of all preferences that hold."""
        total: Ints = np.zeros(len(slots), dtype=np.int64)
        for preferred in self._preferences(shape):
            total += preferred.weight * term_holds(snapshot, preferred.preference, slots)
        return total

    def normalise(self, raw: Ints) -> Ints:
        """The more the better."""
        return most_is_best(raw)

    def _preferences(self, shape: Shape) -> Iterable[PreferredSchedulingTerm]:
        yield from self._added.preferred_during_scheduling_ignored_during_execution
        yield from _wish(shape).preferred_during_scheduling_ignored_during_execution


def chosen(snapshot: Snapshot, shape: Shape, slots: Slots) -> Bools:
    """Whether the pods themselves choose each slot."""
    answer = has_labels(snapshot, shape.pod.spec.node_selector, slots)
    required = _wish(shape).required_during_scheduling_ignored_during_execution
    if required is not None:
        answer &= selected(snapshot, required, slots)
    return answer


def only_nodes(shape: Shape) -> frozenset[str] | None:
    """The only nodes that the pods name by field; None when they do not."""
    required = _wish(shape).required_during_scheduling_ignored_during_execution
    if required is None or not required.node_selector_terms:
        return None
    return named_nodes(required.node_selector_terms)


def _wish(shape: Shape) -> Wish:
    affinity = shape.pod.spec.affinity
    if affinity is None or affinity.node_affinity is None:
        return _NO_WISH
    return affinity.node_affinity


_NO_WISH = Wish()
