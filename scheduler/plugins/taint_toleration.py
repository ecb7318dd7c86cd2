"""TaintToleration: taints keep pods away, or make a node less liked."""

from collections.abc import Sequence

import numpy as np

from knarr.api.tolerations import is_tolerated, untolerated
from scheduler.arrays import Bools, Ints, Slots
from scheduler.plugins.local import LocalFilter, least_is_best
from scheduler.plugins.plugin import Rejection
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot

FORBIDDING = ("NoSchedule", "NoExecute")
"""Effects that keep a pod away."""


class TaintToleration(LocalFilter):
    """Rejects nodes with a taint that is not tolerated; scores by the soft ones."""

    name = "TaintToleration"

    def concerns(self, shape: Shape) -> bool:
        """Any pod may be kept away."""
        return True

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Reject nodes with a forbidding taint that is not tolerated."""
        return (
            Rejection(
                untolerated_on(snapshot, shape, slots),
                "node(s) had untolerated taint(s)",
                is_final=True,
            ),
        )

    def scores(self, snapshot: Snapshot, shape: Shape) -> bool:
        """Whether there ever was a soft taint."""
        return any(
            taint.effect == "PreferNoSchedule"
            for taints in snapshot.taint_lists
            for taint in taints
        )

    def score(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Ints:
        """How many soft taints are not tolerated."""
        tolerations = [
            toleration
            for toleration in shape.pod.spec.tolerations
            if toleration.effect in ("", "PreferNoSchedule")
        ]
        counts = np.array(
            [
                sum(
                    taint.effect == "PreferNoSchedule" and not is_tolerated(taint, tolerations)
                    for taint in taints
                )
                for taints in snapshot.taint_lists
            ],
            dtype=np.int64,
        )
        answer: Ints = counts[snapshot.taints[slots]]
        return answer

    def normalise(self, raw: Ints) -> Ints:
        """The fewer the better."""
        return least_is_best(raw)


def untolerated_on(snapshot: Snapshot, shape: Shape, slots: Slots) -> Bools:
    """Whether each slot has a forbidding taint that the pods do not tolerate."""
    tolerations = shape.pod.spec.tolerations
    numbers = snapshot.taints[slots]
    present = np.unique(numbers)
    if len(present) == 1:
        taints = snapshot.taint_lists[present[0]]
        found = untolerated(taints, tolerations, FORBIDDING) is not None
        return np.full(len(slots), found, dtype=bool)
    forbidden = np.zeros(len(snapshot.taint_lists), dtype=bool)
    for number in present:
        taints = snapshot.taint_lists[number]
        forbidden[number] = untolerated(taints, tolerations, FORBIDDING) is not None
    answer: Bools = forbidden[numbers]
    return answer
