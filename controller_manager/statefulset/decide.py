"""Which pods a StatefulSet makes, removes and replaces, one after another or all at once.

The order is the promise. OrderedReady makes web-1 only when web-0 and all
before it are available, removes the highest first and one at a time. Updates
go from the highest ordinal down, whatever the policy, and never touch one
before those above are available.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from controller_manager.claims import claim
from controller_manager.deployment.bounds import scaled
from controller_manager.revisions import Revisions, revisions_of, surplus
from controller_manager.statefulset.identity import (
    claim_names,
    claims_for,
    has_identity,
    identity_labels,
    is_member,
    make_pod,
    name_of,
    ordinal_of,
    ordinals_of,
    revision_name,
    start_of,
)
from controller_manager.statefulset.retention import is_stale, owned_as, owners_wanted
from controller_manager.statefulset.status import (
    counted,
    is_running_and_ready,
    is_terminating,
    is_usable,
)
from knarr.api.apps.controller_revision import ControllerRevision
from knarr.api.apps.stateful_set import StatefulSet
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod
from knarr.api.owners import controller_reference
from knarr.api.plan import Notice, Patch, Plan, Words
from knarr.api.pods import available_at, is_over
from knarr.api.selectors import from_object

PODS_PER_PLAN_MAX = 500
"""Most pods made or removed in one go."""


class _Step(Struct):
    """One look at a StatefulSet: what there is, and what is to be written."""

    stateful_set: StatefulSet
    claims: Mapping[str, PersistentVolumeClaim]
    """The claims in its namespace, by name."""
    pods: dict[int, Pod]
    """Its pods by ordinal."""
    current: ControllerRevision
    wanted: ControllerRevision
    now: datetime
    ensure: list[PersistentVolumeClaim] = field(default_factory=list)
    update: list[PersistentVolumeClaim] = field(default_factory=list)
    patch: list[Patch] = field(default_factory=list)
    delete: list[Pod] = field(default_factory=list)
    create: list[Pod] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def is_ordered(self) -> bool:
        """Whether one pod is made or removed at a time."""
        return self.stateful_set.spec.pod_management_policy != "Parallel"

    def is_usable(self, pod: Pod) -> bool:
        """Whether the pod has been ready for long enough."""
        return is_usable(pod, self.stateful_set.spec.min_ready_seconds, self.now)

    def is_healthy(self, pod: Pod) -> bool:
        """Whether the pod is usable and stays."""
        return self.is_usable(pod) and not is_terminating(pod)


def decide(
    stateful_set: StatefulSet,
    candidates: Iterable[Pod],
    *,
    revisions: Sequence[ControllerRevision],
    claims: Mapping[str, PersistentVolumeClaim],
    now: datetime,
) -> Plan:
    """Compare what is wanted with the pods, claims and revisions that there are.

    `candidates` are the pods it controls and the orphans it might adopt;
    `revisions` likewise; `claims` those of its namespace that it may use.
    """
    owner = controller_reference(stateful_set)
    claimed = claim(
        owner,
        [pod for pod in candidates if is_member(stateful_set, pod)],
        selector=from_object(stateful_set.spec.selector),
        may_adopt=not _is_going(stateful_set),
    )
    history = claim(
        owner,
        revisions,
        selector=from_object(stateful_set.spec.selector),
        may_adopt=not _is_going(stateful_set),
    )
    patches = (*claimed.patches, *history.patches)
    if _is_going(stateful_set):
        return _about_to_go(stateful_set, claimed.mine, patches, now)
    found = revisions_of(stateful_set, history.mine)
    step = _Step(
        stateful_set,
        claims,
        {ordinal_of(pod): pod for pod in claimed.mine},
        found.named(stateful_set.status.current_revision),
        found.wanted,
        now,
    )
    _walk(step)
    return _plan(step, found, patches)


def _is_going(stateful_set: StatefulSet) -> bool:
    return stateful_set.metadata.deletion_timestamp is not None


def _about_to_go(
    stateful_set: StatefulSet, pods: Sequence[Pod], patches: tuple[Patch, ...], now: datetime
) -> Plan:
    """Only count: the garbage collector takes the pods."""
    before = stateful_set.status
    current, update = before.current_revision, before.update_revision
    status = counted(stateful_set, pods, current=current, update=update, now=now)
    changed = replace(stateful_set, status=status)
    return Plan(patch=patches, status=None if status == before else changed)


def _plan(step: _Step, found: Revisions, patches: tuple[Patch, ...]) -> Plan:
    stateful_set = step.stateful_set
    status = counted(
        stateful_set,
        step.pods.values(),
        current=step.current.metadata.name,
        update=step.wanted.metadata.name,
        now=step.now,
    )
    live = {status.current_revision, status.update_revision, step.current.metadata.name}
    live.update(map(revision_name, step.pods.values()))
    limit = stateful_set.spec.revision_history_limit
    is_busy = bool(step.delete or step.create)
    old = () if is_busy else surplus(found.all, live=frozenset(live), limit=limit)
    return Plan(
        ensure=(*found.make, *step.ensure),
        update=(*found.renumber, *step.update),
        patch=(*patches, *step.patch),
        delete=(*step.delete[:PODS_PER_PLAN_MAX], *old),
        create=tuple(step.create[:PODS_PER_PLAN_MAX]),
        words=_words(stateful_set) if is_busy else None,
        status=None if status == stateful_set.status else replace(stateful_set, status=status),
        notices=tuple(step.notices),
        again_after_s=_until_next_usable(step),
    )


def _words(stateful_set: StatefulSet) -> Words:
    where = f"in StatefulSet {stateful_set.metadata.name}"
    return Words(
        stateful_set,
        created=f"Create Pod {{name}} {where} successful",
        not_created=f"Create Pod {{name}} {where} failed error: {{error}}",
        deleted=f"Delete Pod {{name}} {where} successful",
        not_deleted=f"Delete Pod {{name}} {where} failed error: {{error}}",
    )


def _walk(step: _Step) -> None:
    """Make and mend the wanted pods, then remove the others, then update."""
    wanted = ordinals_of(step.stateful_set)
    for ordinal in wanted:
        if _stops_at(step, ordinal) and step.is_ordered:
            return
    if step.delete or step.create:
        return
    if _remove_surplus(step, wanted):
        return
    if step.stateful_set.spec.update_strategy.type != "OnDelete":
        _update(step, wanted)


def _stops_at(step: _Step, ordinal: int) -> bool:
    """Bring one wanted pod forward; answer whether those after it must wait."""
    pod = step.pods.get(ordinal)
    if pod is None:
        _make(step, ordinal)
        return True
    if is_over(pod):
        if not is_terminating(pod):
            step.delete.append(pod)
        return True
    if pod.status.phase == "Pending":
        _make_claims(step, ordinal)
    if is_terminating(pod) or not step.is_usable(pod):
        return True
    _mend(step, pod)
    return False


def _make(step: _Step, ordinal: int) -> None:
    pod_name = name_of(step.stateful_set, ordinal)
    found = [step.claims.get(name) for name in claim_names(step.stateful_set, ordinal)]
    if any(each is not None and is_stale(each, pod_name) for each in found):
        return  # The claim of the pod that had the name goes first.
    for each in found:
        if each is not None and each.metadata.deletion_timestamp is not None:
            error = f"pvc {each.metadata.name} is being deleted"
            _say(step, f"Create Pod {pod_name}", f"failed error: {error}", "FailedCreate")
            return
    _make_claims(step, ordinal)
    step.create.append(make_pod(step.stateful_set, _revision_for(step, ordinal), ordinal))


def _make_claims(step: _Step, ordinal: int) -> None:
    owners = owners_wanted(step.stateful_set, pod=None, is_surplus=False)
    for made in claims_for(step.stateful_set, ordinal):
        if made.metadata.name not in step.claims:
            metadata = replace(made.metadata, owner_references=owners)
            step.ensure.append(replace(made, metadata=metadata))
            what = f"Create Claim {made.metadata.name} Pod {name_of(step.stateful_set, ordinal)}"
            _say(step, what, "success", "SuccessfulCreate")


def _say(step: _Step, what: str, outcome: str, reason: str) -> None:
    message = f"{what} in StatefulSet {step.stateful_set.metadata.name} {outcome}"
    step.notices.append(
        Notice(
            step.stateful_set,
            reason,
            message,
            type="Warning" if reason == "FailedCreate" else "Normal",
        )
    )


def _revision_for(step: _Step, ordinal: int) -> ControllerRevision:
    """The revision that a new pod is made from: below the partition that is the current one."""
    strategy = step.stateful_set.spec.update_strategy
    if strategy.type != "RollingUpdate":
        return step.wanted
    kept = step.stateful_set.status.current_replicas
    if strategy.rolling_update is not None:
        kept = strategy.rolling_update.partition or 0
    is_kept = ordinal < start_of(step.stateful_set) + kept
    return step.current if is_kept else step.wanted


def _mend(step: _Step, pod: Pod) -> None:
    """Give a pod and its claims the labels and owners they are to have."""
    if not has_identity(step.stateful_set, pod):
        step.patch.append(Patch(pod, {"metadata": {"labels": identity_labels(pod)}}))
    _own_claims(step, pod, is_surplus=False)


def _own_claims(step: _Step, pod: Pod, *, is_surplus: bool) -> None:
    wanted = owners_wanted(step.stateful_set, pod=pod, is_surplus=is_surplus)
    for name in claim_names(step.stateful_set, ordinal_of(pod)):
        found = step.claims.get(name)
        changed = owned_as(found, wanted, step.stateful_set, pod) if found is not None else None
        if changed is not None:
            step.update.append(changed)


def _remove_surplus(step: _Step, wanted: range) -> bool:
    """Remove pods that are not wanted, the highest first; answer whether there are any."""
    condemned = [step.pods[ordinal] for ordinal in sorted(step.pods) if ordinal not in wanted]
    for pod in condemned:
        _own_claims(step, pod, is_surplus=True)
    unhealthy = _first_unhealthy(step, wanted, condemned)
    for pod in reversed(condemned):
        if is_terminating(pod):
            if step.is_ordered:
                return True
            continue
        if step.is_ordered and not step.is_usable(pod) and pod is not unhealthy:
            return True
        step.delete.append(pod)
        if step.is_ordered:
            return True
    return bool(step.delete)


def _first_unhealthy(step: _Step, wanted: range, condemned: Sequence[Pod]) -> Pod | None:
    kept = [step.pods[ordinal] for ordinal in wanted if ordinal in step.pods]
    return next((pod for pod in (*kept, *condemned) if not step.is_healthy(pod)), None)


def _update(step: _Step, wanted: range) -> None:
    """Remove pods of other revisions, the highest first, as many as may be missing."""
    allowed = _may_be_missing(step, len(wanted))
    for ordinal in reversed(wanted[_partition(step) :]):
        pod = step.pods.get(ordinal)
        if pod is not None and not is_terminating(pod):
            if revision_name(pod) != step.wanted.metadata.name:
                step.delete.append(pod)
            elif step.is_healthy(pod):
                continue
        allowed -= 1
        if allowed <= 0:
            return


def _partition(step: _Step) -> int:
    rolling = step.stateful_set.spec.update_strategy.rolling_update
    return (rolling.partition or 0) if rolling is not None else 0


def _may_be_missing(step: _Step, total: int) -> int:
    rolling = step.stateful_set.spec.update_strategy.rolling_update
    if rolling is None or rolling.max_unavailable is None:
        return 1
    return max(1, scaled(rolling.max_unavailable, total, up=False))


def _until_next_usable(step: _Step) -> float | None:
    """Seconds until the next ready pod has been ready for long enough."""
    min_ready_s = step.stateful_set.spec.min_ready_seconds
    if min_ready_s == 0:
        return None
    ready = [pod for pod in step.pods.values() if is_running_and_ready(pod)]
    moments = [available_at(pod, min_ready_s) for pod in ready]
    ahead = [moment for moment in moments if moment is not None and moment > step.now]
    return (min(ahead) - step.now).total_seconds() if ahead else None
