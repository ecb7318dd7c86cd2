"""The next step of a Job: pods to make and remove, what to count, what to say."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from controller_manager.claims import claim
from controller_manager.job.backoff import Failures
from controller_manager.job.manage import Change, change
from controller_manager.job.observed import Observed
from controller_manager.job.pods import is_tracked
from controller_manager.job.tracking import count, held, released
from controller_manager.job.verdict import (
    REACHED,
    Verdict,
    condition,
    is_suspended,
    until_deadline_s,
    verdict_on,
)
from knarr.api import conditions
from knarr.api.batch.job import Job, JobStatus
from knarr.api.core.pod import Pod
from knarr.api.owners import controller_of, controller_reference
from knarr.api.plan import Notice, Patch, Plan, Words
from knarr.api.pods import is_ready
from knarr.api.selectors import from_object
from knarr.api.times import to_time

OURS = (None, "kubernetes.io/job-controller")
"""The values of `managedBy` that mean this controller."""


class Decision(Struct, frozen=True):
    """What to write, and the failures to remember until the next look."""

    plan: Plan
    failures: Failures


class _Telling(Struct):
    """The status and the events as they come together."""

    status: JobStatus
    notices: list[Notice]


def decide(
    job: Job,
    candidates: Iterable[Pod],
    *,
    failures: Failures,
    now: datetime,
    may_touch_pods: bool = True,
) -> Decision:
    """Compare what the Job asks for with its pods; it is not finished yet.

    `candidates` are the pods it controls and the orphans it might adopt. After
    pods could not be made or removed the status alone is worked out, without
    touching them (`may_touch_pods=False`).
    """
    is_going = job.metadata.deletion_timestamp is not None
    claimed = claim(
        controller_reference(job),
        candidates,
        selector=from_object(job.spec.selector),
        may_adopt=not is_going,
    )
    if claimed.patches:
        patches = (*claimed.patches, *map(_tracking_change, claimed.patches))
        return Decision(Plan(patch=patches), failures)
    if job.status.start_time is None and not is_suspended(job):
        # The deadline counts from here; the stored Job follows with this plan.
        job_started = replace(job, status=replace(job.status, start_time=to_time(now)))
    else:
        job_started = job
    seen = Observed(job_started, claimed.mine, failures, now)
    verdict = verdict_on(seen)
    wanted = Change()
    if verdict is not None:
        wanted = Change(delete=tuple(seen.active))
    elif not is_going:
        wanted = change(seen)
    if not may_touch_pods:
        wanted = Change(again_after_s=wanted.again_after_s)
    return Decision(_plan(job, seen, verdict, wanted), seen.failures)


def _tracking_change(patch: Patch) -> Patch:
    """An adopted pod is to be counted, one let go is not."""
    pod = patch.object
    assert isinstance(pod, Pod), "a Job claims pods"
    return held(pod) if controller_of(pod) is None else released(pod)


def _plan(job: Job, seen: Observed, verdict: Verdict | None, wanted: Change) -> Plan:
    active = len(seen.active) + len(wanted.create) - len(wanted.delete)
    is_going = job.metadata.deletion_timestamp is not None
    if verdict is None and not is_going and _is_complete(seen, active):
        verdict = REACHED
    counted = count(seen, verdict)
    ending = len(wanted.delete)
    told = _Telling(
        replace(
            counted.status,
            active=active,
            ready=seen.ready - sum(map(is_ready, wanted.delete)),
            terminating=seen.terminating + ending,
        ),
        [],
    )
    if verdict is not None:
        is_over = counted.is_done and not (active or seen.terminating or ending)
        _conclude(job, told, verdict, seen.now, is_over=is_over)
    elif not is_going:
        _tell_suspension(job, told, seen.now)
    # Pods removed because there are too many do not count as failed: nobody tracks them further.
    dropped = () if verdict is not None and not verdict.is_success else wanted.delete
    return Plan(
        patch=_released_too(counted.release, dropped),
        delete=wanted.delete,
        create=wanted.create,
        words=Words(job) if wanted.delete or wanted.create else None,
        status=None if told.status == job.status else replace(job, status=told.status),
        notices=tuple(told.notices),
        again_after_s=_again(seen, wanted) if verdict is None else None,
    )


def _released_too(release: tuple[Patch, ...], dropped: Iterable[Pod]) -> tuple[Patch, ...]:
    known = {id(patch.object) for patch in release}
    return (
        *release,
        *(released(pod) for pod in dropped if is_tracked(pod) and id(pod) not in known),
    )


def _is_complete(seen: Observed, active: int) -> bool:
    if active:
        return False
    if seen.job.spec.completions is None:
        return seen.succeeded_in_all > 0
    return seen.succeeded_in_all >= seen.job.spec.completions


def _conclude(job: Job, told: _Telling, verdict: Verdict, now: datetime, *, is_over: bool) -> None:
    """Announce the verdict; once all is over and counted, pronounce it."""
    _set(told, verdict.target, verdict.reason, verdict.message, now)
    if not is_over:
        return
    _set(told, verdict.final, verdict.reason, verdict.message, now)
    if told.status.start_time is None:
        told.status = replace(told.status, start_time=to_time(now))
    if verdict.is_success:
        told.status = replace(told.status, completion_time=to_time(now))
        told.notices.append(Notice(job, "Completed", "Job completed"))
    else:
        told.notices.append(Notice(job, verdict.reason, verdict.message, type="Warning"))


def _tell_suspension(job: Job, told: _Telling, now: datetime) -> None:
    was_suspended = conditions.is_true(job.status.conditions, "Suspended")
    if is_suspended(job):
        told.status = replace(told.status, start_time=None)
        if not was_suspended:
            _set(told, "Suspended", "JobSuspended", "Job suspended", now)
            told.notices.append(Notice(job, "Suspended", "Job suspended"))
    elif was_suspended:
        _set(told, "Suspended", "JobResumed", "Job resumed", now, status="False")
        told.status = replace(told.status, start_time=to_time(now))
        told.notices.append(Notice(job, "Resumed", "Job resumed"))


def _set(
    told: _Telling,
    kind: str,
    reason: str,
    message: str,
    now: datetime,
    *,
    status: str = "True",
) -> None:
    found = conditions.find(told.status.conditions, kind)
    if found is not None and found.status == status:
        return
    made = condition(kind, reason, message, now, status)
    changed = conditions.set_condition(told.status.conditions, made, now)
    told.status = replace(told.status, conditions=changed)


def _again(seen: Observed, wanted: Change) -> float | None:
    waits = [wanted.again_after_s, until_deadline_s(seen.job, seen.now)]
    return min((max(0.0, wait) for wait in waits if wait is not None), default=None)
