"""How fast a size may change, and how long it is kept though less would do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil, floor

from msgspec import Struct

from knarr.api.autoscaling.horizontal_pod_autoscaler import (
    HorizontalPodAutoscaler,
    HPAScalingPolicy,
    HPAScalingRules,
)

DOWN_WINDOW_S = 300
"""So long the highest recent recommendation holds, unless the object says otherwise."""

GROWS_TO = 4
"""Up to so many pods at once, or twice as many as there are, without rules that say otherwise."""

REMEMBERED_S = 3600.0
"""Nothing older matters: the longest window and period the API allows."""


class Past(Struct, frozen=True):
    """What was recommended and what was changed, and when."""

    recommended: tuple[tuple[datetime, int], ...] = ()
    changed: tuple[tuple[datetime, int], ...] = ()
    """Replicas added (or, negative, removed)."""

    def recommending(self, size: int, now: datetime) -> "Past":
        """With one more recommendation."""
        return Past((*_recent(self.recommended, now, REMEMBERED_S), (now, size)), self.changed)

    def changing(self, difference: int, now: datetime) -> "Past":
        """With one more change."""
        recent = _recent(self.changed, now, REMEMBERED_S)
        return Past(self.recommended, (*recent, (now, difference)))


def _recent(
    entries: Iterable[tuple[datetime, int]], now: datetime, seconds: float
) -> list[tuple[datetime, int]]:
    since = now - timedelta(seconds=seconds)
    return [entry for entry in entries if entry[0] > since]


@dataclass(frozen=True, slots=True)
class Limited:
    """A size within the rules, and what kept it there."""

    size: int
    stabilized: str = ""
    """`up` or `down` when an earlier recommendation holds."""
    limit: str = field(default="")
    """The reason when it is less of a change than was asked for."""


def limited(
    autoscaler: HorizontalPodAutoscaler, size: int, current: int, past: Past, now: datetime
) -> Limited:
    """Hold the size to windows, policies and bounds. `past` knows this recommendation."""
    behavior = autoscaler.spec.behavior
    if behavior is None:
        return _plainly(autoscaler, size, current, past, now)
    up, down = behavior.scale_up or HPAScalingRules(), behavior.scale_down or HPAScalingRules()
    steady = _stabilized(size, current, up, down, past, now)
    held = "" if steady == size else ("up" if size >= current else "down")
    low, high = _bounds(autoscaler)
    if steady > current:
        most = _most(up, current, past, now)
        reachable, reason = min(most, high), "ScaleUpLimit" if most < high else "TooManyReplicas"
        return _told(min(steady, reachable), steady, held, reason)
    if steady < current:
        least = _least(down, current, past, now)
        reachable, reason = max(least, low), "ScaleDownLimit" if least > low else "TooFewReplicas"
        return _told(max(steady, reachable), steady, held, reason)
    return _told(steady, steady, held, "")


def _plainly(
    autoscaler: HorizontalPodAutoscaler, size: int, current: int, past: Past, now: datetime
) -> Limited:
    """Without rules of its own: what was recommended of late holds, and growth is doubling."""
    recent = _recent(past.recommended, now, DOWN_WINDOW_S)
    steady = max((each for _, each in recent), default=size)
    steady = max(steady, size)
    held = "down" if steady > size else ""
    low, high = _bounds(autoscaler)
    most = max(2 * current, GROWS_TO)
    if steady < low:
        return _told(low, steady, held, "TooFewReplicas")
    reason = "ScaleUpLimit" if most < high else "TooManyReplicas"
    return _told(min(steady, most, high), steady, held, reason)


def _bounds(autoscaler: HorizontalPodAutoscaler) -> tuple[int, int]:
    low = autoscaler.spec.min_replicas
    return (1 if low is None else low), autoscaler.spec.max_replicas


def _told(size: int, asked: int, held: str, reason: str) -> Limited:
    return Limited(size, held, "" if size == asked else reason)


def _stabilized(
    size: int, current: int, up: HPAScalingRules, down: HPAScalingRules, past: Past, now: datetime
) -> int:
    """The nearest to the current size of what was recommended within the windows."""
    up_s = up.stabilization_window_seconds or 0
    down_s = down.stabilization_window_seconds
    down_s = DOWN_WINDOW_S if down_s is None else down_s
    lowest = min((each for _, each in _recent(past.recommended, now, up_s)), default=size)
    highest = max((each for _, each in _recent(past.recommended, now, down_s)), default=size)
    return min(max(current, min(size, lowest)), max(size, highest))


def _began_with(policy: HPAScalingPolicy, current: int, past: Past, now: datetime) -> int:
    """How many there were when the policy's period began."""
    recent = _recent(past.changed, now, policy.period_seconds)
    return current - sum(difference for _, difference in recent)


def _most(rules: HPAScalingRules, current: int, past: Past, now: datetime) -> int:
    if rules.select_policy == "Disabled" or not rules.policies:
        return current
    sizes = []
    for policy in rules.policies:
        start = _began_with(policy, current, past, now)
        if policy.type == "Pods":
            sizes.append(start + policy.value)
        else:
            sizes.append(ceil(start * (100 + policy.value) / 100))
    return max(current, min(sizes) if rules.select_policy == "Min" else max(sizes))


def _least(rules: HPAScalingRules, current: int, past: Past, now: datetime) -> int:
    if rules.select_policy == "Disabled" or not rules.policies:
        return current
    sizes = []
    for policy in rules.policies:
        start = _began_with(policy, current, past, now)
        if policy.type == "Pods":
            sizes.append(start - policy.value)
        else:
            sizes.append(floor(start * (100 - policy.value) / 100))
    return min(current, max(sizes) if rules.select_policy == "Min" else min(sizes))
