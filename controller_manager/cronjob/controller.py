"""Watches CronJobs, their Jobs, and the clock."""

import asyncio

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

CLOCK = Key("", "")
"""The key under which the clock is looked at."""

CLOCK_CHECKED_S = 60.0
"""How often: once for all CronJobs, so that a thousand of them cost nothing while they wait."""

CLOCK_OFF_MAX_S = 0.5
"""Clocks are slewed all the time by less."""


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
        self._offset_s = self._clock_minus_timers_s()
        self.queue.add_after(CLOCK, CLOCK_CHECKED_S)
        feed(self.queue, self._cron_jobs)
        feed(self.queue, self._jobs, owner("CronJob"))

    async def reconcile(self, key: Key) -> float | None:
        """Start what one CronJob has due; its status follows when the Job is there."""
        if key == CLOCK:
            self._check_clock()
            return CLOCK_CHECKED_S
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

    def _check_clock(self) -> None:
        """Look at all CronJobs when the clock was set or the machine slept: timers know neither."""
        offset_s = self._clock_minus_timers_s()
        if abs(offset_s - self._offset_s) > CLOCK_OFF_MAX_S:
            for key in self._cron_jobs.objects:
                self.queue.add(key)
        self._offset_s = offset_s

    def _clock_minus_timers_s(self) -> float:
        return self._clock.now().timestamp() - asyncio.get_running_loop().time()
