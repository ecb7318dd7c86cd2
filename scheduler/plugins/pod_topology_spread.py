"""PodTopologySpread: pods are spread evenly over domains such as zones and hosts."""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from knarr.api.core.scheduling import TopologySpreadConstraint
from scheduler.arrays import Bools, Ints, Slots
from scheduler.plugins.node_affinity import chosen
from scheduler.plugins.plugin import SCORE_MAX, EventKind, Happening, Rejection
from scheduler.plugins.taint_toleration import untolerated_on
from scheduler.shape import Shape, spread_constraint
from scheduler.snapshot import Snapshot
from scheduler.terms import HOSTNAME, SpreadConstraint

UNEVEN = "node(s) didn't match pod topology spread constraints"

SYSTEM_DEFAULTS = (
    TopologySpreadConstraint(
        topology_key=HOSTNAME, when_unsatisfiable="ScheduleAnyway", max_skew=3
    ),
    TopologySpreadConstraint(
        topology_key="topology.kubernetes.io/zone",
        when_unsatisfiable="ScheduleAnyway",
        max_skew=5,
    ),
)
"""How pods of a Service or controller are spread that say nothing themselves."""

Numbers = NDArray[np.float64]


class PodTopologySpread:
    """Rejects nodes whose domain has too many like pods already; prefers those with few."""

    name = "PodTopologySpread"
    is_local = False
    wakes: frozenset[EventKind] = frozenset(
        ("pod added", "pod changed", "pod removed", "node added", "node changed", "node removed")
    )

    def __init__(self, defaults: Sequence[TopologySpreadConstraint] | None = None) -> None:
        self._is_system_default = defaults is None
        self._defaults = SYSTEM_DEFAULTS if defaults is None else tuple(defaults)

    def concerns(self, shape: Shape) -> bool:
        """Whether the pods must be spread."""
        return bool(shape.spread_hard) or (
            not shape.pod.spec.topology_spread_constraints and bool(self._of("DoNotSchedule"))
        )

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Reject nodes without the domains, and those whose domains are too full."""
        constraints = self._hard(snapshot, shape)
        columns = [snapshot.labels.column(each.topology_key) for each in constraints]
        everywhere = snapshot.alive.copy()
        for column in columns:
            everywhere &= column.numbers > 0
        homeless = np.zeros(len(slots), dtype=bool)
        uneven = np.zeros(len(slots), dtype=bool)
        for constraint, column in zip(constraints, columns, strict=True):
            numbers = column.numbers
            counting = everywhere & included(snapshot, shape, constraint)
            pods = _per_domain(snapshot, constraint, numbers, counting, len(column.values))
            domains = np.bincount(numbers[counting], minlength=len(column.values)) > 0
            least = pods[domains].min() if domains.sum() >= constraint.min_domains else 0.0
            itself = snapshot.counting.matches((constraint.pods,), shape)
            here = numbers[slots]
            uneven |= ~homeless & (here > 0) & (pods[here] + itself - least > constraint.max_skew)
            homeless |= ~uneven & (here == 0)
        return (
            Rejection(homeless, f"{UNEVEN} (missing required label)", is_final=True),
            Rejection(uneven, UNEVEN),
        )

    def helps(self, snapshot: Snapshot, shape: Shape, happening: Happening) -> bool:
        """Whether a pod that counts came or went, or a domain did."""
        constraints = self._hard(snapshot, shape)
        if happening.pod is not None:
            # A pod that begins to be deleted stops to count: its shape before tells.
            other = happening.pod
            return any(
                snapshot.counting.matches((replace(each.pods, counts_terminating=True),), other)
                for each in constraints
            )
        return bool(constraints)

    def scores(self, snapshot: Snapshot, shape: Shape) -> bool:
        """Whether the pods would rather be spread."""
        return bool(self._soft(snapshot, shape))

    def score(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Ints:
        """The emptier its domains, the better a node; on the scale already."""
        constraints = self._soft(snapshot, shape)
        is_strict = bool(shape.pod.spec.topology_spread_constraints) or not self._is_system_default
        columns = [snapshot.labels.column(each.topology_key) for each in constraints]
        ignored = np.zeros(len(slots), dtype=bool)
        everywhere = snapshot.alive
        if is_strict:
            for column in columns:
                ignored |= column.numbers[slots] == 0
                everywhere = everywhere & (column.numbers > 0)
        total = np.zeros(len(slots))
        for constraint, column in zip(constraints, columns, strict=True):
            here = column.numbers[slots]
            if constraint.topology_key == HOSTNAME:
                domains = len(slots) - int(ignored.sum())
                pods = snapshot.counting.counter(constraint.pods).counts[slots].astype(float)
            else:
                domains = len(np.unique(here[~ignored]))
                counting = everywhere & included(snapshot, shape, constraint)
                numbers, values = column.numbers, len(column.values)
                pods = _per_domain(snapshot, constraint, numbers, counting, values)[here]
            weighed = pods * np.log(domains + 2) + (constraint.max_skew - 1)
            total += np.where(here > 0, weighed, 0.0)
        return _few_is_best(np.floor(total + 0.5).astype(np.int64), ignored)

    def normalise(self, raw: Ints) -> Ints:
        """Scores are on the scale already."""
        return raw

    def _of(self, when_unsatisfiable: str) -> Sequence[TopologySpreadConstraint]:
        return [each for each in self._defaults if each.when_unsatisfiable == when_unsatisfiable]

    def _hard(self, snapshot: Snapshot, shape: Shape) -> Sequence[SpreadConstraint]:
        if shape.pod.spec.topology_spread_constraints:
            return shape.spread_hard
        return self._by_default(snapshot, shape, "DoNotSchedule")

    def _soft(self, snapshot: Snapshot, shape: Shape) -> Sequence[SpreadConstraint]:
        if shape.pod.spec.topology_spread_constraints:
            return shape.spread_soft
        return self._by_default(snapshot, shape, "ScheduleAnyway")

    def _by_default(
        self, snapshot: Snapshot, shape: Shape, when_unsatisfiable: str
    ) -> Sequence[SpreadConstraint]:
        defaults = self._of(when_unsatisfiable)
        if not defaults:
            return ()
        selector = snapshot.workloads.selector_of(shape)
        if selector is None:
            return ()
        made = [spread_constraint(shape.pod, each) for each in defaults]
        return [replace(each, pods=replace(each.pods, selector=selector)) for each in made]


def included(snapshot: Snapshot, shape: Shape, constraint: SpreadConstraint) -> Bools:
    """Whether each slot of the whole snapshot counts, by the constraint's policies."""
    answer = np.ones(snapshot.length, dtype=bool)
    every = np.arange(snapshot.length)
    if constraint.honors_affinity:
        answer &= chosen(snapshot, shape, every)
    if constraint.honors_taints:
        answer &= ~untolerated_on(snapshot, shape, every)
    return answer


def _per_domain(
    snapshot: Snapshot,
    constraint: SpreadConstraint,
    numbers: NDArray[np.int32],
    counting: Bools,
    length: int,
) -> Numbers:
    """How many pods that count are in each domain."""
    counts = snapshot.counting.counter(constraint.pods).counts
    weights = counts[counting].astype(np.float64)
    pods = np.bincount(numbers[counting], weights=weights, minlength=length)
    return np.asarray(pods, dtype=np.float64)


def _few_is_best(raw: Ints, ignored: Bools) -> Ints:
    counted = raw[~ignored]
    if not len(counted):
        return np.zeros(len(raw), dtype=np.int64)
    least, most = int(counted.min()), int(counted.max())
    if most == 0:
        return np.where(ignored, 0, SCORE_MAX)
    return np.where(ignored, 0, SCORE_MAX * (most + least - raw) // most)
