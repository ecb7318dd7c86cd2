"""How each pod is counted exactly once, whatever is lost on the way.

A pod carries a finalizer until it is counted. Its uid goes into the status
first (`uncountedTerminatedPods`), then the finalizer goes, then the uid moves
into the count. Each step is taken only when the stored state shows the one
before, so it may be repeated and cannot be skipped. A success of an indexed
Job needs no uid: its index in `completedIndexes` is enough.
"""

from msgspec import Struct
from msgspec.structs import replace

from controller_manager.job.observed import Observed
from controller_manager.job.pods import TRACKING, has_failed, index_of, is_indexed, is_tracked
from controller_manager.job.policies import judge
from controller_manager.job.verdict import Verdict
from knarr.api.batch.job import JobStatus, UncountedTerminatedPods
from knarr.api.core.pod import Pod
from knarr.api.plan import Patch

UNCOUNTED_MAX = 500
"""Most uids in a status at a time."""


class Count(Struct, frozen=True):
    """The next step of counting."""

    release: tuple[Patch, ...]
    """Pods that the stored status accounts for: their finalizers go."""
    status: JobStatus
    """The counts and the uids of those to be counted next."""
    is_done: bool
    """Whether no pod waits to be counted."""


def count(seen: Observed, verdict: Verdict | None) -> Count:
    """Take the next step for every pod that is over."""
    release: list[Patch] = []
    succeeded: list[str] = []
    failed: list[str] = []
    indexes: list[int] = []
    waiting = len(seen.uncounted.succeeded) + len(seen.uncounted.failed)
    for pod in seen.pods:
        if not is_tracked(pod) or not _may_go(seen, pod, verdict):
            continue
        kind = _kind(seen, pod, verdict)
        if _is_accounted_for(seen, pod, kind):
            release.append(released(pod))
        elif waiting + len(succeeded) + len(failed) + len(indexes) < UNCOUNTED_MAX:
            if kind == "failed":
                failed.append(pod.metadata.uid)
            elif is_indexed(seen.job):
                indexes.append(index_of(seen.job, pod) or 0)
            else:
                succeeded.append(pod.metadata.uid)
    status = _with_counts(seen, succeeded, failed, indexes)
    uncounted = status.uncounted_terminated_pods or UncountedTerminatedPods()
    return Count(
        release=tuple(release),
        status=status,
        is_done=not (seen.tracked_uids or uncounted.succeeded or uncounted.failed),
    )


def released(pod: Pod) -> Patch:
    """Take the finalizer off a pod."""
    gone = {"uid": pod.metadata.uid, "$deleteFromPrimitiveList/finalizers": [TRACKING]}
    return Patch(pod, {"metadata": gone}, format="strategic")


def held(pod: Pod) -> Patch:
    """Put the finalizer on a pod that is adopted."""
    return Patch(
        pod,
        {"metadata": {"uid": pod.metadata.uid, "finalizers": [TRACKING]}},
        format="strategic",
    )


def _may_go(seen: Observed, pod: Pod, verdict: Verdict | None) -> bool:
    """Whether the pod may be counted now."""
    is_ending = verdict is not None or seen.job.metadata.deletion_timestamp is not None
    if is_ending or pod.status.phase == "Succeeded":
        return True
    if not has_failed(seen.job, pod):
        return False
    index = index_of(seen.job, pod)
    return index is None or seen.last_failed.get(index) is not pod


def _kind(seen: Observed, pod: Pod, verdict: Verdict | None) -> str:
    """As what the pod is counted: `succeeded`, `failed`, or not at all."""
    if is_indexed(seen.job) and index_of(seen.job, pod) is None:
        return ""
    if pod.status.phase == "Succeeded":
        return "succeeded"
    is_cut_short = verdict is not None and not verdict.is_success
    if (has_failed(seen.job, pod) or is_cut_short) and judge(seen.job, pod).counts:
        return "failed"
    return ""


def _is_accounted_for(seen: Observed, pod: Pod, kind: str) -> bool:
    """Whether the stored status knows of the pod, so that it may be forgotten."""
    uid = pod.metadata.uid
    if not kind or uid in seen.uncounted.failed or uid in seen.uncounted.succeeded:
        return True
    if kind == "succeeded" and is_indexed(seen.job):
        index = index_of(seen.job, pod)
        return index is not None and index in seen.counted_indexes
    return False


def _with_counts(
    seen: Observed, succeeded: list[str], failed: list[str], indexes: list[int]
) -> JobStatus:
    before, uncounted = seen.job.status, seen.uncounted
    still_succeeded = [uid for uid in uncounted.succeeded if uid in seen.tracked_uids]
    still_failed = [uid for uid in uncounted.failed if uid in seen.tracked_uids]
    status = replace(
        before,
        succeeded=before.succeeded + len(uncounted.succeeded) - len(still_succeeded),
        failed=before.failed + len(uncounted.failed) - len(still_failed),
        uncounted_terminated_pods=UncountedTerminatedPods(
            succeeded=(*still_succeeded, *succeeded), failed=(*still_failed, *failed)
        ),
    )
    if not is_indexed(seen.job):
        return status
    completed = seen.counted_indexes.with_(indexes)
    status = replace(status, succeeded=completed.total, completed_indexes=str(completed))
    if seen.job.spec.backoff_limit_per_index is None:
        return status
    return replace(status, failed_indexes=str(seen.failed_indexes))
