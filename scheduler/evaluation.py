"""What is computed for all nodes about pods of one shape, and kept while it holds.

Filters and scores of local plugins are computed again only for nodes that
changed since, so a batch of like pods costs one evaluation of the cluster and
then one of a single node for each of them.
"""

from collections import OrderedDict

import numpy as np
from msgspec import Struct

from scheduler.arrays import Bools, Ints, Slots
from scheduler.plugins.plugin import Filter, Score
from scheduler.profile import Profile
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot

SHAPES_MAX = 128
"""So many shapes have their evaluation kept; about 60 bytes a node each."""

ON_THE_SCALE = frozenset(("NodeResourcesFit", "NodeResourcesBalancedAllocation"))
"""Local plugins whose raw numbers are scores already, so that they add up once and for all."""


class Evaluation(Struct):
    """The answers of local plugins for every slot, good up to a position in the changes."""

    filters: tuple[Filter, ...]
    scores: tuple[tuple[Score, int], ...]
    position: int
    ok: Bools
    ready: Ints
    """The weighted sum of the scores that need no normalising."""
    raw: dict[str, Ints]
    """The others, by plugin."""


class Evaluations:
    """The evaluations of the shapes asked for last."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._kept: OrderedDict[tuple[str, Shape], Evaluation] = OrderedDict()

    def of(self, profile: Profile, shape: Shape) -> Evaluation:
        """The evaluation of a shape, up to date."""
        snapshot = self._snapshot
        scores = tuple(
            (plugin, weight)
            for plugin, weight in profile.scores
            if plugin.is_local and plugin.scores(snapshot, shape)
        )
        kept = self._kept.get((profile.name, shape))
        if kept is None or kept.scores != scores or len(kept.ok) != snapshot.length:
            kept = self._fresh(profile, shape, scores)
            self._keep(profile, shape, kept)
            return kept
        self._kept.move_to_end((profile.name, shape))
        if kept.position != snapshot.changes.position:
            slots = snapshot.changes.since(kept.position)
            if slots is None:
                slots = np.arange(snapshot.length)
            self._compute(kept, shape, slots)
        return kept

    def _fresh(
        self, profile: Profile, shape: Shape, scores: tuple[tuple[Score, int], ...]
    ) -> Evaluation:
        length = self._snapshot.length
        evaluation = Evaluation(
            filters=tuple(
                each for each in profile.filters if each.is_local and each.concerns(shape)
            ),
            scores=scores,
            position=0,
            ok=np.zeros(length, dtype=bool),
            ready=np.zeros(length, dtype=np.int64),
            raw={
                plugin.name: np.zeros(length, dtype=np.int64)
                for plugin, _ in scores
                if plugin.name not in ON_THE_SCALE
            },
        )
        self._compute(evaluation, shape, np.arange(length))
        return evaluation

    def _keep(self, profile: Profile, shape: Shape, evaluation: Evaluation) -> None:
        self._kept[profile.name, shape] = evaluation
        self._kept.move_to_end((profile.name, shape))
        if len(self._kept) > SHAPES_MAX:
            self._kept.popitem(last=False)

    def _compute(self, evaluation: Evaluation, shape: Shape, slots: Slots) -> None:
        snapshot = self._snapshot
        evaluation.position = snapshot.changes.position
        evaluation.ok[slots] = local_ok(snapshot, evaluation.filters, shape, slots)
        ready = np.zeros(len(slots), dtype=np.int64)
        for plugin, weight in evaluation.scores:
            scored = plugin.score(snapshot, shape, slots)
            if plugin.name in ON_THE_SCALE:
                ready += weight * scored
            else:
                evaluation.raw[plugin.name][slots] = scored
        evaluation.ready[slots] = ready


def local_ok(snapshot: Snapshot, filters: tuple[Filter, ...], shape: Shape, slots: Slots) -> Bools:
    """Which of the slots no filter rejects."""
    ok: Bools = snapshot.alive[slots]
    for plugin in filters:
        for rejection in plugin.filter(snapshot, shape, slots):
            ok &= ~rejection.nodes
    return ok
