"""From measured values to a number of replicas."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil

from msgspec import Struct, field

from controller_manager.podautoscaler.metrics import Measured, MetricsError
from knarr.api import conditions
from knarr.api.core.pod import Pod
from knarr.api.pods import is_ready
from knarr.api.times import parse

INITIALISATION_S = 300.0
"""So long after its start a pod's processor time says more of its start than of its load."""

READINESS_DELAY_S = 30.0
"""A pod that turned unready within so long of its start has never been ready."""


class Tolerance(Struct, frozen=True):
    """A size is left alone while the values are this close to the target."""

    up: float = 0.1
    down: float = 0.1

    def holds(self, ratio: float) -> bool:
        """Whether a ratio of value to target calls for nothing."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


PLAIN = Tolerance()
"""Of an autoscaler that asks for no other."""


class Wanted(Struct, frozen=True):
    """How many replicas the values ask for, and the values themselves in thousandths."""

    replicas: int
    average: int = 0
    utilization: int | None = None
    """Percent of what the pods asked for."""


class Sorted(Struct):
    """The pods of a target by what their numbers are worth."""

    values: dict[str, int]
    """Of the pods that count."""
    unready: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def sort_pods(
    values: Mapping[str, Measured], pods: Sequence[Pod], now: datetime, *, cpu: bool
) -> Sorted:
    """Leave out pods that go or failed; tell apart those not ready and those without numbers."""
    found = Sorted({})
    for pod in pods:
        name = pod.metadata.name
        if pod.metadata.deletion_timestamp is not None or pod.status.phase == "Failed":
            continue
        if pod.status.phase == "Pending":
            found.unready.append(name)
        elif name not in values:
            found.missing.append(name)
        elif cpu and _is_starting(pod, values[name], now):
            found.unready.append(name)
        else:
            found.values[name] = values[name].value
    return found


def _is_starting(pod: Pod, measured: Measured, now: datetime) -> bool:
    ready = conditions.find(pod.status.conditions, "Ready")
    if ready is None or not pod.status.start_time:
        return True
    start = parse(pod.status.start_time)
    changed = parse(ready.last_transition_time) if ready.last_transition_time else start
    if start + timedelta(seconds=INITIALISATION_S) > now:
        if ready.status == "False":
            return True
        # The window must lie after the moment at which the pod became ready.
        window = timedelta(seconds=measured.window_s)
        return measured.at is not None and measured.at < changed + window
    return ready.status == "False" and start + timedelta(seconds=READINESS_DELAY_S) > changed


def by_utilization(
    found: Sorted,
    requests: Mapping[str, int],
    *,
    target: int,
    current: int,
    tolerance: Tolerance = PLAIN,
) -> Wanted:
    """Replicas that would use `target` percent of what they ask for. Raise MetricsError."""

    def ratio(values: Mapping[str, int]) -> float:
        return _utilization(values, requests) / target

    first = ratio(found.values)
    average = sum(found.values.values()) // len(found.values)
    utilization = _utilization(found.values, requests)
    # Of a pod without numbers the worst is assumed for shrinking: that it is busy.
    busy = {name: requests.get(name, 0) * max(100, target) // 100 for name in found.missing}
    values = _completed(found, first, busy)
    if values is None:
        size = current if tolerance.holds(first) else ceil(first * len(found.values))
        return Wanted(size, average, utilization)
    again = ratio(values)
    return Wanted(_resized(first, again, len(values), current, tolerance), average, utilization)


def by_average(found: Sorted, *, target: int, current: int, tolerance: Tolerance = PLAIN) -> Wanted:
    """Replicas that would each use `target`."""
    target = max(1, target)

    def ratio(values: Mapping[str, int]) -> float:
        return sum(values.values()) // len(values) / target

    first = ratio(found.values)
    average = sum(found.values.values()) // len(found.values)
    values = _completed(found, first, dict.fromkeys(found.missing, target))
    if values is None:
        size = current if tolerance.holds(first) else ceil(first * len(found.values))
        return Wanted(size, average)
    return Wanted(_resized(first, ratio(values), len(values), current, tolerance), average)


def _utilization(values: Mapping[str, int], requests: Mapping[str, int]) -> int:
    asked = sum(requests[name] for name in values if name in requests)
    if not asked:
        raise MetricsError("no metrics returned matched known pods")
    return sum(values[name] for name in values if name in requests) * 100 // asked


def _completed(found: Sorted, ratio: float, busy: Mapping[str, int]) -> dict[str, int] | None:
    """The values with those assumed of the other pods; None where nothing is to be assumed."""
    grows_past_unready = bool(found.unready) and ratio > 1.0
    if not found.missing and not grows_past_unready:
        return None
    values = dict(found.values)
    if ratio < 1.0:
        values |= busy
    elif ratio > 1.0:
        values |= dict.fromkeys(found.missing, 0)
    if grows_past_unready:
        values |= dict.fromkeys(found.unready, 0)
    return values


def _resized(first: float, again: float, count: int, current: int, tolerance: Tolerance) -> int:
    """The size for the completed values, unless those turn the direction round."""
    turned = (first < 1.0 < again) or (again < 1.0 < first)
    if tolerance.holds(again) or turned:
        return current
    size = ceil(again * count)
    moved_back = (again < 1.0 and size > current) or (again > 1.0 and size < current)
    return current if moved_back else size


def by_value(
    value: int,
    pods: Sequence[Pod],
    *,
    target: int,
    current: int,
    tolerance: Tolerance = PLAIN,
) -> Wanted:
    """Replicas that would bring one value to its target. Raise MetricsError without pods."""
    ratio = value / max(1, target)
    if not current:
        return Wanted(ceil(ratio), value)
    if tolerance.holds(ratio):
        return Wanted(current, value)
    if not pods:
        raise MetricsError(
            "unable to calculate ready pods: no pods returned by selector while calculating "
            "replica count"
        )
    ready = sum(1 for pod in pods if pod.status.phase == "Running" and is_ready(pod))
    return Wanted(ceil(ratio * ready), value)


def by_share(value: int, *, target: int, current: int, tolerance: Tolerance = PLAIN) -> Wanted:
    """Replicas whose share of one value would be the target."""
    target = max(1, target)
    within = current > 0 and tolerance.holds(value / (target * current))
    size = current if within else ceil(value / target)
    return Wanted(size, -(-value // max(1, current)))
