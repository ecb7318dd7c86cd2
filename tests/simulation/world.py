"""A whole control plane in one loop, under virtual time, out of one seed.

The registry over the memory store, the clients, informers, controllers and the
scheduler are the real ones. Kubelets are whatever the world is told to use.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from apiserver.registry.registry import Registry
from apiserver.registry.settings import Settings
from controller_manager.manager import run_controllers
from controller_manager.settings import ControllerSettings
from knarr.api.structs import ApiStruct
from knarr.client.client import Client
from knarr.client.leader import LeadershipLostError, leadership
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import Clock, LoopClock
from scheduler.scheduler import run_scheduler
from tests.simulation.faults import FaultyClient, SkewedClock, SmallDisk, Weather
from tests.simulation.history import History
from tests.simulation.stand_ins import run_kubelet

NODES = tuple(f"node-{number}" for number in range(3))

Part = Callable[[Client, Clock, Random], Awaitable[None]]


def _controllers(client: Client, clock: Clock, chance: Random) -> Awaitable[None]:
    # Nobody looks into the folders, and none is ever made.
    settings = ControllerSettings(root_ca="the CA", provision_root="/no/such/place")
    return run_controllers(client, clock, chance, settings)


def _kubelet(node: str) -> Part:
    return lambda client, clock, chance: run_kubelet(client, clock, chance, node)


PARTS: dict[str, Part] = {
    "controllers": _controllers,
    "scheduler": run_scheduler,
    **{f"kubelet-{node}": _kubelet(node) for node in NODES},
}
"""What a world consists of beside the server, by name."""


@dataclass
class Offices:
    """Parts of which there are two each, and who leads."""

    leaders: dict[str, set[str]] = field(default_factory=dict)
    taken_at_s: dict[str, float] = field(default_factory=dict)
    """When somebody last began to lead."""

    def parts(self) -> dict[str, Part]:
        """Two controller managers and two schedulers, beside the kubelets."""
        led = {"controllers": _controllers, "scheduler": run_scheduler}
        doubled = {
            f"{name}-{one}": self._led(name, one, run) for name, run in led.items() for one in "ab"
        }
        return {**doubled, **{name: run for name, run in PARTS.items() if name not in led}}

    def _led(self, name: str, one: str, run: Part) -> Part:
        async def part(client: Client, clock: Clock, chance: Random) -> None:
            identity = f"{name}-{one}-{chance.getrandbits(32):08x}"
            while True:
                try:
                    async with leadership(client, name, identity, clock):
                        with self._alone(name, one):
                            await run(client, clock, chance)
                except* LeadershipLostError:
                    await asyncio.sleep(1.0)

        return part

    @contextmanager
    def _alone(self, name: str, one: str) -> Iterator[None]:
        leaders = self.leaders.setdefault(name, set())
        assert not leaders, f"{name}-{one} leads beside {leaders}"
        leaders.add(one)
        self.taken_at_s[name] = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            leaders.discard(one)


@dataclass
class World:
    """The running parts, and the hands that meddle with them."""

    chance: Random
    weather: Weather
    store: SmallDisk
    registry: Registry
    group: asyncio.TaskGroup
    clock: LoopClock = field(default_factory=LoopClock)
    history: History = field(default_factory=History)
    parts: dict[str, Part] = field(default_factory=lambda: dict(PARTS))
    _running: dict[str, asyncio.Task[Any]] = field(default_factory=dict)
    _clients: dict[str, FaultyClient] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        """A client that always gets through: the user's."""
        return InProcessClient(self.registry)

    def start(self, part: str) -> None:
        """Start a part that does not run."""
        chance = Random(self.chance.getrandbits(64))
        client = self._clients[part] = FaultyClient(self.client, self.weather, chance)
        skew_s = (chance.random() * 2 - 1) * self.weather.skew_max_s
        clock = SkewedClock(self.clock, skew_s) if skew_s else self.clock
        run = self.parts[part](client, clock, chance)
        self._running[part] = self.group.create_task(_forever(run), name=part)

    async def kill(self, part: str) -> None:
        """End a part, in the middle of whatever it does."""
        task = self._running.pop(part)
        task.cancel()
        await asyncio.wait([task])

    async def crash(self, part: str) -> None:
        """End a part without a last word: whatever it says on its way out gets lost."""
        self._clients[part].is_cut = True
        await self.kill(part)

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
async def world(
    seed: int, weather: Weather, parts: Mapping[str, Part] = PARTS
) -> AsyncIterator[World]:
    """A world that lasts as long as the block."""
    chance = Random(seed)
    store = SmallDisk()
    clock = LoopClock()
    settings = Settings(service_account_tokens=False)
    registry = Registry(store, clock=clock, rng=Random(chance.getrandbits(64)), settings=settings)
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Task[Any]] = []
    async with asyncio.TaskGroup() as group:
        made = World(chance, weather, store, registry, group, clock, parts=dict(parts))
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
