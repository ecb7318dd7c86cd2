"""Table lines of batch/v1."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from knarr.api import conditions, times
from knarr.api.batch.cron_job import CronJob
from knarr.api.batch.job import Job
from knarr.api.printing.cells import NONE, age, containers_and_images, duration, since, truth
from knarr.api.selectors import describe


def job_row(job: Job, now: datetime) -> Sequence[Any]:
    """Name, status, completions, duration, age, containers, images, selector."""
    return [
        job.metadata.name,
        _status(job),
        _completions(job),
        _duration(job, now),
        age(job.metadata, now),
        *containers_and_images(job.spec.template),
        describe(job.spec.selector),
    ]


def _status(job: Job) -> str:
    for wanted in ("Complete", "Failed"):
        if conditions.is_true(job.status.conditions, wanted):
            return wanted
    if job.metadata.deletion_timestamp is not None:
        return "Terminating"
    for wanted in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if conditions.is_true(job.status.conditions, wanted):
            return wanted
    return "Running"


def _completions(job: Job) -> str:
    if job.spec.completions is not None:
        return f"{job.status.succeeded}/{job.spec.completions}"
    parallelism = job.spec.parallelism or 0
    return f"{job.status.succeeded}/1" + (f" of {parallelism}" if parallelism > 1 else "")


def _duration(job: Job, now: datetime) -> str:
    start, end = job.status.start_time, job.status.completion_time
    if start is None:
        return ""
    return duration(times.seconds_between(start, now if end is None else times.parse(end)))


def cron_job_row(cron_job: CronJob, now: datetime) -> Sequence[Any]:
    """Name, schedule, zone, suspend, active, last run, age, containers, images, selector."""
    spec, last = cron_job.spec, cron_job.status.last_schedule_time
    return [
        cron_job.metadata.name,
        spec.schedule,
        NONE if spec.time_zone is None else spec.time_zone,
        truth(spec.suspend),
        len(cron_job.status.active),
        NONE if last is None else since(last, now),
        age(cron_job.metadata, now),
        *containers_and_images(spec.job_template.spec.template),
        describe(spec.job_template.spec.selector),
    ]
