"""NodeResourcesBalancedAllocation: prefer nodes on which a pod evens out the use of resources."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scheduler.arrays import Ints, Slots
from scheduler.plugins.node_resources_fit import NATIVE
from scheduler.plugins.plugin import SCORE_MAX
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot

Fractions = NDArray[np.float64]


class NodeResourcesBalancedAllocation:
    """Scores by how even the shares of resources in use are with the pod, and without it."""

    name = "NodeResourcesBalancedAllocation"
    is_local = True

    def __init__(self, resources: Sequence[str] = ("cpu", "memory")) -> None:
        self._resources = tuple(resources)

    def scores(self, snapshot: Snapshot, shape: Shape) -> bool:
        """A pod that asks for nothing changes no balance."""
        return not shape.is_best_effort

    def score(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Ints:
        """Half of the best score, and more the more the pod improves the balance."""
        wanted = [
            (
                snapshot.allocatable(resource)[slots],
                snapshot.requested(resource)[slots],
                shape.requests.get(resource, 0),
            )
            for resource in self._resources
            if resource in NATIVE or shape.requests.get(resource)
        ]
        with_pod = _evenness([(have, used + more) for have, used, more in wanted], len(slots))
        without = _evenness([(have, used) for have, used, _ in wanted], len(slots))
        half = SCORE_MAX // 2
        return half + (half + with_pod - without) // 2

    def normalise(self, raw: Ints) -> Ints:
        """Scores are on the scale already."""
        return raw


def _evenness(use: Sequence[tuple[Ints, Ints]], length: int) -> Ints:
    """100 less the standard deviation, in percent, of the shares in use."""
    total = np.zeros(length)
    count = np.zeros(length)
    shares: list[tuple[Fractions, NDArray[np.bool_]]] = []
    for allocatable, requested in use:
        counts = allocatable > 0
        share = np.where(counts, np.minimum(requested / np.maximum(allocatable, 1), 1.0), 0.0)
        shares.append((share, counts))
        total += share
        count += counts
    if len(shares) == 2:
        deviation = np.where(count == 2, np.abs((shares[0][0] - shares[1][0]) / 2), 0.0)
    else:
        mean = total / np.maximum(count, 1)
        squares = sum(
            (np.where(counts, (share - mean) ** 2, 0.0) for share, counts in shares),
            np.zeros(length),
        )
        deviation = np.where(count >= 2, np.sqrt(squares / np.maximum(count, 1)), 0.0)
    answer: Ints = ((1 - deviation) * SCORE_MAX).astype(np.int64)
    return answer
