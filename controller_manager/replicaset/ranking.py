"""Which pods go first when there are too many: those that are missed least."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import nsmallest

from knarr.api.core.pod import Pod
from knarr.api.pods import is_active, is_ready, ready_since
from knarr.api.times import parse

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
"""The annotation by which users say which pods to keep: lower goes first."""

_PHASES = {"Pending": 0, "Unknown": 1}


def least_missed(
    pods: Sequence[Pod], *, count: int, related: Iterable[Pod], now: datetime
) -> tuple[Pod, ...]:
    """The `count` pods to delete first.

    Without a node before those with one; waiting before running; not ready
    before ready; the cheap before the dear; of nodes with many `related` pods
    (those of the same Deployment) before those with few; younger before older;
    often restarted before calm. Ages count by their order of magnitude, so
    that among pods of about one age it is not always the same node that loses.
    """
    if count <= 0:
        return ()
    crowd = Counter(pod.spec.node_name for pod in related if is_active(pod))

    def rank(pod: Pod) -> tuple[int | str, ...]:
        return (
            1 if pod.spec.node_name else 0,
            _PHASES.get(pod.status.phase, 2),
            is_ready(pod),
            _deletion_cost(pod),
            -crowd[pod.spec.node_name],
            _magnitude(ready_since(pod), now),
            -_restarts(pod),
            _magnitude(_created(pod), now),
            pod.metadata.uid,
        )

    return tuple(nsmallest(count, pods, key=rank))


def _deletion_cost(pod: Pod) -> int:
    try:
        return int(pod.metadata.annotations.get(DELETION_COST, "0"))
    except ValueError:
        return 0


def _created(pod: Pod) -> datetime | None:
    created = pod.metadata.creation_timestamp
    return None if created is None else parse(created)


def _magnitude(since: datetime | None, now: datetime) -> int:
    """How many binary digits the age in nanoseconds has; 0 when it has not begun."""
    if since is None:
        return 0
    return max(0, int((now - since).total_seconds() * 1e9)).bit_length()


def _restarts(pod: Pod) -> int:
    return max((status.restart_count for status in pod.status.container_statuses), default=0)
