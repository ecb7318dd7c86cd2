"""What a Deployment says of itself: its counts, whether it is available, whether it moves on."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from controller_manager.deployment.bounds import max_unavailable, wanted
from knarr.api.apps.deployment import Deployment, DeploymentCondition, DeploymentStatus
from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.times import parse, to_time

NO_DEADLINE = 2**31 - 1
"""This `progressDeadlineSeconds` means: never give up."""

Conditions = tuple[DeploymentCondition, ...]


def has_deadline(deployment: Deployment) -> bool:
    """Whether the Deployment is to make progress within a time."""
    return deployment.spec.progress_deadline_seconds not in (None, NO_DEADLINE)


def condition_of(conditions: Conditions, condition_type: str) -> DeploymentCondition | None:
    """The condition of this type, or None."""
    return next((c for c in conditions if c.type == condition_type), None)


def with_condition(
    conditions: Conditions,
    condition_type: str,
    status: str,
    reason: str,
    message: str,
    *,
    now: datetime,
    renew: bool = False,
) -> Conditions:
    """The conditions with this one set; left alone where status and reason are so already."""
    current = condition_of(conditions, condition_type)
    if current is not None and not renew and (current.status, current.reason) == (status, reason):
        return conditions
    changed_at = to_time(now)
    if current is not None and current.status == status:
        changed_at = current.last_transition_time or changed_at
    condition = DeploymentCondition(
        type=condition_type,
        status=status,
        reason=reason,
        message=message,
        last_update_time=to_time(now),
        last_transition_time=changed_at,
    )
    return (*without_condition(conditions, condition_type), condition)


def without_condition(conditions: Conditions, condition_type: str) -> Conditions:
    """The conditions but this one."""
    return tuple(condition for condition in conditions if condition.type != condition_type)


def counted(
    deployment: Deployment,
    replica_sets: Sequence[ReplicaSet],
    new: ReplicaSet | None,
    now: datetime,
) -> DeploymentStatus:
    """The status with the counts of the ReplicaSets, and whether enough is available."""
    total = sum(rs.status.replicas for rs in replica_sets)
    available = sum(rs.status.available_replicas for rs in replica_sets)
    enough = available >= wanted(deployment) - max_unavailable(deployment)
    return replace(
        deployment.status,
        observed_generation=deployment.metadata.generation,
        replicas=total,
        updated_replicas=0 if new is None else new.status.replicas,
        ready_replicas=sum(rs.status.ready_replicas for rs in replica_sets),
        available_replicas=available,
        unavailable_replicas=max(0, total - available),
        terminating_replicas=_terminating(replica_sets),
        conditions=with_condition(
            deployment.status.conditions,
            "Available",
            "True" if enough else "False",
            "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
            "Deployment has minimum availability."
            if enough
            else "Deployment does not have minimum availability.",
            now=now,
        ),
    )


def _terminating(replica_sets: Iterable[ReplicaSet]) -> int | None:
    """How many pods end, or None while one of the ReplicaSets has not counted them."""
    counts = [rs.status.terminating_replicas for rs in replica_sets]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def is_complete(deployment: Deployment, status: DeploymentStatus) -> bool:
    """Whether all replicas are of the current template and available, and no others are left."""
    total = wanted(deployment)
    return (
        status.updated_replicas == total
        and status.replicas == total
        and status.available_replicas == total
        and status.observed_generation >= deployment.metadata.generation
    )


def judged(
    deployment: Deployment,
    replica_sets: Sequence[ReplicaSet],
    new: ReplicaSet | None,
    now: datetime,
) -> DeploymentStatus:
    """The status in the course of a rollout: counts, progress and failures."""
    status = counted(deployment, replica_sets, new, now)
    conditions = _with_progress(deployment, status, new, now)
    return replace(status, conditions=_with_failure(conditions, replica_sets, new))


def _with_progress(
    deployment: Deployment, status: DeploymentStatus, new: ReplicaSet | None, now: datetime
) -> Conditions:
    if not has_deadline(deployment):
        return without_condition(status.conditions, "Progressing")
    current = condition_of(status.conditions, "Progressing")
    was_complete = current is not None and current.reason == "NewReplicaSetAvailable"
    if was_complete and status.replicas == status.updated_replicas:
        return status.conditions
    subject = (
        f'Deployment "{deployment.metadata.name}"'
        if new is None
        else f'ReplicaSet "{new.metadata.name}"'
    )
    verdict: tuple[str, str, str] | None = None
    renew = False
    if is_complete(deployment, status):
        verdict = ("True", "NewReplicaSetAvailable", f"{subject} has successfully progressed.")
    elif _moves_on(deployment.status, status):
        verdict = ("True", "ReplicaSetUpdated", f"{subject} is progressing.")
        renew = True  # The deadline counts from the last step.
    elif _is_late(deployment, status.conditions, now):
        verdict = ("False", "ProgressDeadlineExceeded", f"{subject} has timed out progressing.")
    if verdict is None:
        return status.conditions
    return with_condition(status.conditions, "Progressing", *verdict, now=now, renew=renew)


def _moves_on(before: DeploymentStatus, after: DeploymentStatus) -> bool:
    return (
        after.updated_replicas > before.updated_replicas
        or after.replicas - after.updated_replicas < before.replicas - before.updated_replicas
        or after.ready_replicas > before.ready_replicas
        or after.available_replicas > before.available_replicas
    )


def _is_late(deployment: Deployment, conditions: Conditions, now: datetime) -> bool:
    current = condition_of(conditions, "Progressing")
    if current is None or current.reason == "NewReplicaSetAvailable":
        return False
    if current.reason == "ProgressDeadlineExceeded":
        return True
    deadline = _deadline(deployment, current)
    return deadline is not None and deadline < now


def _deadline(deployment: Deployment, progressing: DeploymentCondition) -> datetime | None:
    deadline_s = deployment.spec.progress_deadline_seconds
    if deadline_s is None or progressing.last_update_time is None:
        return None
    return parse(progressing.last_update_time) + timedelta(seconds=deadline_s)


def _with_failure(
    conditions: Conditions, replica_sets: Sequence[ReplicaSet], new: ReplicaSet | None
) -> Conditions:
    """Hand on what keeps a ReplicaSet from making pods: the new one's trouble first."""
    for replica_set in (*(() if new is None else (new,)), *replica_sets):
        for failure in replica_set.status.conditions:
            if failure.type == "ReplicaFailure":
                condition = DeploymentCondition(
                    type=failure.type,
                    status=failure.status,
                    reason=failure.reason,
                    message=failure.message,
                    last_update_time=failure.last_transition_time,
                    last_transition_time=failure.last_transition_time,
                )
                if condition_of(conditions, "ReplicaFailure") == condition:
                    return conditions
                return (*without_condition(conditions, "ReplicaFailure"), condition)
    return without_condition(conditions, "ReplicaFailure")


def until_late(deployment: Deployment, status: DeploymentStatus, now: datetime) -> float | None:
    """Seconds after which the Deployment is to be judged again, if nothing happens before."""
    progressing = condition_of(status.conditions, "Progressing")
    if progressing is None or not has_deadline(deployment) or is_complete(deployment, status):
        return None
    if progressing.reason in ("ProgressDeadlineExceeded", "NewReplicaSetAvailable"):
        return None
    deadline = _deadline(deployment, progressing)
    if deadline is None:
        return None
    # API times are cut off to the second: one more makes sure that the deadline is over.
    return max(0.0, (deadline - now).total_seconds()) + 1.0
