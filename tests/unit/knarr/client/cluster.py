"""A registry over the memory store and clients straight on it, all in the test's loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from apiserver.registry.registry import Registry
from apiserver.registry.settings import Settings
from apiserver.storage.memory import MemoryStore
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import LoopClock, seeded


@asynccontextmanager
async def in_process(service_network: str = "10.96.0.0/16") -> AsyncIterator[InProcessClient]:
    """A client of a server that runs while the block does."""
    registry = Registry(
        MemoryStore(),
        clock=LoopClock(),
        rng=seeded(1),
        settings=Settings(service_account_tokens=False, service_network=service_network),
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(registry.run())
        await registry.ready()
        yield InProcessClient(registry)
        running.cancel()
