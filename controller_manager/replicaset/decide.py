"""Which pods a ReplicaSet or ReplicationController makes, removes, adopts and lets go."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from controller_manager.claims import Claimed, claim
from controller_manager.pod_of import pod_of
from controller_manager.replicaset.ranking import least_missed
from controller_manager.replicaset.status import Owner, with_counts, with_failure, without_failure
from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.core.pod import Pod
from knarr.api.core.replication_controller import ReplicationController
from knarr.api.owners import controller_reference
from knarr.api.plan import Plan, Words
from knarr.api.pods import available_at, is_active, is_ready
from knarr.api.selectors import NOTHING, Selector, from_object, matching

PODS_PER_PLAN_MAX = 500
"""Most pods made or removed in one go, so that no ReplicaSet starves the others."""


def claimed(owner: ReplicaSet | ReplicationController, candidates: Iterable[Pod]) -> Claimed[Pod]:
    """The owner's pods among `candidates`: those it controls, and orphans it may adopt."""
    return claim(
        controller_reference(owner),
        candidates,
        selector=selector_of(owner),
        may_adopt=owner.metadata.deletion_timestamp is None,
    )


def selector_of(owner: ReplicaSet | ReplicationController) -> Selector:
    """The pods that either kind means."""
    if isinstance(owner, ReplicaSet):
        return from_object(owner.spec.selector)
    return matching(owner.spec.selector) if owner.spec.selector else NOTHING


def decide(
    owner: Owner, candidates: Iterable[Pod], *, related: Sequence[Pod] = (), now: datetime
) -> Plan:
    """Compare what is wanted with the pods that there are.

    `candidates` are the pods `owner` controls and the orphans it might adopt;
    `related` those of its siblings, which only matter when pods must go.
    """
    claims = claimed(owner, candidates)
    active = [pod for pod in claims.mine if is_active(pod)]
    missing = _missing(owner, active)
    surplus = min(-missing, PODS_PER_PLAN_MAX)
    going = least_missed(active, count=surplus, related=related or active, now=now)
    # What goes now is not promised to anybody any more.
    uids = {pod.metadata.uid for pod in going}
    staying = [pod for pod in claims.mine if pod.metadata.uid not in uids]
    counted = without_failure(with_counts(owner, staying, now))
    return Plan(
        patch=claims.patches,
        delete=going,
        # One chosen because it is not ready must not have become so while another stays
        # that is not: the availability that a Deployment counted on would go with it.
        delete_unchanged=len(going) < len(active) and not all(map(is_ready, going)),
        create=_pods_of(owner, min(missing, PODS_PER_PLAN_MAX)),
        words=Words(owner),
        status=None if counted.status == owner.status else counted,
        again_after_s=_until_next_available(owner, active, now),
    )


def decide_after_failure(
    owner: Owner, candidates: Iterable[Pod], plan: Plan, error: str, *, now: datetime
) -> Plan:
    """Say in the status that the pods of `plan` could not be made or removed."""
    counted = with_counts(owner, claimed(owner, candidates).mine, now)
    reason = "FailedCreate" if plan.create else "FailedDelete"
    failed = with_failure(counted, reason=reason, message=error, now=now)
    return Plan(status=None if failed.status == owner.status else failed)


def _missing(owner: ReplicaSet | ReplicationController, active: Sequence[Pod]) -> int:
    assert owner.spec.replicas is not None, "the server fills in spec.replicas"
    if owner.metadata.deletion_timestamp is not None:
        return 0  # The garbage collector takes the pods.
    return owner.spec.replicas - len(active)


def _pods_of(owner: ReplicaSet | ReplicationController, count: int) -> tuple[Pod, ...]:
    if count <= 0 or owner.spec.template is None:
        return ()
    return (pod_of(owner, owner.spec.template),) * count


def _until_next_available(
    owner: ReplicaSet | ReplicationController, active: Sequence[Pod], now: datetime
) -> float | None:
    """Seconds until the next ready pod has been ready long enough."""
    min_ready_s = owner.spec.min_ready_seconds
    if min_ready_s == 0:
        return None
    moments = (available_at(pod, min_ready_s) for pod in active)
    ahead = [moment for moment in moments if moment is not None and moment > now]
    return (min(ahead) - now).total_seconds() if ahead else None
