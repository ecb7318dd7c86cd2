"""Counts of pods per node, kept up to date pod by pod.

A *counter* counts the pods that some terms select; a *holding* counts the
pods that hold a term of their own, such as anti-affinity, against others.
Both are made the first time anybody asks, which walks over the distinct
shapes of pods, and from then on cost one addition a pod that comes or goes.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import numpy as np
from msgspec import Struct

from scheduler.arrays import Ints, grown
from scheduler.shape import Shape
from scheduler.terms import AffinityTerm, PodTerm

COUNTERS_MAX = 2000
"""So many counters are kept; above that those are forgotten that were not asked for longest."""

HOLDINGS_MIN = 2000
"""Above so many holdings, and twice those in use, the ones nobody has are forgotten."""

HoldKind = Literal["anti", "required", "preferred"]


class Counter(Struct, eq=False):
    """How many pods that match all of some terms are on each slot."""

    terms: tuple[PodTerm, ...]
    counts: Ints
    asked: int = 0
    """When it was last asked for, counted in questions."""


class Holding(Struct, eq=False):
    """How many pods that hold a term are on each slot."""

    kind: HoldKind
    term: AffinityTerm
    counts: Ints
    total: int = 0


class Counting:
    """All counters and holdings of a snapshot."""

    def __init__(self, length: int, namespace_labels: Callable[[str], Mapping[str, str]]) -> None:
        self._length = length
        self._namespace_labels = namespace_labels
        self._placed: dict[Shape, None] = {}
        self._counters: dict[tuple[PodTerm, ...], Counter] = {}
        self._counter_list: list[Counter] = []
        self._holdings: dict[tuple[HoldKind, AffinityTerm], Holding] = {}
        self._holding_list: list[Holding] = []
        self._held_by: dict[Shape, tuple[Holding, ...]] = {}
        self._questions = 0
        self._generation = 0
        self._holdings_max = HOLDINGS_MIN

    def grow(self, length: int) -> None:
        """Make room for more slots."""
        self._length = length
        for counter in self._counter_list:
            counter.counts = grown(counter.counts, length)
        for holding in self._holding_list:
            holding.counts = grown(holding.counts, length)

    def change(self, shape: Shape, slot: int, by: int) -> None:
        """Note that a pod came (1) to a slot or went (-1)."""
        for counter in self._counters_of(shape):
            counter.counts[slot] += by
        for holding in self._held(shape):
            holding.counts[slot] += by
            holding.total += by
        left = shape.by_slot.get(slot, 0) + by
        if left:
            shape.by_slot[slot] = left
            self._placed[shape] = None
        else:
            del shape.by_slot[slot]
            if not shape.by_slot:
                del self._placed[shape]
                self._held_by.pop(shape, None)

    def counter(self, *terms: PodTerm) -> Counter:
        """The counter of pods that match all the terms."""
        counter = self._counters.get(terms)
        if counter is None:
            counter = self._make_counter(terms)
        self._questions += 1
        counter.asked = self._questions
        return counter

    def against(self, shape: Shape) -> Iterable[Holding]:
        """The terms held by placed pods that select pods of this shape."""
        self._refresh(shape)
        listed = self._holding_list
        if shape.holdings_seen < len(listed):
            labels = self._namespace_labels(shape.namespace)
            for holding in listed[shape.holdings_seen :]:
                if holding.term.pods.matches(shape.namespace, shape.labels, labels):
                    shape.holdings.append(holding)
            shape.holdings_seen = len(listed)
        return [holding for holding in shape.holdings if holding.total]

    def matches(self, terms: Iterable[PodTerm], shape: Shape) -> bool:
        """Whether a shape's pods match all the terms."""
        labels = self._namespace_labels(shape.namespace)
        return all(
            (term.counts_terminating or not shape.is_terminating)
            and term.matches(shape.namespace, shape.labels, labels)
            for term in terms
        )

    def relabel(self) -> None:
        """Count anew what depends on the labels of namespaces."""
        self._counters.clear()
        self._counter_list.clear()
        self._generation += 1

    def _make_counter(self, terms: tuple[PodTerm, ...]) -> Counter:
        if len(self._counter_list) >= COUNTERS_MAX:
            self._forget_counters()
        counter = Counter(terms, np.zeros(self._length, dtype=np.int64))
        for shape in self._placed:
            if self.matches(terms, shape):
                for slot, pods in shape.by_slot.items():
                    counter.counts[slot] += pods
        self._counters[terms] = counter
        self._counter_list.append(counter)
        return counter

    def _counters_of(self, shape: Shape) -> list[Counter]:
        self._refresh(shape)
        listed = self._counter_list
        if shape.counters_seen < len(listed):
            for counter in listed[shape.counters_seen :]:
                if self.matches(counter.terms, shape):
                    shape.counters.append(counter)
            shape.counters_seen = len(listed)
        return shape.counters

    def _refresh(self, shape: Shape) -> None:
        """Forget what a shape noted about lists that were made anew since."""
        if shape.generation != self._generation:
            shape.generation = self._generation
            shape.counters_seen = shape.holdings_seen = 0
            shape.counters.clear()
            shape.holdings.clear()

    def _forget_counters(self) -> None:
        """Forget the half of the counters that were not asked for longest."""
        kept = sorted(self._counter_list, key=lambda each: each.asked)[COUNTERS_MAX // 2 :]
        self._counter_list = kept
        self._counters = {counter.terms: counter for counter in kept}
        self._generation += 1

    def _held(self, shape: Shape) -> tuple[Holding, ...]:
        held = self._held_by.get(shape)
        if held is None:
            self._forget_holdings()
            kinds: tuple[tuple[HoldKind, tuple[AffinityTerm, ...]], ...] = (
                ("anti", shape.anti_affinity),
                ("required", shape.affinity),
                ("preferred", shape.preferred),
            )
            held = tuple(self._holding(kind, term) for kind, terms in kinds for term in terms)
            self._held_by[shape] = held
        return held

    def _holding(self, kind: HoldKind, term: AffinityTerm) -> Holding:
        holding = self._holdings.get((kind, term))
        if holding is None:
            holding = Holding(kind, term, np.zeros(self._length, dtype=np.int64))
            self._holdings[kind, term] = holding
            self._holding_list.append(holding)
        return holding

    def _forget_holdings(self) -> None:
        """Forget holdings that nobody has, once they are many."""
        if len(self._holding_list) <= self._holdings_max:
            return
        kept = [each for each in self._holding_list if each.total]
        self._holding_list = kept
        self._holdings = {(each.kind, each.term): each for each in kept}
        self._holdings_max = max(HOLDINGS_MIN, 2 * len(kept))
        self._generation += 1
