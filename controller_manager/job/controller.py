"""Watches Jobs and their pods."""

from collections.abc import Iterable, Iterator

from controller_manager.adoption import adopters, index_orphans, orphans_of, surely_there
from controller_manager.job.backoff import Failures
from controller_manager.job.decide import OURS, decide
from controller_manager.job.pods import JOB_NAME, is_tracked
from controller_manager.job.tracking import released
from controller_manager.job.verdict import is_finished
from controller_manager.refusals import is_namespace_ending
from knarr.api.batch.job import Job
from knarr.api.core.pod import Pod
from knarr.api.errors import ApiError, ConflictError
from knarr.api.keys import Key
from knarr.api.owners import controller_of
from knarr.api.plan import Plan
from knarr.api.selectors import Selector, from_object
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informers import Informers
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed, owner
from knarr.daemon.clock import Clock

FAILURES_TOGETHER_S = 1.0
"""Pods that fail within so long of each other are judged together: they often do, for one reason,
and a limit that both exceed is then seen before others are made in their places."""

_TRACKED = "job-tracking"
"""The index of pods that wait to be counted, by the Job they name."""


class JobController:
    """Takes Jobs a step further, and lets go of pods that no Job will count any more."""

    name = "job"

    def __init__(
        self, client: Client, informers: Informers, recorder: EventRecorder, clock: Clock
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._jobs = informers.of(Job)
        self._pods = informers.of(Pod)
        self._recorder = recorder
        self._clock = clock
        self._failures: dict[str, Failures] = {}
        index_orphans(self._pods)
        self._pods.index(_TRACKED, _places)
        feed(self.queue, self._jobs)
        self._pods.handle(self._pod_changed)
        feed(self.queue, self._pods, each(adopters(self._jobs, _selector_of)))
        feed(self.queue, self._pods, each(_lost))

    def _pod_changed(self, old: Pod | None, new: Pod | None) -> None:
        has_failed = new is not None and new.status.phase == "Failed"
        fails_now = has_failed and old is not None and old.status.phase != "Failed"
        for key in _owned(old, new):
            if fails_now:
                self.queue.add_after(key, FAILURES_TOGETHER_S)
            else:
                self.queue.add(key)

    async def reconcile(self, key: Key) -> float | None:
        """Take one Job a step further."""
        job = self._jobs.objects.get(key)
        if job is not None and job.spec.managed_by not in OURS:
            return None
        await self._let_go(key, job)
        if job is None or is_finished(job):
            if job is not None:
                self._failures.pop(job.metadata.uid, None)
            return None
        orphans = self._orphans(job)
        if orphans:
            await surely_there(self._client, job)
        return await self._match(job, (*self._pods.owned_by(job.metadata.uid), *orphans))

    async def _match(self, job: Job, pods: Iterable[Pod]) -> float | None:
        uid, now = job.metadata.uid, self._clock.now()
        earlier = self._failures.get(uid, Failures())
        pods = tuple(pods)
        decision = decide(job, pods, failures=earlier, now=now)
        copies = (self._jobs, self._pods)
        try:
            again_s = await carry_out(decision.plan, self._client, *copies, recorder=self._recorder)
        except ConflictError:
            raise
        except ApiError as error:
            if is_namespace_ending(error):
                return None
            if error.code < 500 and (decision.plan.create or decision.plan.delete):
                told = decide(job, pods, failures=earlier, now=now, may_touch_pods=False)
                status_only = Plan(status=told.plan.status, notices=told.plan.notices)
                await carry_out(status_only, self._client, *copies, recorder=self._recorder)
            raise
        self._remember(uid, decision.failures)
        return again_s

    def _remember(self, uid: str, failures: Failures) -> None:
        if failures.count:
            self._failures[uid] = failures
        else:
            self._failures.pop(uid, None)

    async def _let_go(self, key: Key, job: Job | None) -> None:
        """Take the finalizers off pods whose Job is gone, is another one or is over."""
        alive = job.metadata.uid if job is not None and not is_finished(job) else ""
        lost = [
            pod
            for pod in self._pods.by(_TRACKED, f"{key.namespace}/{key.name}")
            if _owner_uid(pod) != alive
            and (_owner_uid(pod) or not alive)  # An orphan may be adopted.
        ]
        if lost:
            plan = Plan(patch=tuple(map(released, lost)))
            await carry_out(plan, self._client, self._pods)

    def _orphans(self, job: Job) -> list[Pod]:
        if job.metadata.deletion_timestamp is not None:
            return []
        return orphans_of(self._pods, job.metadata.namespace, _selector_of(job))


_owned = owner("Job")


def _selector_of(job: Job) -> Selector:
    return from_object(job.spec.selector)


def _owner_uid(pod: Pod) -> str:
    reference = controller_of(pod)
    return reference.uid if reference is not None and reference.kind == "Job" else ""


def _job_named(pod: Pod) -> str:
    """The Job a pod belongs to, or belonged to."""
    reference = controller_of(pod)
    if reference is not None and reference.kind == "Job":
        return reference.name
    return pod.metadata.labels.get(JOB_NAME, "")


def _places(pod: Pod) -> Iterator[str]:
    if is_tracked(pod):
        yield f"{pod.metadata.namespace}/{_job_named(pod)}"


def _lost(pod: Pod) -> Iterable[Key]:
    """The Job that a tracked pod without an owner names."""
    if is_tracked(pod) and not _owner_uid(pod):
        return (Key(pod.metadata.namespace, _job_named(pod)),)
    return ()
