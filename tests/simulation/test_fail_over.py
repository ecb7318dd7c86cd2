"""Of two controller managers and two schedulers one each works; the other takes over."""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from knarr.api.apps.deployment import Deployment
from knarr.api.batch.cron_job import CronJob, CronJobSpec
from knarr.api.batch.job import Job, JobSpec, JobTemplateSpec
from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.leader import LEASE_DURATION_S, RETRY_PERIOD_S
from tests.builders import deployment, template
from tests.simulation.checks import never_beyond_bounds, never_moved
from tests.simulation.faults import Weather
from tests.simulation.virtual import run
from tests.simulation.world import Offices, World, world

HANDOVER_S = LEASE_DURATION_S + 2 * RETRY_PERIOD_S
"""Whoever waits looks at the Lease this often, and takes it when it is over."""

Story = Callable[[World, Offices], Awaitable[None]]


def story(tell: Story) -> None:
    """Run it in virtual time, with two of each."""

    async def main() -> None:
        offices = Offices()
        async with world(3, Weather(), offices.parts()) as made:
            await asyncio.sleep(10.0)
            await tell(made, offices)

    run(main())


async def ready(made: World, count: int) -> None:
    async def holds() -> bool:
        status = (await made.client.get(Deployment, Key("default", "web"))).status
        return status.updated_replicas == status.ready_replicas == status.replicas == count

    assert await made.settles(holds, within_s=120.0)


def test_a_leader_that_dies_is_replaced_within_the_lease_time() -> None:
    async def tell(made: World, offices: Offices) -> None:
        wanted = replace(deployment(5), metadata=ObjectMeta(name="web", namespace="default"))
        await made.client.create(wanted)
        await ready(made, 5)
        loop = asyncio.get_running_loop()
        for round_ in range(3):
            await made.client.patch(
                Deployment,
                Key("default", "web"),
                {"spec": {"template": {"metadata": {"annotations": {"round": f"{round_}"}}}}},
            )
            await asyncio.sleep(1.0)
            died_at_s = loop.time()
            for name in ("controllers", "scheduler"):
                (leader,) = offices.leaders[name]
                await made.crash(f"{name}-{leader}")
                made.start(f"{name}-{leader}")
            await asyncio.sleep(HANDOVER_S + 1.0)
            for name in ("controllers", "scheduler"):
                assert len(offices.leaders[name]) == 1
                assert 0 < offices.taken_at_s[name] - died_at_s <= HANDOVER_S
            await ready(made, 5)
        never_beyond_bounds(made.history, disturbed=False)
        never_moved(made.history)
        assert len(await made.list(Pod)) == 5, "nothing is lost, nothing made twice"

    story(tell)


def test_a_leader_that_ends_well_is_replaced_at_once() -> None:
    async def tell(made: World, offices: Offices) -> None:
        (leader,) = offices.leaders["controllers"]
        ended_at_s = asyncio.get_running_loop().time()
        await made.kill(f"controllers-{leader}")
        await asyncio.sleep(2 * RETRY_PERIOD_S)
        (other,) = offices.leaders["controllers"]
        assert other != leader
        assert offices.taken_at_s["controllers"] - ended_at_s <= RETRY_PERIOD_S + 1.0

    story(tell)


def test_no_start_of_a_cron_job_is_lost_or_doubled_when_leaders_change() -> None:
    async def tell(made: World, offices: Offices) -> None:
        once = template(app="job")
        job = JobSpec(template=replace(once, spec=replace(once.spec, restart_policy="Never")))
        spec = CronJobSpec(
            schedule="* * * * *",
            job_template=JobTemplateSpec(spec=job),
            successful_jobs_history_limit=100,
            failed_jobs_history_limit=100,
        )
        await made.client.create(
            CronJob(metadata=ObjectMeta(name="tick", namespace="default"), spec=spec)
        )
        started = made.clock.now()
        for _ in range(10):
            await asyncio.sleep(53.0)
            (leader,) = offices.leaders["controllers"]
            await made.crash(f"controllers-{leader}")
            made.start(f"controllers-{leader}")
            await asyncio.sleep(HANDOVER_S)
        minutes = int(made.clock.now().timestamp() // 60 - started.timestamp() // 60)
        names = {job.metadata.name for job in await made.list(Job)}
        assert len(names) in (minutes, minutes - 1), "the last may be on its way"
        numbers = sorted(int(name.rpartition("-")[2]) for name in names)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

    story(tell)
