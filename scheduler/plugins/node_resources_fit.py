"""NodeResourcesFit: what pods ask for must be free; emptier (or fuller) nodes are preferred."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from scheduler.arrays import Ints, Slots
from scheduler.plugins.local import LocalFilter
from scheduler.plugins.plugin import SCORE_MAX, EventKind, Rejection
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot

StrategyType = Literal["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"]

NATIVE = ("cpu", "memory", "ephemeral-storage")
"""Resources that every node has; others count only for pods that ask for them."""


class Weighted(Struct, frozen=True):
    """A resource and what it weighs in a score."""

    name: str
    weight: int = 1


class Strategy(Struct, frozen=True):
    """How free resources become a score."""

    type: StrategyType = "LeastAllocated"
    resources: tuple[Weighted, ...] = (Weighted("cpu"), Weighted("memory"))
    points: tuple[tuple[int, int], ...] = ()
    """For RequestedToCapacityRatio: utilization in percent, and its score from 0 to 10."""


class NodeResourcesFit(LocalFilter):
    """Rejects nodes without enough free resources; scores by a strategy."""

    name = "NodeResourcesFit"
    wakes: frozenset[EventKind] = frozenset(
        ("pod removed", "pod changed", "node added", "node changed")
    )

    def __init__(
        self,
        strategy: Strategy | None = None,
        *,
        ignored: frozenset[str] = frozenset(),
        ignored_groups: frozenset[str] = frozenset(),
    ) -> None:
        self._strategy = strategy or Strategy()
        self._ignored = ignored
        self._ignored_groups = ignored_groups

    def concerns(self, shape: Shape) -> bool:
        """Every pod takes a place."""
        return True

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Reject full nodes, and nodes short of something the pod asks for."""
        is_full = snapshot.pods[slots] >= snapshot.pods_max[slots]
        rejections = [Rejection(is_full, "Too many pods")]
        for resource, amount in shape.requests.items():
            if amount == 0 or self._is_ignored(resource):
                continue
            allocatable = snapshot.allocatable(resource)[slots]
            short = amount > allocatable - snapshot.requested(resource)[slots]
            never = amount > allocatable
            reason = f"Insufficient {resource}"
            rejections.append(Rejection(short & ~never, reason))
            # Removing pods does not help where even an empty node is too small.
            rejections.append(Rejection(short & never, reason, is_final=True))
        return rejections

    def scores(self, snapshot: Snapshot, shape: Shape) -> bool:
        """Every pod is scored."""
        return True

    def score(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Ints:
        """The weighted mean over the resources, by the strategy."""
        total: Ints = np.zeros(len(slots), dtype=np.int64)
        weights: Ints = np.zeros(len(slots), dtype=np.int64)
        is_ratio = self._strategy.type == "RequestedToCapacityRatio"
        for resource in self._strategy.resources:
            if resource.name not in NATIVE and not shape.requests.get(resource.name):
                continue
            allocatable, requested = self._use(snapshot, shape, resource.name, slots)
            score = self._of_resource(requested, allocatable)
            # The ratio counts only resources that score at all.
            counts = (allocatable > 0) & ((score > 0) if is_ratio else True)
            total += np.where(counts, score * resource.weight, 0)
            weights += np.where(counts, resource.weight, 0)
        mean = np.maximum(weights, 1)
        if is_ratio:
            rounded: Ints = np.floor(total / mean + 0.5).astype(np.int64)
            return rounded
        return total // mean

    def normalise(self, raw: Ints) -> Ints:
        """Scores are on the scale already."""
        return raw

    def _is_ignored(self, resource: str) -> bool:
        return resource in self._ignored or resource.partition("/")[0] in self._ignored_groups

    @staticmethod
    def _use(snapshot: Snapshot, shape: Shape, resource: str, slots: Slots) -> tuple[Ints, Ints]:
        """What each node has, and what would be asked of it with the pod on it."""
        allocatable = snapshot.allocatable(resource)[slots]
        if resource == "cpu":
            return allocatable, snapshot.nonzero_cpu[slots] + shape.nonzero.get("cpu", 0)
        if resource == "memory":
            return allocatable, snapshot.nonzero_memory[slots] + shape.nonzero.get("memory", 0)
        requested = snapshot.requested(resource)[slots] + shape.requests.get(resource, 0)
        return allocatable, requested

    def _of_resource(self, requested: Ints, allocatable: Ints) -> Ints:
        capacity = np.maximum(allocatable, 1)
        if self._strategy.type == "LeastAllocated":
            free = np.maximum(allocatable - requested, 0)
            least: Ints = free * SCORE_MAX // capacity
            return least
        if self._strategy.type == "MostAllocated":
            most: Ints = np.minimum(requested, allocatable) * SCORE_MAX // capacity
            return most
        # More than there is counts as everything.
        percent = np.where(requested > allocatable, 100, requested * 100 // capacity)
        return _broken_line(percent, self._strategy.points)


def _broken_line(percent: Ints, points: Sequence[tuple[int, int]]) -> Ints:
    """The score on the line through the points, in whole numbers, cut towards zero."""
    scale = SCORE_MAX // 10
    answer = np.full(len(percent), points[-1][1] * scale, dtype=np.int64)
    for number in range(len(points) - 1, -1, -1):
        at, score = points[number][0], points[number][1] * scale
        if number == 0:
            answer = np.where(percent <= at, score, answer)
            continue
        at_before, before = points[number - 1][0], points[number - 1][1] * scale
        rise = (score - before) * (percent - at_before)
        step = np.sign(rise) * (np.abs(rise) // max(at - at_before, 1))
        answer = np.where(percent <= at, before + step, answer)
    return answer
