"""DefaultPreemption: pods of lower priority make room for a pod that fits nowhere.

On every node that would fit without them, the pods of lower priority are
taken away and, most important first, put back as long as the pod still fits;
those that stay away are the victims. The node that loses least is chosen.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from random import Random

from msgspec import Struct

from knarr.api.keys import Key
from knarr.api.pods import condition_of
from knarr.api.selectors import from_object
from scheduler.diagnosis import Diagnosis, words
from scheduler.shape import Shape
from scheduler.snapshot import Placed, Snapshot

CANDIDATES_MIN = 100
"""At least so many nodes that would do are compared,"""

CANDIDATES_PERCENT = 10
"""and at least so many of a hundred nodes; the rest is not looked at."""

NEVER = "not eligible due to preemptionPolicy=Never."
WAITING = "not eligible due to a terminating pod on the nominated node."
NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"

PREEMPTED = "PreemptionByScheduler"
"""The reason in the condition DisruptionTarget of a victim."""

_LATE = "9999"
"""The start of a pod that has not started yet: after all others."""


class Preemption(Struct, frozen=True):
    """A pod that needs room, and how to try whether it fits."""

    key: Key
    shape: Shape
    nominated: str
    fits: Callable[[int], bool]
    reasons: Callable[[int], Sequence[str]]


class Candidate(Struct, frozen=True):
    """A node that will do, and who has to leave it."""

    slot: int
    victims: tuple[Placed, ...]
    violations: int
    """Victims whose disruption budgets do not allow it."""


def preempt(
    snapshot: Snapshot, diagnosis: Diagnosis, wish: Preemption, chance: Random
) -> Candidate | str:
    """The node to make room on, or why there is none."""
    refusal = _refusal(snapshot, diagnosis, wish)
    if refusal:
        return refusal
    reasons: Counter[str] = Counter()
    candidates = []
    slots = [int(slot) for slot in diagnosis.hopeful]
    start = chance.randrange(len(slots)) if slots else 0
    wanted = max(CANDIDATES_MIN, snapshot.node_count * CANDIDATES_PERCENT // 100)
    for slot in (*slots[start:], *slots[:start]):
        found = _victims_on(snapshot, wish, slot)
        if isinstance(found, Candidate):
            candidates.append(found)
            if len(candidates) >= wanted and any(not each.violations for each in candidates):
                break
        else:
            reasons.update(found)
    if candidates:
        return min(candidates, key=_cost)
    reasons[NOT_HELPFUL] += snapshot.node_count - len(slots)
    return words(snapshot.node_count, reasons)


def is_preempted(placed: Placed) -> bool:
    """Whether the pod is on its way out because it was preempted."""
    target = condition_of(placed.pod, "DisruptionTarget")
    return (
        placed.shape.is_terminating
        and target is not None
        and target.status == "True"
        and target.reason == PREEMPTED
    )


def _refusal(snapshot: Snapshot, diagnosis: Diagnosis, wish: Preemption) -> str:
    if wish.shape.pod.spec.preemption_policy == "Never":
        return NEVER
    slot = snapshot.slot_of(wish.nominated)
    if slot is not None and slot in diagnosis.hopeful:
        for placed in snapshot.pods_on(slot):
            if placed.shape.priority < wish.shape.priority and is_preempted(placed):
                return WAITING
    return ""


def _victims_on(snapshot: Snapshot, wish: Preemption, slot: int) -> Candidate | Sequence[str]:
    """Who has to leave a node, or the reasons why that would not help."""
    lower = [each for each in snapshot.pods_on(slot) if each.shape.priority < wish.shape.priority]
    if not lower:
        return (NO_VICTIMS,)
    for placed in lower:
        snapshot.remove_pod(placed.key)
    try:
        if not wish.fits(slot):
            return wish.reasons(slot)
        return _reprieve(snapshot, wish, slot, sorted(lower, key=_importance))
    finally:
        for placed in lower:
            snapshot.put_pod(placed.key, placed.pod, placed.shape, placed.node_name)


def _reprieve(
    snapshot: Snapshot, wish: Preemption, slot: int, lower: Sequence[Placed]
) -> Candidate:
    """Put back whoever may stay, those protected by budgets first."""
    protected = _protected(snapshot, lower)
    victims = []
    violations = 0
    first = [each for each in lower if each.key in protected]
    for placed in (*first, *(each for each in lower if each.key not in protected)):
        snapshot.put_pod(placed.key, placed.pod, placed.shape, placed.node_name)
        if not wish.fits(slot):
            snapshot.remove_pod(placed.key)
            victims.append(placed)
            violations += placed.key in protected
    return Candidate(slot, tuple(sorted(victims, key=_importance)), violations)


def _protected(snapshot: Snapshot, lower: Iterable[Placed]) -> frozenset[Key]:
    """The pods whose removal would break a disruption budget, taken one after the other."""
    left = {key: budget.status.disruptions_allowed for key, budget in snapshot.budgets.items()}
    protected = set()
    for placed in lower:
        meta = placed.pod.metadata
        for key, budget in snapshot.budgets.items():
            if key.namespace != meta.namespace or not meta.labels:
                continue
            selector = from_object(budget.spec.selector)
            if selector.is_everything or not selector.matches(meta.labels):
                continue
            if meta.name in budget.status.disrupted_pods:
                continue
            left[key] -= 1
            if left[key] < 0:
                protected.add(placed.key)
    return frozenset(protected)


def _importance(placed: Placed) -> tuple[int, str, Key]:
    """Orders pods: the most important first, then who started first."""
    return (-placed.shape.priority, placed.pod.status.start_time or _LATE, placed.key)


def _cost(candidate: Candidate) -> tuple[object, ...]:
    """Orders candidates as Kubernetes does: what the cluster loses least by comes first."""
    priorities = [each.shape.priority for each in candidate.victims]
    highest = max(priorities, default=-(2**31))
    starts = [
        each.pod.status.start_time or _LATE
        for each in candidate.victims
        if each.shape.priority == highest
    ]
    return (
        candidate.violations,
        highest,
        sum(priority + 2**31 for priority in priorities),
        len(priorities),
        _Later(min(starts, default=_LATE)),
    )


class _Later(Struct, frozen=True):
    """Orders moments: the latest comes first."""

    moment: str

    def __lt__(self, other: "_Later") -> bool:
        return self.moment > other.moment
