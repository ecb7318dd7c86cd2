"""Watches CronJobs, their Jobs, and the clock."""

from controller_manager.cronjob.decide import decide
from controller_manager.refusals import is_namespace_ending
from knarr.api.batch.cron_job import CronJob
from knarr.api.batch.job import Job
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informers import Informers
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed, owner
from knarr.daemon.clock import Clock


class CronJobController:
    """Starts Jobs when they are due."""

    name = "cronjob"

    def __init__(
        self, client: Client, informers: Informers, recorder: EventRecorder, clock: Clock
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._cron_jobs = informers.of(CronJob)
        self._jobs = informers.of(Job)
        self._recorder = recorder
        self._clock = clock
        feed(self.queue, self._cron_jobs)
        feed(self.queue, self._jobs, owner("CronJob"))

    async def reconcile(self, key: Key) -> float | None:
        """Start what one CronJob has due; its status follows when the Job is there."""
        cron_job = self._cron_jobs.objects.get(key)
        if cron_job is None:
            return None
        jobs = self._jobs.owned_by(cron_job.metadata.uid)
        plan = decide(cron_job, jobs, now=self._clock.now())
        copies = (self._cron_jobs, self._jobs)
        try:
            return await carry_out(plan, self._client, *copies, recorder=self._recorder)
        except ApiError as error:
            if is_namespace_ending(error):
                return None
            raise
