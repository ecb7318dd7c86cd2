"""Rules of a Job's status."""

from collections.abc import Iterator

from apiserver.strategies.batch import indexes
from apiserver.strategies.rules import not_negative
from knarr.api import conditions
from knarr.api.batch.job import Job, JobStatus
from knarr.api.field_errors import OMITTED, FieldError, duplicate, invalid, required

_NEVER_BOTH = (
    ("Complete", "Failed", "cannot set Complete=True and Failed=true conditions"),
    ("Complete", "FailureTarget", "cannot set Complete=True and FailureTarget=true conditions"),
    (
        "Failed",
        "SuccessCriteriaMet",
        "cannot set Failed=True and SuccessCriteriaMet=true conditions",
    ),
    (
        "FailureTarget",
        "SuccessCriteriaMet",
        "cannot set FailureTarget=True and SuccessCriteriaMet=true conditions",
    ),
)
_NEEDS_BEFORE = (
    (
        "Failed",
        "FailureTarget",
        "cannot set Failed=True condition without the FailureTarget=true condition",
    ),
    (
        "Complete",
        "SuccessCriteriaMet",
        "cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
    ),
)
_TERMINAL = ("Failed", "Complete", "FailureTarget", "SuccessCriteriaMet")


def job_status(job: Job, path: str) -> Iterator[FieldError]:
    """The counts of a status and the conditions that go together."""
    status = job.status
    for value, name in (
        (status.active, "active"),
        (status.succeeded, "succeeded"),
        (status.failed, "failed"),
        (status.ready, "ready"),
        (status.terminating, "terminating"),
    ):
        yield from not_negative(value, f"{path}.{name}")
    yield from _uncounted(status, f"{path}.uncountedTerminatedPods")
    for one, other, detail in _NEVER_BOTH:
        if _has(status, one) and _has(status, other):
            yield invalid(f"{path}.conditions", OMITTED, detail)


def _has(status: JobStatus, wanted: str) -> bool:
    return conditions.is_true(status.conditions, wanted)


def _is_finished(status: JobStatus) -> bool:
    return _has(status, "Complete") or _has(status, "Failed")


def _uncounted(status: JobStatus, path: str) -> Iterator[FieldError]:
    uncounted = status.uncounted_terminated_pods
    if uncounted is None:
        return
    seen: set[str] = set()
    for uids, name in ((uncounted.succeeded, "succeeded"), (uncounted.failed, "failed")):
        for i, uid in enumerate(uids):
            if not uid:
                yield invalid(f"{path}.{name}[{i}]", uid, "must not be empty")
            elif uid in seen:
                yield duplicate(f"{path}.{name}[{i}]", uid)
            seen.add(uid)


def job_status_change(job: Job, old: Job, path: str) -> Iterator[FieldError]:
    """What a new status may not say, given the old one."""
    new, before = job.status, old.status
    yield from _times(new, before, path)
    if _is_finished(new) and not _is_finished(before):
        yield from _finishing(new, path)
    yield from _indexes(job, old, path)
    if new.ready is not None and new.ready > new.active and new.ready != before.ready:
        yield invalid(f"{path}.ready", new.ready, "cannot set more ready pods than active")
    for wanted, needed, detail in _NEEDS_BEFORE:
        if _has(new, wanted) and not _has(before, wanted) and not _has(new, needed):
            yield invalid(f"{path}.conditions", OMITTED, detail)
    for wanted in _TERMINAL:
        if _has(before, wanted) and not _has(new, wanted):
            yield invalid(
                f"{path}.conditions",
                OMITTED,
                f"cannot disable the terminal {wanted}=True condition",
            )


def _times(new: JobStatus, before: JobStatus, path: str) -> Iterator[FieldError]:
    complete = _has(new, "Complete")
    if not complete and new.completion_time is not None:
        yield invalid(
            f"{path}.completionTime",
            new.completion_time,
            "cannot set completionTime when there is no Complete=True condition",
        )
    if complete and new.completion_time is None:
        yield required(f"{path}.completionTime", "completionTime is required for Complete jobs")
    if new.completion_time and new.start_time and new.completion_time < new.start_time:
        yield invalid(
            f"{path}.completionTime",
            new.completion_time,
            "completionTime cannot be set before startTime",
        )
    if before.completion_time and new.completion_time not in (None, before.completion_time):
        yield invalid(
            f"{path}.completionTime", new.completion_time, "completionTime cannot be mutated"
        )


def _finishing(status: JobStatus, path: str) -> Iterator[FieldError]:
    if status.active > 0:
        yield invalid(f"{path}.active", status.active, "active>0 is invalid for finished job")
    if status.start_time is None:
        yield required(f"{path}.startTime", "startTime is required for finished job")
    if (status.terminating or 0) > 0:
        yield invalid(
            f"{path}.terminating", status.terminating, "terminating>0 is invalid for finished job"
        )
    uncounted = status.uncounted_terminated_pods
    if uncounted is not None and (uncounted.failed or uncounted.succeeded):
        yield invalid(
            f"{path}.uncountedTerminatedPods",
            uncounted,
            "uncountedTerminatedPods needs to be empty for finished job",
        )


def _indexes(job: Job, old: Job, path: str) -> Iterator[FieldError]:
    status, spec = job.status, job.spec
    if status.completed_indexes != old.status.completed_indexes:
        if spec.completion_mode != "Indexed" and status.completed_indexes:
            yield invalid(
                f"{path}.completedIndexes",
                status.completed_indexes,
                "cannot set non-empty completedIndexes when non-indexed completion mode",
            )
        elif spec.completion_mode == "Indexed":
            yield from _format(status.completed_indexes, spec.completions, path, "completedIndexes")
    if status.failed_indexes is None or status.failed_indexes == old.status.failed_indexes:
        return
    if spec.backoff_limit_per_index is None:
        yield invalid(
            f"{path}.failedIndexes",
            status.failed_indexes,
            "cannot set non-null failedIndexes when backoffLimitPerIndex is null",
        )
    else:
        yield from _format(status.failed_indexes, spec.completions, path, "failedIndexes")


def _format(text: str, completions: int | None, path: str, name: str) -> Iterator[FieldError]:
    try:
        indexes.count(text, completions or 0)
    except indexes.IndexesError as error:
        yield invalid(f"{path}.{name}", text, f"error parsing {name}: {error}")
