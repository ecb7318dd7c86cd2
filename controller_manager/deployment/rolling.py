"""Moves replicas from the old ReplicaSets to the one of the current template.

Both bounds hold for what the ReplicaSets are to have and for what their status
says they still have, and nothing grows while a status speaks of an earlier
size, so that a slow ReplicaSet controller cannot break them.
"""

from collections.abc import Callable

from controller_manager.deployment.bounds import is_rolling, max_surge, max_unavailable, wanted
from controller_manager.deployment.replica_sets import (
    Rollout,
    available_of,
    by_age,
    is_counted,
    pods_of,
    size_of,
    total_size,
)
from knarr.api.apps.replica_set import ReplicaSet


def size_of_new(rollout: Rollout) -> int:
    """How many replicas the ReplicaSet of the current template may have at once."""
    size = 0 if rollout.new is None else size_of(rollout.new)
    total = wanted(rollout.deployment)
    if not is_rolling(rollout.deployment):
        return total
    if not all(map(is_counted, rollout)):
        return size
    room = total + max_surge(rollout.deployment) - sum(map(pods_of, rollout))
    return size + min(room, total - size) if room > 0 else size


def scale_new(rollout: Rollout) -> bool:
    """Give the ReplicaSet of the current template as many replicas as it may have."""
    assert rollout.new is not None, "a rollout begins with the new ReplicaSet"
    total = wanted(rollout.deployment)
    size = total if size_of(rollout.new) >= total else size_of_new(rollout)
    return size != size_of(rollout.new) and rollout.scale(rollout.new, size)


def scale_old(rollout: Rollout) -> bool:
    """Take away as many old replicas as availability allows: first those that do not work."""
    assert rollout.new is not None, "a rollout begins with the new ReplicaSet"
    if total_size(rollout.old) == 0:
        return False
    deployment = rollout.deployment
    must_be_available = wanted(deployment) - max_unavailable(deployment)
    new_unavailable = size_of(rollout.new) - available_of(rollout.new)
    removable = total_size(rollout) - must_be_available - new_unavailable
    if removable <= 0:
        return False
    _take(rollout, removable, _not_available)
    _take(rollout, sum(map(available_of, rollout)) - must_be_available, size_of)
    return bool(rollout.updates)


def _not_available(replica_set: ReplicaSet) -> int:
    """How many of its replicas surely do not work: none while its status is of another size."""
    if replica_set.status.observed_generation < replica_set.metadata.generation:
        return 0
    return size_of(replica_set) - available_of(replica_set)


def _take(rollout: Rollout, count: int, at_most: Callable[[ReplicaSet], int]) -> None:
    """Scale the old ones down by `count` in all, the oldest first."""
    for replica_set in by_age(rollout.old):
        part = min(count, at_most(replica_set))
        if part > 0:
            rollout.scale(replica_set, size_of(replica_set) - part)
            count -= part
