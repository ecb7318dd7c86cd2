"""InterPodAffinity: pods near to pods they like and away from those they do not."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from scheduler.arrays import Bools, Ints, Slots
from scheduler.plugins.plugin import SCORE_MAX, EventKind, Happening, Rejection
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot


class InterPodAffinity:
    """Rejects and scores nodes by the pods in the same domain, in both directions."""

    name = "InterPodAffinity"
    is_local = False
    wakes: frozenset[EventKind] = frozenset(
        ("pod added", "pod changed", "pod removed", "node added", "node changed")
    )

    def __init__(
        self, hard_weight: int = 1, *, ignores_preferences_of_placed: bool = False
    ) -> None:
        self._hard_weight = hard_weight
        self._ignores_preferences_of_placed = ignores_preferences_of_placed

    def concerns(self, shape: Shape) -> bool:
        """Any pod may be unwelcome to those placed already."""
        return True

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Reject what the pod's terms forbid, then what those of placed pods do."""
        lonely = np.zeros(len(slots), dtype=bool)
        if shape.affinity:
            lonely = ~_near_friends(snapshot, shape, slots)
        near_foes = np.zeros(len(slots), dtype=bool)
        for term in shape.anti_affinity:
            counts = snapshot.counting.counter(term.pods).counts
            near_foes |= _has_any(snapshot, term.topology_key, counts, slots)
        unwelcome = np.zeros(len(slots), dtype=bool)
        for holding in snapshot.counting.against(shape):
            if holding.kind == "anti":
                key = holding.term.topology_key
                unwelcome |= _has_any(snapshot, key, holding.counts, slots)
        near_foes &= ~lonely
        unwelcome &= ~lonely & ~near_foes
        return (
            Rejection(lonely, "node(s) didn't match pod affinity rules", is_final=True),
            Rejection(near_foes, "node(s) didn't match pod anti-affinity rules"),
            Rejection(unwelcome, "node(s) didn't satisfy existing pods anti-affinity rules"),
        )

    def helps(self, snapshot: Snapshot, shape: Shape, happening: Happening) -> bool:
        """Whether a friend came, a foe went, or a domain did."""
        other = happening.pod
        if other is None:
            return happening.slot is not None
        counting = snapshot.counting
        if happening.kind != "pod removed" and shape.affinity:
            terms = [term.pods for term in shape.affinity]
            if counting.matches(terms, other):
                return True
        if happening.kind == "pod added":
            return False
        if any(counting.matches((term.pods,), other) for term in shape.anti_affinity):
            return True
        return any(counting.matches((term.pods,), shape) for term in other.anti_affinity)

    def scores(self, snapshot: Snapshot, shape: Shape) -> bool:
        """Whether the pods, or placed ones of them, have preferences."""
        return bool(shape.preferred) or any(True for _ in self._wishes_of_placed(snapshot, shape))

    def score(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Ints:
        """The weights of all preferences that a node's domains fulfil."""
        total: NDArray[np.float64] = np.zeros(len(slots))
        for term in shape.preferred:
            counts = snapshot.counting.counter(term.pods).counts
            total += term.weight * _domain_sums(snapshot, term.topology_key, counts, slots)
        for key, weight, counts in self._wishes_of_placed(snapshot, shape):
            total += weight * _domain_sums(snapshot, key, counts, slots)
        raw: Ints = total.astype(np.int64)
        return raw

    def normalise(self, raw: Ints) -> Ints:
        """From the least to the most."""
        least, most = int(raw.min(initial=0)), int(raw.max(initial=0))
        if len(raw):
            least, most = int(raw.min()), int(raw.max())
        if least == most:
            return np.zeros(len(raw), dtype=np.int64)
        scaled: Ints = (SCORE_MAX * ((raw - least) / (most - least))).astype(np.int64)
        return scaled

    def _wishes_of_placed(
        self, snapshot: Snapshot, shape: Shape
    ) -> Iterable[tuple[str, int, Ints]]:
        for holding in snapshot.counting.against(shape):
            if holding.kind == "required" and self._hard_weight:
                yield holding.term.topology_key, self._hard_weight, holding.counts
            elif holding.kind == "preferred" and not self._ignores_preferences_of_placed:
                yield holding.term.topology_key, holding.term.weight, holding.counts


def _near_friends(snapshot: Snapshot, shape: Shape, slots: Slots) -> Bools:
    """Whether each slot has, for every affinity term, a pod in its domain that meets all terms."""
    terms = [term.pods for term in shape.affinity]
    counts = snapshot.counting.counter(*terms).counts
    in_domains = np.ones(len(slots), dtype=bool)
    near = np.ones(len(slots), dtype=bool)
    nobody = True
    for term in shape.affinity:
        numbers = snapshot.labels.column(term.topology_key).numbers
        in_domains &= numbers[slots] > 0
        near &= _has_any(snapshot, term.topology_key, counts, slots)
        nobody = nobody and not counts[numbers > 0].any()
    if nobody and snapshot.counting.matches(terms, shape):
        # The first of pods that want each other's company may go anywhere.
        return in_domains
    return in_domains & near


def _has_any(snapshot: Snapshot, key: str, counts: Ints, slots: Slots) -> Bools:
    """Whether there is anything in each slot's domain."""
    answer: Bools = _domain_sums(snapshot, key, counts, slots) > 0
    return answer


def _domain_sums(snapshot: Snapshot, key: str, counts: Ints, slots: Slots) -> NDArray[np.float64]:
    """The sum over each slot's domain; 0 for nodes in none."""
    column = snapshot.labels.column(key)
    sums = np.bincount(
        column.numbers, weights=counts.astype(np.float64), minlength=len(column.values)
    )
    sums[0] = 0.0
    return np.asarray(sums[column.numbers[slots]], dtype=np.float64)
