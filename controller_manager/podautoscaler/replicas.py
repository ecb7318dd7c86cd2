"""From measured values to a number of replicas."""

from collections.abc import Mapping, Sequence
from math import ceil

from msgspec import Struct

from knarr.api.core.pod import Pod
from knarr.api.pods import is_ready

TOLERANCE = 0.1
"""A size is left alone while the values are this close to the target."""


class Wanted(Struct, frozen=True):
    """How many replicas the values ask for, and the values themselves in thousandths."""

    replicas: int
    average: int = 0
    utilization: int | None = None
    """Percent of what the pods asked for."""


def by_utilization(
    values: Mapping[str, int],
    requests: Mapping[str, int],
    pods: Sequence[Pod],
    *,
    target: int,
    current: int,
) -> Wanted:
    """Replicas that would use `target` percent of what they ask for."""
    measured = [name for name in values if name in requests]
    asked = sum(requests[name] for name in measured)
    used = sum(values[name] for name in measured)
    utilization = used * 100 // asked if asked else 0
    per_pod = asked // len(measured) * target // 100 if measured else 1
    average = used // len(measured) if measured else 0
    size = _size(values, pods, target=max(1, per_pod), current=current)
    return Wanted(size, average, utilization)


def by_average(
    values: Mapping[str, int], pods: Sequence[Pod], *, target: int, current: int
) -> Wanted:
    """Replicas that would each use `target`."""
    average = sum(values.values()) // len(values) if values else 0
    return Wanted(_size(values, pods, target=max(1, target), current=current), average)


def _size(values: Mapping[str, int], pods: Sequence[Pod], *, target: int, current: int) -> int:
    """As Kubernetes: a pod not ready counts as idle, one without a value against the change."""
    alive = [pod for pod in pods if pod.metadata.deletion_timestamp is None]
    alive = [pod for pod in alive if pod.status.phase != "Failed"]
    ready = [pod.metadata.name for pod in alive if is_ready(pod)]
    known = [name for name in ready if name in values]
    if not known:
        return current
    used = sum(values[name] for name in known)
    ratio = used / (target * len(known))
    if len(known) == len(alive):
        return current if abs(ratio - 1.0) <= TOLERANCE else ceil(ratio * len(known))
    missing = [name for name in ready if name not in values]
    idle = len(alive) - len(ready)
    if ratio < 1.0:
        total = used + target * len(missing)
        counted = len(known) + len(missing)
    else:
        total = used
        counted = len(known) + len(missing) + idle
    again = total / (target * counted)
    turned = (ratio < 1.0) != (again < 1.0)
    if abs(again - 1.0) <= TOLERANCE or turned:
        return current
    size = ceil(again * counted)
    moved_back = (again < 1.0 and size > current) or (again > 1.0 and size < current)
    return current if moved_back else size


def by_value(value: int, *, target: int, current: int) -> Wanted:
    """Replicas that would bring one value to its target."""
    ratio = value / max(1, target)
    size = current if abs(ratio - 1.0) <= TOLERANCE else ceil(ratio * current)
    return Wanted(size, value)


def by_share(value: int, *, target: int, current: int) -> Wanted:
    """Replicas whose share of one value would be the target."""
    ratio = value / (max(1, target) * max(1, current))
    size = current if abs(ratio - 1.0) <= TOLERANCE else ceil(value / max(1, target))
    return Wanted(size, value // max(1, current))
