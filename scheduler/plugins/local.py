"""What plugins share that look at one node at a time."""

from collections.abc import Sequence

import numpy as np

from scheduler.arrays import Ints, Slots
from scheduler.plugins.plugin import SCORE_MAX, EventKind, Happening, Rejection, passes
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot


class LocalFilter:
    """A filter whose answer for a node depends on that node and the pod alone."""

    is_local = True
    name = ""
    wakes: frozenset[EventKind] = frozenset(("node added", "node changed"))

    def concerns(self, shape: Shape) -> bool:
        """Whether such pods can be rejected at all."""
        raise NotImplementedError

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Which of the slots are rejected, and why."""
        raise NotImplementedError

    def helps(self, snapshot: Snapshot, shape: Shape, happening: Happening) -> bool:
        """Whether the node it happened on passes now: nothing less can help."""
        if happening.slot is None:
            return False
        slots = np.array([happening.slot], dtype=np.intp)
        return bool(passes(self, snapshot, shape, slots)[0])


def most_is_best(raw: Ints) -> Ints:
    """Scale so that the largest number becomes the best score."""
    largest = int(raw.max(initial=0))
    return raw if largest == 0 else raw * SCORE_MAX // largest


def least_is_best(raw: Ints) -> Ints:
    """Scale so that 0 becomes the best score and the largest number the worst."""
    return SCORE_MAX - most_is_best(raw)
