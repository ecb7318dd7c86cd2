"""Which pods a Job that goes on makes and removes."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from controller_manager.job.backoff import wait_for_index_s
from controller_manager.job.observed import Observed
from controller_manager.job.pods import (
    FAILURES,
    IGNORED_FAILURES,
    failures_of,
    ignored_failures_of,
    index_of,
    is_indexed,
    make_indexed_pod,
    make_pod,
    replaces_only_failed,
)
from controller_manager.job.policies import judge
from controller_manager.job.verdict import is_suspended
from controller_manager.replicaset.ranking import least_missed
from knarr.api.core.pod import Pod

PODS_PER_PLAN_MAX = 500
"""Most pods made or removed in one go."""


class Change(Struct, frozen=True):
    """Pods to make and to remove; those removed do not count as failed."""

    create: tuple[Pod, ...] = ()
    delete: tuple[Pod, ...] = ()
    again_after_s: float | None = None


def change(seen: Observed) -> Change:
    """Compare how many pods are to run with those that do."""
    if is_suspended(seen.job):
        return Change(delete=tuple(seen.active[:PODS_PER_PLAN_MAX]))
    wanted = _wanted(seen)
    surplus = _surplus(seen, max(0, len(seen.active) - wanted))
    if surplus:
        return Change(delete=tuple(surplus[:PODS_PER_PLAN_MAX]))
    waiting = seen.terminating if replaces_only_failed(seen.job) else 0
    missing = min(wanted - waiting - len(seen.active), PODS_PER_PLAN_MAX)
    return _made(seen, missing) if missing > 0 else Change()


def _wanted(seen: Observed) -> int:
    parallelism = seen.job.spec.parallelism or 0
    if seen.job.spec.completions is None:
        # One success is enough; what runs then may end by itself.
        return len(seen.active) if seen.succeeded_in_all > 0 else parallelism
    return max(0, min(seen.completions - seen.succeeded_in_all, parallelism))


def _surplus(seen: Observed, at_least: int) -> list[Pod]:
    """The pods to remove: those of no index or a second one of theirs, then the least missed."""
    gone: list[Pod] = []
    left: Sequence[Pod] = seen.active
    if is_indexed(seen.job):
        gone, left = _doubles(seen)
    more = at_least - len(gone)
    gone.extend(least_missed(left, count=more, related=left, now=seen.now))
    return gone


def _doubles(seen: Observed) -> tuple[list[Pod], list[Pod]]:
    gone: list[Pod] = []
    kept: dict[int, Pod] = {}
    for pod in sorted(seen.active, key=_seniority):
        index = index_of(seen.job, pod)
        if index is None or index in kept:
            gone.append(pod)
        else:
            kept[index] = pod
    return gone, list(kept.values())


def _seniority(pod: Pod) -> tuple[bool, bool, str, str]:
    metadata = pod.metadata
    is_running = pod.status.phase == "Running"
    created = metadata.creation_timestamp or ""
    return not pod.spec.node_name, not is_running, created, metadata.name


def _made(seen: Observed, missing: int) -> Change:
    wait_s = 0.0
    if seen.job.spec.backoff_limit_per_index is None:
        wait_s = seen.failures.wait_s(seen.now)
    if wait_s > 0:
        return Change(again_after_s=wait_s)
    if not is_indexed(seen.job):
        return Change(create=(make_pod(seen.job),) * missing)
    waits = {index: _wait_s(seen, index) for index in _pending(seen, missing)}
    later = [wait for wait in waits.values() if wait > 0]
    return Change(
        create=tuple(_pod_for(seen, index) for index, wait in waits.items() if wait <= 0),
        again_after_s=min(later, default=None),
    )


def _pending(seen: Observed, count: int) -> Iterable[int]:
    """The first indexes that nobody works on."""
    taken = set(seen.active_indexes)
    if replaces_only_failed(seen.job):
        taken.update(_terminating_indexes(seen))
    found: list[int] = []
    for index in seen.succeeded_indexes.missing(seen.completions):
        if len(found) == count:
            break
        if index not in taken and index not in seen.failed_indexes:
            found.append(index)
    return found


def _terminating_indexes(seen: Observed) -> Iterable[int]:
    for pod in seen.pods:
        index = index_of(seen.job, pod)
        is_over = pod.status.phase in ("Succeeded", "Failed")
        if index is not None and pod.metadata.deletion_timestamp is not None and not is_over:
            yield index


def _wait_s(seen: Observed, index: int) -> float:
    failed = seen.last_failed.get(index)
    return wait_for_index_s(failed, seen.now) if failed is not None else 0.0


def _pod_for(seen: Observed, index: int) -> Pod:
    annotations: dict[str, str] = {}
    if seen.job.spec.backoff_limit_per_index is not None:
        counted, ignored = 0, 0
        failed = seen.last_failed.get(index)
        if failed is not None:
            counts = judge(seen.job, failed).counts
            counted = failures_of(failed) + counts
            ignored = ignored_failures_of(failed) + (not counts)
        annotations[FAILURES] = str(counted)
        if ignored:
            annotations[IGNORED_FAILURES] = str(ignored)
    return make_indexed_pod(seen.job, index, annotations)
