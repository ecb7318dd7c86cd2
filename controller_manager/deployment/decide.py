"""What a Deployment does next: adopt, roll out, scale, roll back, clean up, report."""

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec.structs import replace
from msgspec.structs import replace as with_fields

from controller_manager.claims import Claimed, claim
from controller_manager.deployment.bounds import is_rolling
from controller_manager.deployment.replica_sets import Rollout, active, age_key, size_of, without
from controller_manager.deployment.rollback import roll_back
from controller_manager.deployment.rolling import scale_new, scale_old, size_of_new
from controller_manager.deployment.scaling import is_scaled, scale
from controller_manager.deployment.status import (
    condition_of,
    counted,
    has_deadline,
    is_complete,
    judged,
    until_late,
    with_condition,
)
from controller_manager.deployment.template import (
    REVISION,
    ROLLBACK_TO,
    brought_up_to_date,
    find_new,
    make_new,
    next_revision,
    revision_of,
)
from knarr.api.apps.deployment import Deployment, DeploymentStatus
from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.errors import AlreadyExistsError, ApiError
from knarr.api.owners import controller_reference
from knarr.api.plan import Notice, Plan
from knarr.api.selectors import from_object


def claimed(deployment: Deployment, candidates: Sequence[ReplicaSet]) -> Claimed[ReplicaSet]:
    """The Deployment's ReplicaSets among `candidates`, orphans it may adopt included."""
    return claim(
        controller_reference(deployment),
        candidates,
        selector=from_object(deployment.spec.selector),
        may_adopt=deployment.metadata.deletion_timestamp is None,
    )


def decide(
    deployment: Deployment,
    candidates: Sequence[ReplicaSet],
    *,
    occupied: Collection[str] = (),
    now: datetime,
) -> Plan:
    """Compare the template and number wanted with the ReplicaSets that there are.

    `occupied` are the uids of the ReplicaSets with pods that are not over yet;
    only the Recreate strategy, which waits for them, reads it.
    """
    if from_object(deployment.spec.selector).is_everything:
        return _selects_all(deployment)
    claims = claimed(deployment, candidates)
    new = find_new(deployment, claims.mine)
    rollout = Rollout(deployment, deployment, new, without(claims.mine, new))
    return with_fields(_step(rollout, occupied, now), patch=claims.patches)


def decide_after_failure(
    deployment: Deployment, plan: Plan, error: ApiError, *, now: datetime
) -> Plan:
    """Say what kept the ReplicaSet of `plan` from being made.

    A name that another ReplicaSet has is no failure: the collision is counted,
    which gives the next one another name.
    """
    if isinstance(error, AlreadyExistsError):
        collisions = (deployment.status.collision_count or 0) + 1
        status = replace(deployment.status, collision_count=collisions)
        return Plan(status=replace(deployment, status=status))
    (replica_set,) = plan.create
    assert isinstance(replica_set, ReplicaSet), "a Deployment makes nothing else"
    name = replica_set.metadata.name
    message = f'Failed to create new replica set "{name}": {error}'
    notice = Notice(deployment, "ReplicaSetCreateError", message, type="Warning")
    if not has_deadline(deployment):
        return Plan(notices=(notice,))
    told = _with_condition(deployment, "Progressing", "False", notice.reason, message, now)
    return Plan(status=None if told == deployment else told, notices=(notice,))


def _step(rollout: Rollout, occupied: Collection[str], now: datetime) -> Plan:
    deployment = rollout.deployment
    if deployment.metadata.deletion_timestamp is not None:
        return _plan(rollout, counted(deployment, rollout.all, rollout.new, now), now)
    rollout.deployment = deployment = _with_pause_told(deployment, now)
    if ROLLBACK_TO in deployment.metadata.annotations and not deployment.spec.paused:
        return roll_back(deployment, rollout.all)
    if deployment.spec.paused or is_scaled(rollout):
        return _only_scale(rollout, now)
    if is_rolling(deployment):
        return _roll(rollout, now)
    return _recreate(rollout, occupied, now)


def _plan(
    rollout: Rollout,
    status: DeploymentStatus,
    now: datetime,
    *,
    create: tuple[ReplicaSet, ...] = (),
    delete: tuple[ReplicaSet, ...] = (),
) -> Plan:
    """Write what this step changed."""
    told = replace(rollout.deployment, status=status)
    return Plan(
        update=tuple(rollout.updates.values()),
        delete=delete,
        create=create,
        status=None if told == rollout.stored else told,
        notices=tuple(rollout.notices),
        again_after_s=until_late(rollout.deployment, status, now),
    )


def _with_pause_told(deployment: Deployment, now: datetime) -> Deployment:
    """Say in the Progressing condition that the rollout is paused, or goes on again."""
    progressing = condition_of(deployment.status.conditions, "Progressing")
    reason = "" if progressing is None else progressing.reason
    if not has_deadline(deployment) or reason == "ProgressDeadlineExceeded":
        return deployment
    if deployment.spec.paused and reason != "DeploymentPaused":
        verdict = ("Unknown", "DeploymentPaused", "Deployment is paused")
    elif not deployment.spec.paused and reason == "DeploymentPaused":
        verdict = ("Unknown", "DeploymentResumed", "Deployment is resumed")
    else:
        return deployment
    return _with_condition(deployment, "Progressing", *verdict, now)


def _with_condition(  # a condition has four parts
    deployment: Deployment, kind: str, status: str, reason: str, message: str, now: datetime
) -> Deployment:
    conditions = with_condition(
        deployment.status.conditions, kind, status, reason, message, now=now
    )
    return replace(deployment, status=replace(deployment.status, conditions=conditions))


def _only_scale(rollout: Rollout, now: datetime) -> Plan:
    if rollout.new is not None:
        _adopt_revision(rollout, rollout.new, now)
    scale(rollout)
    deployment = rollout.deployment
    delete = _surplus_history(rollout) if deployment.spec.paused else ()
    return _plan(rollout, counted(deployment, rollout.all, rollout.new, now), now, delete=delete)


def _roll(rollout: Rollout, now: datetime) -> Plan:
    if rollout.new is None:
        return _make_new(rollout, now)
    _adopt_revision(rollout, rollout.new, now)
    return _end_of_step(rollout, now, moved=scale_new(rollout) or scale_old(rollout))


def _recreate(rollout: Rollout, occupied: Collection[str], now: datetime) -> Plan:
    if rollout.new is not None:
        _adopt_revision(rollout, rollout.new, now)
    moved = False
    for replica_set in active(rollout.old):
        moved |= rollout.scale(replica_set, 0)
    if not moved and not any(old.metadata.uid in occupied for old in rollout.old):
        if rollout.new is None:
            return _make_new(rollout, now)
        moved = scale_new(rollout)
    return _end_of_step(rollout, now, moved=moved)


def _end_of_step(rollout: Rollout, now: datetime, *, moved: bool) -> Plan:
    deployment = rollout.deployment
    is_done = not moved and is_complete(deployment, deployment.status)
    return _plan(
        rollout,
        judged(deployment, rollout.all, rollout.new, now),
        now,
        delete=_surplus_history(rollout) if is_done else (),
    )


def _make_new(rollout: Rollout, now: datetime) -> Plan:
    deployment = rollout.deployment
    revision, size = next_revision(rollout.old), size_of_new(rollout)
    new = make_new(deployment, revision=revision, size=size)
    name = new.metadata.name
    if size > 0:
        rollout.tell(f"Scaled up replica set {name} from 0 to {size}")
    deployment = _with_revision(deployment, str(revision))
    if has_deadline(deployment):
        message = f'Created new replica set "{name}"'
        verdict = ("True", "NewReplicaSetCreated", message)
        deployment = _with_condition(deployment, "Progressing", *verdict, now)
    rollout.deployment = deployment
    status = judged(deployment, [*rollout.old, new], new, now)
    return _plan(rollout, status, now, create=(new,))


def _adopt_revision(rollout: Rollout, new: ReplicaSet, now: datetime) -> None:
    """Keep revision and annotations of the current template's ReplicaSet up to date."""
    deployment = rollout.deployment
    current = brought_up_to_date(deployment, new, revision=next_revision(rollout.old))
    if current != new:
        rollout.put(current)
    deployment = _with_revision(deployment, current.metadata.annotations.get(REVISION, ""))
    if has_deadline(deployment) and not condition_of(deployment.status.conditions, "Progressing"):
        message = f'Found new replica set "{new.metadata.name}"'
        verdict = ("True", "FoundNewReplicaSet", message)
        deployment = _with_condition(deployment, "Progressing", *verdict, now)
    rollout.deployment = deployment


def _with_revision(deployment: Deployment, revision: str) -> Deployment:
    annotations = {**deployment.metadata.annotations, REVISION: revision}
    return replace(deployment, metadata=replace(deployment.metadata, annotations=annotations))


def _surplus_history(rollout: Rollout) -> tuple[ReplicaSet, ...]:
    """The oldest revisions above the limit, as far as nothing of them is left."""
    limit = rollout.deployment.spec.revision_history_limit
    kept = [old for old in rollout.old if old.metadata.deletion_timestamp is None]
    if limit is None or len(kept) <= limit:
        return ()
    kept.sort(key=lambda old: (revision_of(old), age_key(old)))
    return tuple(old for old in kept[: len(kept) - limit] if _is_finished(old))


def _is_finished(old: ReplicaSet) -> bool:
    return (
        size_of(old) == 0
        and old.status.replicas == 0
        and old.metadata.generation <= old.status.observed_generation
    )


def _selects_all(deployment: Deployment) -> Plan:
    message = "This deployment is selecting all pods. A non-empty selector is required."
    generation = deployment.metadata.generation
    status = replace(deployment.status, observed_generation=generation)
    return Plan(
        status=None if status == deployment.status else replace(deployment, status=status),
        notices=(Notice(deployment, "SelectingAll", message, type="Warning"),),
    )
