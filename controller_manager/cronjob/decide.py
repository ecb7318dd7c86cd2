"""Which Jobs a CronJob starts, counts as active, replaces and clears away."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from controller_manager.cronjob.moments import due, until_next_s
from controller_manager.cronjob.schedule import Schedule, ScheduleError, read, zone_named
from knarr.api import conditions
from knarr.api.batch.cron_job import CronJob, CronJobStatus
from knarr.api.batch.job import Job
from knarr.api.core.references import ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.options import DeleteOptions
from knarr.api.owners import controller_reference
from knarr.api.plan import Notice, Plan, Words
from knarr.api.times import parse, to_time

SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
"""On a Job: the moment it was due."""

AGAIN_MAX_S = 24 * 3600.0
"""The longest wait at a stretch; that a clock was set is noticed earlier, by the controller."""

_LITTLE_S = 0.1
"""Waited beyond the moment itself, so that a timer a little early does not wake us twice."""


class _Step(Struct):
    """One look at a CronJob, and what is to be written."""

    cron_job: CronJob
    now: datetime
    status: CronJobStatus
    create: list[Job] = field(default_factory=list)
    delete: list[Job] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    again_after_s: float | None = None

    def tell(self, reason: str, message: str, *, is_warning: bool = False) -> None:
        """Record an event of the CronJob."""
        kind = Notice(self.cron_job, reason, message, type="Warning" if is_warning else "Normal")
        self.notices.append(kind)


def decide(cron_job: CronJob, jobs: Sequence[Job], *, now: datetime) -> Plan:
    """Compare the clock with the Jobs that there are. `jobs` are those it controls."""
    step = _Step(cron_job, now, cron_job.status)
    _take_in(step, jobs)
    if cron_job.metadata.deletion_timestamp is None:
        _clear_away(step, jobs)
        if not cron_job.spec.suspend:
            _start(step, jobs)
    status = step.status
    return Plan(
        delete=tuple(step.delete),
        delete_options=DeleteOptions(propagation_policy="Background"),
        create=tuple(step.create),
        words=Words(
            cron_job,
            created="Created job {name}",
            not_created="Error creating job: {error}",
            deleted="Deleted job {name}",
            not_deleted="Error deleting job: {error}",
        ),
        status=None if status == cron_job.status else replace(cron_job, status=status),
        notices=tuple(step.notices),
        again_after_s=step.again_after_s,
    )


def finished_as(job: Job) -> str:
    """`Complete` or `Failed`; empty while the Job goes on."""
    for kind in ("Complete", "Failed"):
        if conditions.is_true(job.status.conditions, kind):
            return kind
    return ""


def _take_in(step: _Step, jobs: Sequence[Job]) -> None:
    """Note which Jobs are active, which ended and when one last succeeded."""
    active = {each.uid: each for each in step.status.active}
    for job in jobs:
        end = finished_as(job)
        is_new = _is_unrecorded(step, job)
        if is_new:
            active.setdefault(job.metadata.uid, _reference(job))
        if job.metadata.uid in active and end:
            del active[job.metadata.uid]
            name = job.metadata.name
            step.tell("SawCompletedJob", f"Saw completed job: {name}, condition: {end}")
        elif job.metadata.uid not in active and not end:
            message = "Saw a job that the controller did not create or forgot: "
            step.tell("UnexpectedJob", message + job.metadata.name, is_warning=True)
    present = {job.metadata.uid for job in jobs}
    for uid in [uid for uid in active if uid not in present]:
        step.tell("MissingJob", f"Active job went missing: {active.pop(uid).name}")
    step.status = replace(
        step.status,
        active=tuple(active.values()),
        last_schedule_time=_latest(step.status.last_schedule_time, map(_scheduled_at, jobs)),
        last_successful_time=_latest(step.status.last_successful_time, map(_succeeded_at, jobs)),
    )


def _is_unrecorded(step: _Step, job: Job) -> bool:
    """Whether the Job was made by us and the status does not say so yet."""
    moment = _scheduled_at(job)
    last = step.cron_job.status.last_schedule_time
    return moment is not None and (last is None or moment > last)


def _scheduled_at(job: Job) -> str | None:
    text = job.metadata.annotations.get(SCHEDULED_AT, "")
    try:
        return to_time(parse(text)) if text else None
    except ValueError:
        return None


def _succeeded_at(job: Job) -> str | None:
    return job.status.completion_time if finished_as(job) == "Complete" else None


def _latest(known: str | None, found: Iterable[str | None]) -> str | None:
    return max((each for each in (known, *found) if each is not None), default=None)


def _reference(job: Job) -> ObjectReference:
    return ObjectReference(
        api_version="batch/v1",
        kind="Job",
        namespace=job.metadata.namespace,
        name=job.metadata.name,
        uid=job.metadata.uid,
        resource_version=job.metadata.resource_version,
    )


def _clear_away(step: _Step, jobs: Sequence[Job]) -> None:
    """Delete the oldest finished Jobs above the limits."""
    spec = step.cron_job.spec
    for kind, limit in (
        ("Complete", spec.successful_jobs_history_limit),
        ("Failed", spec.failed_jobs_history_limit),
    ):
        ended = [job for job in jobs if finished_as(job) == kind and not _is_going(job)]
        if limit is not None and len(ended) > limit:
            ended.sort(key=lambda job: (job.status.start_time or "", job.metadata.name))
            step.delete.extend(ended[: len(ended) - limit])


def _is_going(job: Job) -> bool:
    return job.metadata.deletion_timestamp is not None


def _start(step: _Step, jobs: Sequence[Job]) -> None:
    schedule = _schedule(step)
    if schedule is None:
        return
    found = due(_recorded(step), schedule, step.now)
    if found.is_overdue:
        step.tell(
            "TooManyMissedTimes",
            "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or "
            "check clock skew",
            is_warning=True,
        )
    if found.at is not None:
        _start_at(step, jobs, found.at)
    wait_s = until_next_s(_recorded(step), schedule, step.now)
    if wait_s is not None:
        step.again_after_s = min(wait_s + _LITTLE_S, AGAIN_MAX_S)


def _recorded(step: _Step) -> CronJob:
    """The CronJob as it is going to be."""
    return replace(step.cron_job, status=step.status)


def _schedule(step: _Step) -> Schedule | None:
    spec = step.cron_job.spec
    try:
        zone = zone_named(spec.time_zone or "")
    except ScheduleError as error:
        message = f'invalid timeZone: "{spec.time_zone}": {error}'
        step.tell("UnknownTimeZone", message, is_warning=True)
        return None
    try:
        return read(spec.schedule, zone)
    except ScheduleError as error:
        message = f'unparseable schedule: "{spec.schedule}" : {error}'
        step.tell("UnparseableSchedule", message, is_warning=True)
        return None


def _start_at(step: _Step, jobs: Sequence[Job], moment: datetime) -> None:
    """Make the Job that was due at a moment, as far as the others let it."""
    spec = step.cron_job.spec
    deadline_s = spec.starting_deadline_seconds
    if deadline_s is not None and moment + timedelta(seconds=deadline_s) < step.now:
        when = moment.strftime("%a, %d %b %Y %H:%M:%S +0000")
        step.tell("MissSchedule", f"Missed scheduled time to start a job: {when}", is_warning=True)
        return
    job = _job_of(step.cron_job, moment)
    if any(each.metadata.name == job.metadata.name for each in jobs):
        return
    if spec.concurrency_policy == "Forbid" and step.status.active:
        step.tell(
            "JobAlreadyActive",
            "Not starting job because prior execution is running and concurrency policy is Forbid",
        )
        return
    if spec.concurrency_policy == "Replace":
        active = {each.uid for each in step.status.active}
        step.delete.extend(each for each in jobs if each.metadata.uid in active)
        step.status = replace(step.status, active=())
    step.create.append(job)


def _job_of(cron_job: CronJob, moment: datetime) -> Job:
    """The Job of a moment: its name is the minute, so that it cannot be made twice."""
    template = cron_job.spec.job_template
    local = moment.astimezone(zone_named(cron_job.spec.time_zone or ""))
    written = local.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Job(
        metadata=ObjectMeta(
            name=f"{cron_job.metadata.name}-{int(moment.timestamp()) // 60}",
            namespace=cron_job.metadata.namespace,
            labels=template.metadata.labels,
            annotations={**template.metadata.annotations, SCHEDULED_AT: written},
            owner_references=(controller_reference(cron_job),),
        ),
        spec=template.spec,
    )
