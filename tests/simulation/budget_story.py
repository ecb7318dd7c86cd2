"""Two people drain nodes and evict at random, while a disruption budget has the say."""

import asyncio
from dataclasses import dataclass
from random import Random

from msgspec.structs import replace

from knarr.api.apps.deployment import Deployment
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.meta.status import Status
from knarr.api.pods import is_active, is_ready
from knarr.api.policy.eviction import Eviction
from knarr.api.policy.pod_disruption_budget import PodDisruptionBudget, PodDisruptionBudgetSpec
from tests.builders import deployment
from tests.simulation.faults import FaultyClient, drawn
from tests.simulation.history import History
from tests.simulation.virtual import run
from tests.simulation.world import NODES, World, world

TROUBLE_S = 45.0
SETTLE_S = 900.0
REPLICAS = 5


@dataclass(frozen=True)
class Outcome:
    """What came of a seed."""

    history: History
    least: int
    """So many healthy pods the budget asks for."""
    evicted: int
    """How many evictions were granted."""


def simulate_evictions(seed: int) -> Outcome:
    """Run the story of one seed and see that everything ends as wanted."""
    return run(_story(seed))


async def _story(seed: int) -> Outcome:
    chance = Random(seed)
    least = chance.randint(2, REPLICAS - 1)
    by_most = chance.random() < 0.5
    async with world(seed, drawn(chance)) as made:
        await asyncio.sleep(1.0)
        wanted = deployment(REPLICAS)
        meta = ObjectMeta(name="web", namespace="default")
        await made.client.create(replace(wanted, metadata=meta))
        await made.client.create(_budget(least, by_most=by_most))
        assert await made.settles(lambda: _all_ready(made), within_s=SETTLE_S), "begins well"
        async with asyncio.TaskGroup() as group:
            people = [group.create_task(_evict(made, Random(f"{seed}-{n}"))) for n in range(2)]
        granted = sum(each.result() for each in people)
        made.weather.calm()
        for node in NODES:
            await _cordon(made, node, unschedulable=False)
        assert await made.settles(lambda: _all_ready(made), within_s=SETTLE_S), "ends well"
        return Outcome(made.history, least, granted)


def _budget(least: int, *, by_most: bool) -> PodDisruptionBudget:
    spec = PodDisruptionBudgetSpec(
        selector=LabelSelector(match_labels={"app": "web"}),
        min_available=None if by_most else least,
        max_unavailable=REPLICAS - least if by_most else None,
    )
    return PodDisruptionBudget(metadata=ObjectMeta(name="web", namespace="default"), spec=spec)


async def _all_ready(made: World) -> bool:
    found = await made.client.get(Deployment, Key("default", "web"))
    return found.status.ready_replicas == REPLICAS == found.status.replicas


async def _evict(made: World, chance: Random) -> int:
    """Evict whatever comes, drain a node now and then, until the time is over."""
    client = FaultyClient(made.client, made.weather, chance)
    loop = asyncio.get_running_loop()
    until_s, granted = loop.time() + TROUBLE_S, 0
    while loop.time() < until_s:
        act = chance.random()
        if act < 0.1 and made.runs("controllers"):
            await made.restart("controllers", after_s=chance.random() * 3.0)
        elif act < 0.25:
            await _cordon(made, chance.choice(NODES), unschedulable=chance.random() < 0.5)
        else:
            granted += await _evict_one(made, client, chance)
        await asyncio.sleep(chance.random() * 3.0)
    return granted


async def _evict_one(made: World, client: FaultyClient, chance: Random) -> bool:
    pods = sorted(pod.metadata.name for pod in await made.list(Pod))
    if not pods:
        return False
    key = Key("default", chance.choice(pods))
    eviction = Eviction(metadata=ObjectMeta(name=key.name, namespace="default"))
    try:
        await client.call(Pod, key, "eviction", eviction, Status)
    except ApiError:
        return False
    return True


async def _cordon(made: World, name: str, *, unschedulable: bool) -> None:
    patch = {"spec": {"unschedulable": unschedulable}}
    await made.client.patch(Node, Key("", name), patch)


def never_overdrawn(outcome: Outcome) -> None:
    """Once there were enough healthy pods there always are: only evictions take any."""
    healthy: set[str] = set()
    was_enough = False
    for moment in outcome.history:
        pod = moment.new or moment.old
        if not isinstance(pod, Pod):
            continue
        counts = moment.new is not None and is_active(pod) and is_ready(pod)
        (healthy.add if counts else healthy.discard)(pod.metadata.uid)
        was_enough = was_enough or len(healthy) == REPLICAS
        assert not was_enough or len(healthy) >= outcome.least, (
            f"{len(healthy)} healthy at revision {moment.revision}, at least {outcome.least}"
        )
