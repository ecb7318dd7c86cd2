"""Watches Jobs for their end."""

from controller_manager.ttlafterfinished.decide import decide
from knarr.api.batch.job import Job
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed
from knarr.daemon.clock import Clock


class TtlAfterFinishedController:
    """Deletes finished Jobs in time."""

    name = "ttl-after-finished"

    def __init__(self, client: Client, jobs: Informer[Job], clock: Clock) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._jobs = jobs
        self._clock = clock
        feed(self.queue, jobs)

    async def reconcile(self, key: Key) -> float | None:
        """Look whether one Job's time is up."""
        job = self._jobs.objects.get(key)
        if job is None:
            return None
        return await carry_out(decide(job, now=self._clock.now()), self._client, self._jobs)
