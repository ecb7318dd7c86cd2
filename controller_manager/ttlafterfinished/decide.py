"""When a finished Job goes."""

from datetime import datetime, timedelta

from knarr.api.batch.job import Job
from knarr.api.meta.options import DeleteOptions
from knarr.api.plan import Plan
from knarr.api.times import parse


def decide(job: Job, *, now: datetime) -> Plan:
    """Delete a Job with its pods once `ttlSecondsAfterFinished` have passed."""
    finished_at = _finished_at(job)
    ttl_s = job.spec.ttl_seconds_after_finished
    if ttl_s is None or finished_at is None or job.metadata.deletion_timestamp is not None:
        return Plan()
    left_s = (finished_at + timedelta(seconds=ttl_s) - now).total_seconds()
    if left_s > 0:
        return Plan(again_after_s=left_s)
    return Plan(
        delete=(job,),
        delete_options=DeleteOptions(propagation_policy="Foreground"),
        delete_unchanged=True,
    )


def _finished_at(job: Job) -> datetime | None:
    for condition in job.status.conditions:
        if condition.type in ("Complete", "Failed") and condition.status == "True":
            moment = condition.last_transition_time
            return None if moment is None else parse(moment)
    return None
