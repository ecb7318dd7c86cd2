"""A month of CronJobs in seconds, with the change to summer time, on clocks that jump."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from msgspec.structs import replace

from apiserver.registry.registry import Registry
from apiserver.registry.settings import Settings
from apiserver.storage import cache
from apiserver.storage.memory import MemoryStore
from controller_manager.manager import run_controllers
from controller_manager.settings import ControllerSettings
from knarr.api import conditions
from knarr.api.batch.cron_job import CronJob, CronJobSpec
from knarr.api.batch.job import Job, JobCondition, JobSpec, JobTemplateSpec
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.times import to_time
from knarr.client.client import Client
from knarr.client.controller import run_controller
from knarr.client.informers import Informers
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import Clock, LoopClock
from tests.builders import template
from tests.simulation.virtual import run

MONTH_S = 31 * 24 * 3600.0
START = datetime(2026, 3, 1, tzinfo=UTC)


class JumpingClock:
    """A clock that somebody sets forward and back."""

    def __init__(self, right: Clock) -> None:
        self._right = right
        self.jump_s = 0.0

    def now(self) -> datetime:
        """What it takes for the present."""
        return self._right.now() + timedelta(seconds=self.jump_s)


class Finisher:
    """Says of each Job that it is done, so that no pods are needed."""

    name = "finisher"

    def __init__(self, client: Client, informers: Informers, clock: Clock) -> None:
        self.queue: WorkQueue[Key] = WorkQueue()
        self.names: set[str] = set()
        self._client = client
        self._jobs = informers.of(Job)
        self._clock = clock
        feed(self.queue, self._jobs)

    async def reconcile(self, key: Key) -> None:
        """Finish a Job."""
        job = self._jobs.objects.get(key)
        if job is None or conditions.is_true(job.status.conditions, "Complete"):
            return
        self.names.add(key.name)
        now = to_time(self._clock.now())
        done = tuple(
            JobCondition(type=kind, status="True", last_transition_time=now)
            for kind in ("SuccessCriteriaMet", "Complete")
        )
        status = replace(
            job.status, conditions=done, succeeded=1, start_time=now, completion_time=now
        )
        await self._client.update(replace(job, status=status), subresource="status")


@pytest.fixture(autouse=True)
def _no_bookmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of what a month would cost is a bookmark a minute for each of sixty kinds."""
    monkeypatch.setattr(cache, "BOOKMARK_EVERY_S", MONTH_S)


def cron_job(name: str, schedule: str, time_zone: str | None = None) -> CronJob:
    once = template(app="job")
    # Somebody else runs these Jobs, so the Job controller leaves them alone.
    job = JobSpec(
        managed_by="example.com/finisher",
        template=replace(once, spec=replace(once.spec, restart_policy="Never")),
    )
    return CronJob(
        metadata=ObjectMeta(name=name, namespace="default"),
        spec=CronJobSpec(
            schedule=schedule, time_zone=time_zone, job_template=JobTemplateSpec(spec=job)
        ),
    )


async def month(jumps: dict[float, float], *cron_jobs: CronJob) -> dict[str, list[datetime]]:
    """The starts of each CronJob in a March, clocks set forward or back at some moments."""
    clock = JumpingClock(LoopClock(START))
    settings = Settings(service_account_tokens=False)
    registry = Registry(MemoryStore(), clock=clock, rng=Random(1), settings=settings)
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(registry.run())]
        await registry.ready()
        client = InProcessClient(registry)
        wanted = ControllerSettings(controllers=("cronjob",))
        running.append(group.create_task(run_controllers(client, clock, Random(1), wanted)))
        async with Informers(client) as informers:
            finisher = Finisher(client, informers, clock)
            await informers.listed()
            running.append(group.create_task(run_controller(finisher)))
            for each in cron_jobs:
                await client.create(each)
            passed_s = 0.0
            for at_s in [*sorted(jumps), MONTH_S]:
                await asyncio.sleep(at_s - passed_s)
                passed_s = at_s
                clock.jump_s += jumps.get(at_s, 0.0)
            kept = len((await client.list(Job)).items)
            assert kept <= 4 * len(cron_jobs), "history is kept short"
        for task in running:
            task.cancel()
    found: dict[str, list[datetime]] = {each.metadata.name: [] for each in cron_jobs}
    for name in finisher.names:
        owner, _, minute = name.rpartition("-")
        found[owner].append(datetime.fromtimestamp(int(minute) * 60, UTC))
    return {name: sorted(starts) for name, starts in found.items()}


def test_a_month() -> None:
    found = run(
        month(
            {},
            cron_job("often", "0 */6 * * *"),
            cron_job("nightly", "30 2 * * *", "Europe/Berlin"),
            cron_job("weekly", "@weekly"),
        )
    )
    assert found["often"] == [START + timedelta(hours=hour) for hour in range(6, 31 * 24, 6)]
    assert found["weekly"] == [START + timedelta(days=day) for day in (7, 14, 21, 28)]
    # On the 29th there is no half past two in Berlin; before that it is 01:30, after 00:30 UTC.
    days = {each.day: each for each in found["nightly"]}
    assert sorted(days) == [day for day in range(1, 32) if day != 29]
    assert {each.hour for day, each in days.items() if day < 29} == {1}
    assert {each.hour for day, each in days.items() if day > 29} == {0}


def test_clocks_that_jump_start_nothing_twice() -> None:
    day_s = 24 * 3600.0
    jumps = {5 * day_s + 60: 46800.0, 12 * day_s + 60: -39600.0, 20 * day_s + 60: 60.0}
    found = run(month(jumps, cron_job("often", "0 */6 * * *")))
    starts = found["often"]
    assert len(starts) == len(set(starts))
    missing = {START + timedelta(hours=hour) for hour in range(6, 31 * 24, 6)} - set(starts)
    # Of the two moments that the first jump left out the later one is made up for.
    assert missing == {START + timedelta(days=5, hours=6)}
