"""The types of cron job in batch."""

from knarr.api.batch.job import JobTemplateSpec
from knarr.api.core.references import ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct


class CronJobSpec(ApiStruct):
    """TODO."""

    concurrency_policy: str = ""
    """TODO."""
    failed_jobs_history_limit: Int32 | None = None
    """TODO."""
    job_template: JobTemplateSpec
    """TODO."""
    schedule: str
    """TODO."""
    starting_deadline_seconds: int | None = None
    """TODO."""
    successful_jobs_history_limit: Int32 | None = None
    """TODO."""
    suspend: bool | None = None
    """TODO."""
    time_zone: str | None = None
    """TODO."""


class CronJobStatus(ApiStruct):
    """TODO."""

    active: tuple[ObjectReference, ...] = ()
    """TODO."""
    last_schedule_time: Time | None = None
    """TODO."""
    last_successful_time: Time | None = None
    """TODO."""


class CronJob(ApiStruct):
    """TODO."""

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
