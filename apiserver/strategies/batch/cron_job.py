"""Rules of a CronJob."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.batch import schedule
from apiserver.strategies.batch.job import default_failure_policy
from apiserver.strategies.batch.job_spec import without_selector
from apiserver.strategies.pod_spec.template import default_pod_template, pod_template_warnings
from apiserver.strategies.rules import not_negative
from apiserver.strategies.strategy import Strategy
from apiserver.strategies.workload_names import pod_name_warning
from knarr.api.batch.cron_job import CronJob, CronJobSpec
from knarr.api.batch.job import JobSpec
from knarr.api.field_errors import FieldError, invalid, not_supported, required
from knarr.api.printing.batch import cron_job_row

NAME_MAX = 52
"""A Job's name is the CronJob's and eleven characters, and has to be a label's value."""
ZONE_IN_SCHEDULE = (
    "CRON_TZ or TZ used in schedule is not officially supported, see "
    "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
)


class CronJobRules(Strategy[CronJob]):
    """What holds for a CronJob."""

    def default(self, obj: CronJob) -> CronJob:
        """Fill in policy, history limits and the pod template."""
        spec = obj.spec
        defaulted = replace(
            spec,
            concurrency_policy=spec.concurrency_policy or "Allow",
            suspend=bool(spec.suspend),
            successful_jobs_history_limit=(
                3
                if spec.successful_jobs_history_limit is None
                else spec.successful_jobs_history_limit
            ),
            failed_jobs_history_limit=(
                1 if spec.failed_jobs_history_limit is None else spec.failed_jobs_history_limit
            ),
            job_template=replace(spec.job_template, spec=_default_job(spec.job_template.spec)),
        )
        return replace(obj, spec=defaulted)

    def validate(self, obj: CronJob) -> Iterable[FieldError]:
        """The rules of every CronJob."""
        return _spec(obj.spec, "spec")

    def validate_create(self, obj: CronJob) -> Iterable[FieldError]:
        """Names of new CronJobs leave room for what their Jobs add."""
        yield from self.validate(obj)
        if len(obj.metadata.name) > NAME_MAX:
            yield invalid(
                "metadata.name", obj.metadata.name, f"must be no more than {NAME_MAX} characters"
            )

    def warnings(self, obj: CronJob, old: CronJob | None) -> Iterable[str]:
        """What is odd in name, schedule and pod template."""
        if old is None:
            yield from pod_name_warning(obj.metadata.name)
        if "TZ" in obj.spec.schedule:
            yield f"spec.schedule: {ZONE_IN_SCHEDULE}"
        yield from pod_template_warnings(
            obj.spec.job_template.spec.template,
            "spec.jobTemplate.spec.template",
            old=old.spec.job_template.spec.template if old else None,
        )

    def row(self, obj: CronJob, now: datetime) -> Sequence[Any]:
        """Name, schedule, zone, suspended, active, last run, age and the template in short."""
        return cron_job_row(obj, now)


def _default_job(spec: JobSpec) -> JobSpec:
    return replace(
        spec,
        template=default_pod_template(spec.template),
        pod_failure_policy=default_failure_policy(spec.pod_failure_policy),
    )


def _spec(spec: CronJobSpec, path: str) -> Iterator[FieldError]:
    if not spec.schedule:
        yield required(f"{path}.schedule")
    else:
        yield from _schedule(spec, f"{path}.schedule")
    yield from not_negative(spec.starting_deadline_seconds, f"{path}.startingDeadlineSeconds")
    complaint = schedule.zone_complaint(spec.time_zone)
    if complaint:
        yield invalid(f"{path}.timeZone", spec.time_zone, complaint)
    policy = spec.concurrency_policy
    if not policy:
        yield required(f"{path}.concurrencyPolicy")
    elif policy not in ("Allow", "Forbid", "Replace"):
        yield not_supported(f"{path}.concurrencyPolicy", policy, ("Allow", "Forbid", "Replace"))
    yield from _job_template(spec.job_template.spec, f"{path}.jobTemplate.spec")
    yield from not_negative(
        spec.successful_jobs_history_limit, f"{path}.successfulJobsHistoryLimit"
    )
    yield from not_negative(spec.failed_jobs_history_limit, f"{path}.failedJobsHistoryLimit")


def _schedule(spec: CronJobSpec, path: str) -> Iterator[FieldError]:
    try:
        schedule.check(spec.schedule)
    except schedule.ScheduleError as error:
        yield invalid(path, spec.schedule, str(error))
    if "TZ" in spec.schedule:
        yield invalid(
            path,
            spec.schedule,
            "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            if spec.time_zone is None
            else "cannot use both timeZone field and TZ or CRON_TZ in schedule",
        )


def _job_template(spec: JobSpec, path: str) -> Iterator[FieldError]:
    yield from without_selector(spec, path)
    if spec.selector is not None:
        yield invalid(f"{path}.selector", spec.selector, "`selector` will be auto-generated")
    if spec.manual_selector:
        yield not_supported(
            f"{path}.manualSelector", spec.manual_selector, ("nil", "false"), in_order=True
        )
