"""What becomes of writes whose answers the store has lost."""

import asyncio
from random import Random

import pytest

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, Request
from apiserver.storage.memory import MemoryStore
from apiserver.storage.store import UnknownOutcomeError
from knarr.api.core.config_map import ConfigMap
from knarr.api.kind_table import kind_of
from knarr.api.meta.object_meta import ObjectMeta
from tests.unit.apiserver.registry.conftest import StoppedClock


class ForgetfulStore(MemoryStore):
    """Does updates, and does not say so."""

    def __init__(self) -> None:
        super().__init__()
        self.forgets = False
        self.updates = 0

    async def update(self, key: str, value: bytes, *, expected: int, ttl_s: int = 0) -> int:
        self.updates += self.forgets
        revision = await super().update(key, value, expected=expected, ttl_s=ttl_s)
        if self.forgets:
            raise UnknownOutcomeError("the answer was lost")
        return revision


async def test_a_write_that_may_be_done_is_not_done_again() -> None:
    """The next look shows a newer object, which is our own: no reason to try once more."""
    store = ForgetfulStore()
    registry = Registry(store, clock=StoppedClock(), rng=Random(1))
    request = Request(user=SYSTEM, kind=kind_of(ConfigMap), namespace="default", name="a")
    async with asyncio.TaskGroup() as group:
        running = group.create_task(registry.run())
        await registry.ready()
        meta = ObjectMeta(name="a")
        await registry.create(request, Body(ConfigMap(metadata=meta)))
        store.forgets = True
        with pytest.raises(UnknownOutcomeError):
            await registry.update(request, Body(ConfigMap(metadata=meta, data={"x": "1"})))
        assert store.updates == 1
        running.cancel()
