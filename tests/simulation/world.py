"""A whole control plane in one loop, under virtual time, out of one seed.

The registry over the memory store, the clients, informers, controllers and the
scheduler are the real ones. Kubelets are whatever the world is told to use.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from apiserver.registry.registry import Registry
from apiserver.registry.settings import Settings
from apiserver.storage.memory import MemoryStore
from controller_manager.manager import run_controllers
from controller_manager.settings import ControllerSettings
from knarr.api.structs import ApiStruct
from knarr.client.client import Client
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import LoopClock
from scheduler.scheduler import run_scheduler
from tests.simulation.faults import FaultyClient, Weather
from tests.simulation.history import History
from tests.simulation.stand_ins import run_kubelet

NODES = tuple(f"node-{number}" for number in range(3))

Part = Callable[[Client, LoopClock, Random], Awaitable[None]]


def _controllers(client: Client, clock: LoopClock, chance: Random) -> Awaitable[None]:
    return run_controllers(client, clock, chance, ControllerSettings(root_ca="the CA"))


def _kubelet(node: str) -> Part:
    return lambda client, clock, chance: run_kubelet(client, clock, chance, node)


PARTS: dict[str, Part] = {
    "controllers": _controllers,
    "scheduler": run_scheduler,
    **{f"kubelet-{node}": _kubelet(node) for node in NODES},
}
"""What a world consists of beside the server, by name."""


@dataclass
class World:
    """The running parts, and the hands that meddle with them."""

    chance: Random
    weather: Weather
    store: MemoryStore
    registry: Registry
    group: asyncio.TaskGroup
    clock: LoopClock = field(default_factory=LoopClock)
    history: History = field(default_factory=History)
    parts: dict[str, Part] = field(default_factory=lambda: dict(PARTS))
    _running: dict[str, asyncio.Task[Any]] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        """A client that always gets through: the user's."""
        return InProcessClient(self.registry)

    def start(self, part: str) -> None:
        """Start a part that does not run."""
        chance = Random(self.chance.getrandbits(64))
        client = FaultyClient(self.client, self.weather, chance)
        run = self.parts[part](client, self.clock, chance)
        self._running[part] = self.group.create_task(_forever(run), name=part)

    async def kill(self, part: str) -> None:
        """End a part, in the middle of whatever it does."""
        task = self._running.pop(part)
        task.cancel()
        await asyncio.wait([task])

    async def restart(self, part: str, *, after_s: float = 0.0) -> None:
        """Kill a part and start it again after a while."""
        await self.kill(part)
        await asyncio.sleep(after_s)
        self.start(part)

    def runs(self, part: str) -> bool:
        """Whether a part runs."""
        return part in self._running

    async def list(self, object_type: type[ApiStruct]) -> list[Any]:
        """All objects of a kind, as they are now."""
        return list((await self.client.list(object_type)).items)

    async def settles(self, holds: Callable[[], Awaitable[bool]], *, within_s: float) -> bool:
        """Whether something becomes true in time."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + within_s
        while loop.time() < until_s:
            if await holds():
                return True
            await asyncio.sleep(1.0)
        return False


async def _forever(run: Awaitable[None]) -> None:
    await run
    raise AssertionError("a part ended by itself")


@asynccontextmanager
async def world(seed: int, weather: Weather) -> AsyncIterator[World]:
    """A world that lasts as long as the block."""
    chance = Random(seed)
    store = MemoryStore()
    clock = LoopClock()
    settings = Settings(service_account_tokens=False)
    registry = Registry(store, clock=clock, rng=Random(chance.getrandbits(64)), settings=settings)
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Task[Any]] = []
    async with asyncio.TaskGroup() as group:
        made = World(chance, weather, store, registry, group, clock)
        tasks.append(group.create_task(made.history.follow(store, loop.time), name="history"))
        tasks.append(group.create_task(registry.run(), name="registry"))
        await registry.ready()
        for part in made.parts:
            made.start(part)
        try:
            yield made
        finally:
            for part in list(made.parts):
                if made.runs(part):
                    await made.kill(part)
            for task in tasks:
                task.cancel()
