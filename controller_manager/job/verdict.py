"""Whether a Job is over, how and why; and the conditions that say so.

A verdict is told twice: as FailureTarget or SuccessCriteriaMet as soon as it
stands, and as Failed or Complete once all pods are gone or over and counted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from controller_manager.job.observed import Observed
from controller_manager.job.pods import has_failed, is_indexed
from controller_manager.job.policies import judge, met_rule
from knarr.api import conditions
from knarr.api.batch.job import Job, JobCondition
from knarr.api.core.pod import Pod
from knarr.api.times import parse, to_time


class Verdict(Struct, frozen=True):
    """How a Job ends."""

    is_success: bool
    reason: str
    message: str

    @property
    def target(self) -> str:
        """The condition that announces it."""
        return "SuccessCriteriaMet" if self.is_success else "FailureTarget"

    @property
    def final(self) -> str:
        """The condition that ends the Job."""
        return "Complete" if self.is_success else "Failed"


REACHED = Verdict(
    is_success=True,
    reason="CompletionsReached",
    message="Reached expected number of succeeded pods",
)

_TOO_OFTEN = Verdict(
    is_success=False,
    reason="BackoffLimitExceeded",
    message="Job has reached the specified backoff limit",
)
_TOO_LATE = Verdict(
    is_success=False,
    reason="DeadlineExceeded",
    message="Job was active longer than specified deadline",
)
_TOO_MANY_INDEXES = Verdict(
    is_success=False,
    reason="MaxFailedIndexesExceeded",
    message="Job has exceeded the specified maximal number of failed indexes",
)
_FAILED_INDEXES = Verdict(
    is_success=False, reason="FailedIndexes", message="Job has failed indexes"
)


def is_finished(job: Job) -> bool:
    """Whether the Job is over and counted."""
    return any(conditions.is_true(job.status.conditions, each) for each in ("Complete", "Failed"))


def is_suspended(job: Job) -> bool:
    """Whether the Job is to have no pods for now."""
    return bool(job.spec.suspend)


def verdict_on(seen: Observed) -> Verdict | None:
    """How the Job ends, unless it goes on; that all succeeded is found out later."""
    return _announced(seen.job) or _failure(seen) or _index_failure(seen) or _policy_success(seen)


def _announced(job: Job) -> Verdict | None:
    for condition in job.status.conditions:
        if condition.status == "True" and condition.type in ("FailureTarget", "SuccessCriteriaMet"):
            is_success = condition.type == "SuccessCriteriaMet"
            return Verdict(is_success, condition.reason, condition.message)
    return None


def _failure(seen: Observed) -> Verdict | None:
    job = seen.job
    if job.spec.pod_failure_policy is not None:
        for pod in seen.pods:
            message = judge(job, pod).message if has_failed(job, pod) else ""
            if message:
                return Verdict(is_success=False, reason="PodFailurePolicy", message=message)
    limit = job.spec.backoff_limit
    if limit is not None and (
        seen.failed_in_all > limit or _restarts_exceed(job, seen.pods, limit)
    ):
        return _TOO_OFTEN
    left_s = until_deadline_s(job, seen.now)
    return _TOO_LATE if left_s is not None and left_s <= 0 else None


def _restarts_exceed(job: Job, pods: Sequence[Pod], limit: int) -> bool:
    """Whether containers that are restarted in place have failed too often."""
    if job.spec.template.spec.restart_policy != "OnFailure":
        return False
    restarts = sum(
        status.restart_count
        for pod in pods
        if pod.status.phase in ("Running", "Pending")
        for status in (*pod.status.init_container_statuses, *pod.status.container_statuses)
    )
    return restarts > 0 if limit == 0 else restarts >= limit


def until_deadline_s(job: Job, now: datetime) -> float | None:
    """Seconds the Job may still take; None when it may take for ever."""
    deadline_s, start = job.spec.active_deadline_seconds, job.status.start_time
    if deadline_s is None or start is None or is_suspended(job):
        return None
    return (parse(start) + timedelta(seconds=deadline_s) - now).total_seconds()


def _index_failure(seen: Observed) -> Verdict | None:
    if not is_indexed(seen.job) or seen.job.spec.backoff_limit_per_index is None:
        return None
    failed = seen.failed_indexes.total
    most = seen.job.spec.max_failed_indexes
    if most is not None and failed > most:
        return _TOO_MANY_INDEXES
    if failed and failed + seen.succeeded_indexes.total >= seen.completions:
        return _FAILED_INDEXES
    return None


def _policy_success(seen: Observed) -> Verdict | None:
    if not is_indexed(seen.job):
        return None
    number = met_rule(seen.job, seen.succeeded_indexes)
    if number is None:
        return None
    message = f"Matched rules at index {number}"
    return Verdict(is_success=True, reason="SuccessPolicy", message=message)


def condition(kind: str, reason: str, message: str, now: datetime, status: str) -> JobCondition:
    """A condition as it is now."""
    return JobCondition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        last_probe_time=to_time(now),
        last_transition_time=to_time(now),
    )
