"""What one look at a Job finds: its pods sorted into those that run, succeeded, failed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from controller_manager.job.backoff import Failures
from controller_manager.job.indexes import Indexes, parse
from controller_manager.job.pods import (
    failures_of,
    has_failed,
    ignored_failures_of,
    index_of,
    is_indexed,
    is_tracked,
)
from controller_manager.job.policies import judge
from knarr.api import conditions
from knarr.api.batch.job import Job, UncountedTerminatedPods
from knarr.api.core.pod import Pod
from knarr.api.pods import is_active, is_ready, is_terminating


@dataclass
class Observed:
    """A Job and its pods at one moment. The derived sets are worked out when first asked for."""

    job: Job
    pods: Sequence[Pod]
    earlier: Failures
    """The failures known from before."""
    now: datetime
    uncounted: UncountedTerminatedPods = field(init=False)

    def __post_init__(self) -> None:
        self.uncounted = self.job.status.uncounted_terminated_pods or UncountedTerminatedPods()

    @property
    def completions(self) -> int:
        """How many indexes there are."""
        return self.job.spec.completions or 0

    @cached_property
    def active(self) -> list[Pod]:
        """The pods that run or are to run."""
        return [pod for pod in self.pods if is_active(pod)]

    @cached_property
    def ready(self) -> int:
        """How many of them are ready."""
        return sum(map(is_ready, self.active))

    @cached_property
    def terminating(self) -> int:
        """How many pods are being deleted and not over yet."""
        return sum(map(is_terminating, self.pods))

    @cached_property
    def tracked_uids(self) -> frozenset[str]:
        """The uids of the pods that wait to be counted."""
        return frozenset(pod.metadata.uid for pod in self.pods if is_tracked(pod))

    @cached_property
    def new_succeeded(self) -> list[Pod]:
        """The succeeded pods that the status does not know of."""
        known = frozenset(self.uncounted.succeeded)
        return [
            pod for pod in self.pods if pod.status.phase == "Succeeded" and self._is_new(pod, known)
        ]

    @cached_property
    def new_failed(self) -> list[Pod]:
        """The failed pods that the status does not know of."""
        known = frozenset(self.uncounted.failed)
        return [pod for pod in self.pods if has_failed(self.job, pod) and self._is_new(pod, known)]

    def _is_new(self, pod: Pod, known: frozenset[str]) -> bool:
        if not is_tracked(pod) or pod.metadata.uid in known:
            return False
        return not is_indexed(self.job) or index_of(self.job, pod) is not None

    @cached_property
    def failed_in_all(self) -> int:
        """How many pods failed, counted or not, but for those the policy ignores."""
        new = sum(judge(self.job, pod).counts for pod in self.new_failed)
        return self.job.status.failed + len(self.uncounted.failed) + new

    @cached_property
    def succeeded_in_all(self) -> int:
        """How many pods succeeded, counted or not; of an indexed Job, how many indexes."""
        if is_indexed(self.job):
            return self.succeeded_indexes.total
        new = len(self.new_succeeded)
        return self.job.status.succeeded + len(self.uncounted.succeeded) + new

    @cached_property
    def counted_indexes(self) -> Indexes:
        """The indexes that the status says have succeeded."""
        return parse(self.job.status.completed_indexes, self.completions)

    @cached_property
    def succeeded_indexes(self) -> Indexes:
        """The indexes that have succeeded."""
        found = (index_of(self.job, pod) for pod in self.new_succeeded)
        return self.counted_indexes.with_(index for index in found if index is not None)

    @cached_property
    def failed_indexes(self) -> Indexes:
        """The indexes that have failed for good; only with a limit for each."""
        known = parse(self.job.status.failed_indexes, self.completions)
        if self.job.spec.backoff_limit_per_index is None or self._is_failing:
            return known  # What is cut short is not the index's own failure.
        found = (
            index_of(self.job, pod)
            for pod in self.pods
            if is_tracked(pod) and self._fails_its_index(pod)
        )
        return known.with_(index for index in found if index is not None)

    @property
    def _is_failing(self) -> bool:
        return conditions.is_true(self.job.status.conditions, "FailureTarget")

    def _fails_its_index(self, pod: Pod) -> bool:
        if not has_failed(self.job, pod):
            return False
        judgement = judge(self.job, pod)
        if judgement.action == "FailIndex":
            return True
        limit = self.job.spec.backoff_limit_per_index
        return judgement.counts and limit is not None and failures_of(pod) >= limit

    @cached_property
    def active_indexes(self) -> frozenset[int]:
        """The indexes that pods work on."""
        found = (index_of(self.job, pod) for pod in self.active)
        return frozenset(index for index in found if index is not None)

    @cached_property
    def last_failed(self) -> dict[int, Pod]:
        """The latest failed pod of each index that is to be tried again.

        It stays uncounted until its successor is there, for its annotations
        say how often the index has failed.
        """
        found: dict[int, Pod] = {}
        if self.job.spec.backoff_limit_per_index is None:
            return found
        for pod in self.pods:
            index = index_of(self.job, pod)
            if index is None or not is_tracked(pod) or not has_failed(self.job, pod):
                continue
            if self._is_settled(index):
                continue
            other = found.get(index)
            if other is None or _all_failures(other) <= _all_failures(pod):
                found[index] = pod
        return found

    def _is_settled(self, index: int) -> bool:
        return (
            index in self.active_indexes
            or index in self.succeeded_indexes
            or index in self.failed_indexes
        )

    @cached_property
    def failures(self) -> Failures:
        """The failures in a row, with those found by this look."""
        return self.earlier.after(self.new_succeeded, self.new_failed)


def _all_failures(pod: Pod) -> int:
    return failures_of(pod) + ignored_failures_of(pod)
