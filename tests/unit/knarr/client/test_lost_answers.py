"""Never too many: a controller that reads its own writes, on a line that loses answers.

The children's names are made by the server, so nothing but the controller's own
view keeps it from making one twice. Time is virtual, a seed draws the faults.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any, cast

import pytest

from knarr.api.core.config_map import ConfigMap
from knarr.api.errors import RequestTimeoutError, ServiceUnavailableError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.plan import Plan
from knarr.client.carry_out import carry_out
from knarr.client.client import Client, Watched
from knarr.client.controller import run_controller
from knarr.client.informer import Informer
from knarr.client.informers import Informers
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed
from tests.unit.knarr.client.cluster import in_process

pytestmark = pytest.mark.looptime

WANTED = 6
ONE = Key("", "all")


class Lossy:
    """A client on a line that loses requests and answers, delays and drops watches."""

    def __init__(self, client: Client, chance: Random) -> None:
        self._client = client
        self._chance = chance
        self.is_healed = False
        self.lost = 0

    def _happens(self, probability: float) -> bool:
        return not self.is_healed and self._chance.random() < probability

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any, **named: Any) -> Any:
            await asyncio.sleep(self._chance.random() * 0.1)
            if self._happens(0.1):
                raise ServiceUnavailableError("the request is lost")
            answer = await getattr(self._client, name)(*arguments, **named)
            if self._happens(0.2):
                self.lost += 1
                raise RequestTimeoutError("the answer is lost")
            return answer

        return call

    async def watch(self, *arguments: Any, **named: Any) -> AsyncIterator[Sequence[Watched[Any]]]:
        async for batch in self._client.watch(*arguments, **named):
            if self._happens(0.1):
                raise ServiceUnavailableError("the watch is dropped")
            await asyncio.sleep(self._chance.random() * 2.0)
            yield batch


class Keeper:
    """Keeps so many ConfigMaps."""

    name = "keeper"

    def __init__(self, client: Client, configs: Informer[ConfigMap]) -> None:
        self.queue: WorkQueue[Key] = WorkQueue()
        self._client = client
        self._configs = configs
        feed(self.queue, configs, each(lambda _: [ONE]))

    async def reconcile(self, key: Key) -> float | None:
        there = list(self._configs.objects.values())
        metadata = ObjectMeta(namespace="default", generate_name="kept-", labels={"is": "kept"})
        return await carry_out(
            Plan(
                create=(ConfigMap(metadata=metadata),) * max(WANTED - len(there), 0),
                delete=tuple(there[WANTED:]),
                again_after_s=1.0,
            ),
            self._client,
            self._configs,
        )


async def kept(seed: int) -> tuple[int, int, int]:
    """The most there ever were, how many there are in the end, and how many answers were lost."""
    chance = Random(seed)
    async with in_process() as client:
        line = Lossy(client, chance)
        async with Informers(cast("Client", line)) as informers:
            configs = informers.of(ConfigMap, namespace="default", label_selector="is=kept")
            keeper = Keeper(cast("Client", line), configs)
            await informers.listed()
            keeper.queue.add(ONE)
            most = 0
            async with asyncio.TaskGroup() as group:
                running = group.create_task(run_controller(keeper, workers=1))
                for _ in range(60):
                    await asyncio.sleep(chance.random() * 2)
                    listed = await client.list(
                        ConfigMap, namespace="default", label_selector="is=kept"
                    )
                    most = max(most, len(listed.items))
                    if listed.items and chance.random() < 0.5:
                        name = chance.choice(sorted(o.metadata.name for o in listed.items))
                        await client.delete(ConfigMap, Key("default", name))
                line.is_healed = True
                await asyncio.sleep(60)
                listed = await client.list(ConfigMap, namespace="default", label_selector="is=kept")
                running.cancel()
            return most, len(listed.items), line.lost


@pytest.mark.parametrize("seed", range(12))
async def test_never_too_many_and_enough_in_the_end(seed: int) -> None:
    most, left, lost = await kept(seed)
    assert lost, "the seed draws some trouble"
    assert most <= WANTED
    assert left == WANTED


async def test_a_seed_is_a_reproduction() -> None:
    assert await kept(3) == await kept(3)
