"""What is computed for all nodes about pods of one shape, and kept while it holds.

Filters and scores of local plugins are computed again only for nodes that
changed since, so a batch of like pods costs one evaluation of the cluster and
then one of a single node for each of them. What looks at nothing but the node's
own object is not asked again when only the pods on it change.
"""

from collections import OrderedDict

import numpy as np
from msgspec import Struct

from scheduler.arrays import Bools, Ints, Slots
from scheduler.plugins.plugin import Filter, Score
from scheduler.profile import Profile
from scheduler.shape import Shape
from scheduler.snapshot import Changes, Snapshot

SHAPES_MAX = 128
"""So many shapes have their evaluation kept; about 60 bytes a node each."""

ON_THE_SCALE = frozenset(("NodeResourcesFit", "NodeResourcesBalancedAllocation"))
"""Local plugins whose raw numbers are scores already, so that they add up once and for all."""


class Evaluation(Struct):
    """The answers of local plugins for every slot, good up to a position in the changes."""

    steady: tuple[Filter, ...]
    """Filters that look at the node alone."""
    moving: tuple[Filter, ...]
    """Those that look at the pods on it too."""
    scores: tuple[tuple[Score, int], ...]
    node_position: int
    position: int
    steady_ok: Bools
    """Whom no steady filter rejects."""
    ok: Bools
    ready: Ints
    """The weighted sum of the scores that need no normalising."""
    raw: dict[str, Ints]
    """The others, which look at the node alone, by plugin."""


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
        if kept.node_position != snapshot.node_changes.position:
            self._compute_steady(
                kept, shape, self._since(snapshot.node_changes, kept.node_position)
            )
        if kept.position != snapshot.changes.position:
            self._compute(kept, shape, self._since(snapshot.changes, kept.position))
        return kept

    def _since(self, changes: Changes, position: int) -> Slots:
        slots = changes.since(position)
        return np.arange(self._snapshot.length) if slots is None else slots

    def _fresh(
        self, profile: Profile, shape: Shape, scores: tuple[tuple[Score, int], ...]
    ) -> Evaluation:
        length = self._snapshot.length
        local = [each for each in profile.filters if each.is_local and each.concerns(shape)]
        evaluation = Evaluation(
            steady=tuple(each for each in local if "pod removed" not in each.wakes),
            moving=tuple(each for each in local if "pod removed" in each.wakes),
            scores=scores,
            node_position=0,
            position=0,
            steady_ok=np.zeros(length, dtype=bool),
            ok=np.zeros(length, dtype=bool),
            ready=np.zeros(length, dtype=np.int64),
            raw={
                plugin.name: np.zeros(length, dtype=np.int64)
                for plugin, _ in scores
                if plugin.name not in ON_THE_SCALE
            },
        )
        self._compute_steady(evaluation, shape, np.arange(length))
        self._compute(evaluation, shape, np.arange(length))
        return evaluation

    def _keep(self, profile: Profile, shape: Shape, evaluation: Evaluation) -> None:
        self._kept[profile.name, shape] = evaluation
        self._kept.move_to_end((profile.name, shape))
        if len(self._kept) > SHAPES_MAX:
            self._kept.popitem(last=False)

    def _compute_steady(self, evaluation: Evaluation, shape: Shape, slots: Slots) -> None:
        snapshot = self._snapshot
        evaluation.node_position = snapshot.node_changes.position
        evaluation.steady_ok[slots] = local_ok(snapshot, evaluation.steady, shape, slots)
        for plugin, _ in evaluation.scores:
            if plugin.name in evaluation.raw:
                evaluation.raw[plugin.name][slots] = plugin.score(snapshot, shape, slots)

    def _compute(self, evaluation: Evaluation, shape: Shape, slots: Slots) -> None:
        snapshot = self._snapshot
        evaluation.position = snapshot.changes.position
        ok = evaluation.steady_ok[slots]
        ok &= local_ok(snapshot, evaluation.moving, shape, slots)
        evaluation.ok[slots] = ok
        ready = np.zeros(len(slots), dtype=np.int64)
        for plugin, weight in evaluation.scores:
            if plugin.name in ON_THE_SCALE:
                ready += weight * plugin.score(snapshot, shape, slots)
        evaluation.ready[slots] = ready


def local_ok(snapshot: Snapshot, filters: tuple[Filter, ...], shape: Shape, slots: Slots) -> Bools:
    """Which of the slots no filter rejects."""
    ok: Bools = snapshot.alive[slots]
    for plugin in filters:
        for rejection in plugin.filter(snapshot, shape, slots):
            ok &= ~rejection.nodes
    return ok
