"""Shares a changed number of replicas out among a Deployment's ReplicaSets.

In the middle of a rollout each ReplicaSet grows or shrinks in proportion to
its size, so that scaling does not decide which template wins.
"""

from controller_manager.deployment.bounds import is_rolling, max_surge, wanted
from controller_manager.deployment.replica_sets import (
    DESIRED,
    MAX,
    Rollout,
    active,
    age_key,
    by_age,
    mark_of,
    size_of,
    total_size,
)
from knarr.api.apps.replica_set import ReplicaSet


def is_scaled(rollout: Rollout) -> bool:
    """Whether the Deployment's size changed since its ReplicaSets were last scaled."""
    marks = (mark_of(replica_set, DESIRED) for replica_set in active(rollout))
    return any(mark is not None and mark != wanted(rollout.deployment) for mark in marks)


def scale(rollout: Rollout) -> None:
    """Bring the ReplicaSets to the Deployment's size."""
    one, total = _only_one(rollout), wanted(rollout.deployment)
    if one is not None:
        if size_of(one) != total or mark_of(one, DESIRED) not in (None, total):
            rollout.scale(one, total)
    elif _is_saturated(rollout):
        for replica_set in by_age(active(rollout.old)):
            rollout.scale(replica_set, 0)
    elif is_rolling(rollout.deployment):
        _share_out(rollout)


def _only_one(rollout: Rollout) -> ReplicaSet | None:
    """The only ReplicaSet with replicas, or where none has any the one that would be next."""
    with_replicas = active(rollout)
    if len(with_replicas) > 1:
        return None
    if with_replicas:
        return with_replicas[0]
    if rollout.new is not None:
        return rollout.new
    return max(rollout.old, key=age_key, default=None)


def _is_saturated(rollout: Rollout) -> bool:
    """Whether the ReplicaSet of the current template alone has all that is wanted."""
    new, total = rollout.new, wanted(rollout.deployment)
    return (
        new is not None
        and mark_of(new, DESIRED) == total
        and size_of(new) == total
        and new.status.available_replicas == total
    )


def _share_out(rollout: Rollout) -> None:
    replica_sets = active(rollout)
    total = wanted(rollout.deployment)
    allowed = total + max_surge(rollout.deployment) if total > 0 else 0
    to_add = allowed - total_size(replica_sets)
    # The largest first; of equals the newest gains first and the oldest loses first.
    replica_sets = by_age(replica_sets, newest_first=to_add > 0)
    replica_sets.sort(key=size_of, reverse=True)
    sizes: list[int] = []
    added = 0
    for replica_set in replica_sets:
        part = _part(rollout, replica_set, to_add - added)
        sizes.append(size_of(replica_set) + part)
        added += part
    if to_add:
        sizes[0] = max(0, sizes[0] + to_add - added)
    for replica_set, size in zip(replica_sets, sizes, strict=True):
        rollout.scale(replica_set, size)


def _part(rollout: Rollout, replica_set: ReplicaSet, left: int) -> int:
    """What one ReplicaSet gains or loses of the `left` replicas that are still to share."""
    if left == 0:
        return 0
    fraction = _fraction(rollout, replica_set)
    return min(fraction, left) if left > 0 else max(fraction, left)


def _fraction(rollout: Rollout, replica_set: ReplicaSet) -> int:
    total, size = wanted(rollout.deployment), size_of(replica_set)
    if total == 0:
        return -size
    before = mark_of(replica_set, MAX) or rollout.deployment.status.replicas
    if before == 0:
        return 0
    after = total + max_surge(rollout.deployment)
    # Half and more rounds up.
    return (2 * size * after + before) // (2 * before) - size
