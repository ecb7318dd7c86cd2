"""The types of cron job in batch."""

from knarr.api.batch.job import JobTemplateSpec
from knarr.api.core.references import ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct


class CronJobSpec(ApiStruct):
    """When jobs are made, and what they look like."""

    concurrency_policy: str = ""
    """Allow, Forbid or Replace, when the job before still runs. The server fills in Allow."""
    failed_jobs_history_limit: Int32 | None = None
    """How many failed jobs are kept. The server fills in 1."""
    job_template: JobTemplateSpec
    """What the jobs look like."""
    schedule: str
    """When, in the five fields of cron or as @hourly and the like."""
    starting_deadline_seconds: int | None = None
    """Seconds after its time within which a job may still be made."""
    successful_jobs_history_limit: Int32 | None = None
    """How many successful jobs are kept. The server fills in 3."""
    suspend: bool | None = None
    """Whether no further jobs are made."""
    time_zone: str | None = None
    """Time zone of the schedule, such as Europe/Berlin; that of the controller manager when absent.
    """


class CronJobStatus(ApiStruct):
    """The most recently observed state."""

    active: tuple[ObjectReference, ...] = ()
    """Jobs that run."""
    last_schedule_time: Time | None = None
    """Moment a job was last made."""
    last_successful_time: Time | None = None
    """Moment a job last succeeded."""


class CronJob(ApiStruct):
    """Makes a Job at certain times."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: CronJobSpec
    """What is wanted."""
    status: CronJobStatus = CronJobStatus()
    """What was observed last."""
