"""A registry over the memory store."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from random import Random

import pytest

from apiserver.registry.registry import Registry
from apiserver.storage.memory import MemoryStore
from knarr.daemon.clock import SIMULATION_START


class StoppedClock:
    """Always says the same time."""

    def now(self) -> datetime:
        return SIMULATION_START


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    store = MemoryStore()
    made = Registry(store, clock=StoppedClock(), rng=Random(1))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(made.run())
        await made.ready()
        yield made
        running.cancel()
