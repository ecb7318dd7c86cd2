"""What a ReplicaSet or ReplicationController says of itself, counted from its pods."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from knarr.api.apps.replica_set import ReplicaSet, ReplicaSetCondition
from knarr.api.core.pod import Pod
from knarr.api.core.replication_controller import (
    ReplicationController,
    ReplicationControllerCondition,
)
from knarr.api.pods import is_active, is_available, is_ready, is_terminating
from knarr.api.times import to_time

Owner = TypeVar("Owner", ReplicaSet, ReplicationController)

REPLICA_FAILURE = "ReplicaFailure"
"""The condition that says why pods cannot be made or removed."""


def with_counts(owner: Owner, pods: Sequence[Pod], now: datetime) -> Owner:
    """The owner with its status as the pods are, its conditions as they were."""
    active = [pod for pod in pods if is_active(pod)]
    ready = [pod for pod in active if is_ready(pod)]
    min_ready_s = owner.spec.min_ready_seconds
    counts = {
        "replicas": len(active),
        "fully_labeled_replicas": sum(_is_fully_labeled(owner, pod) for pod in active),
        "ready_replicas": len(ready),
        "available_replicas": sum(is_available(pod, min_ready_s, now) for pod in ready),
        "observed_generation": owner.metadata.generation,
    }
    if isinstance(owner, ReplicaSet):
        counts["terminating_replicas"] = sum(is_terminating(pod) for pod in pods)
    return replace(owner, status=replace(owner.status, **counts))


def _is_fully_labeled(owner: ReplicaSet | ReplicationController, pod: Pod) -> bool:
    template = owner.spec.template
    return template is not None and template.metadata.labels.items() <= pod.metadata.labels.items()


def with_failure(owner: Owner, *, reason: str, message: str, now: datetime) -> Owner:
    """The owner with the condition that says what failed, unless it says so already."""
    if _has_failure(owner):
        return owner
    condition = _condition_type(owner)(
        type=REPLICA_FAILURE,
        status="True",
        last_transition_time=to_time(now),
        reason=reason,
        message=message,
    )
    conditions = (*owner.status.conditions, condition)
    return replace(owner, status=replace(owner.status, conditions=conditions))


def without_failure(owner: Owner) -> Owner:
    """The owner without that condition."""
    if not _has_failure(owner):
        return owner
    conditions = tuple(c for c in owner.status.conditions if c.type != REPLICA_FAILURE)
    return replace(owner, status=replace(owner.status, conditions=conditions))


def _has_failure(owner: ReplicaSet | ReplicationController) -> bool:
    return any(condition.type == REPLICA_FAILURE for condition in owner.status.conditions)


def _condition_type(
    owner: ReplicaSet | ReplicationController,
) -> type[ReplicaSetCondition] | type[ReplicationControllerCondition]:
    return ReplicaSetCondition if isinstance(owner, ReplicaSet) else ReplicationControllerCondition
