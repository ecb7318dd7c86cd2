"""The Service `kubernetes` leads to the API servers that live."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

import pytest

from apiserver.registry.advertise import LEASE_S, PREFIX, advertised
from apiserver.registry.registry import Registry
from apiserver.registry.settings import Settings
from apiserver.storage.memory import MemoryStore
from knarr.api.core.endpoints import Endpoints
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.structs import ApiStruct
from tests.unit.apiserver.registry.conftest import StoppedClock


@asynccontextmanager
async def server(store: MemoryStore, address: str) -> AsyncIterator[Registry]:
    settings = Settings(advertise_address=address)
    made = Registry(store, clock=StoppedClock(), rng=Random(1), settings=settings)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(made.run())
        await made.ready()
        yield made
        running.cancel()


def led_to(registry: Registry) -> Sequence[str]:
    """The addresses in both objects, which must agree."""
    endpoints, slices = _object(registry, Endpoints), _object(registry, EndpointSlice)
    assert isinstance(endpoints, Endpoints)
    assert isinstance(slices, EndpointSlice)
    found = [one.ip for subset in endpoints.subsets for one in subset.addresses]
    assert found == [one.addresses[0] for one in slices.endpoints]
    return found


def _object(registry: Registry, kind: type[ApiStruct]) -> object:
    resource = registry.core.resource(kind)
    entry = resource.cache.get(resource.key("default", "kubernetes"))
    assert entry is not None
    return entry.object


async def until(registry: Registry, addresses: Sequence[str]) -> None:
    async with asyncio.timeout(2):
        while led_to(registry) != addresses:
            await asyncio.sleep(0.01)


async def test_leads_to_all_servers_and_not_to_one_that_stopped() -> None:
    store = MemoryStore()
    async with server(store, "10.0.0.10") as first, advertised(first.core, is_shared=True):
        async with server(store, "10.0.0.9") as second:
            async with advertised(second.core, is_shared=True):
                await until(first, ["10.0.0.9", "10.0.0.10"])
            await until(first, ["10.0.0.10"])


async def test_the_last_server_stays_in() -> None:
    store = MemoryStore()
    async with server(store, "10.0.0.10") as only:
        async with advertised(only.core, is_shared=True):
            async with asyncio.timeout(2):
                while (await store.range(PREFIX)).total != 1:
                    await asyncio.sleep(0.01)
        assert led_to(only) == ["10.0.0.10"]
        assert (await store.range(PREFIX)).total == 0


async def test_a_server_that_moved_is_found_again() -> None:
    store = MemoryStore()
    async with server(store, "10.0.0.10"):
        pass
    async with server(store, "10.0.0.20") as moved:
        assert led_to(moved) == ["10.0.0.10"]
        async with advertised(moved.core, is_shared=False):
            await until(moved, ["10.0.0.20"])


async def test_a_server_that_died_is_out_when_its_lease_ends() -> None:
    store = MemoryStore()
    dead = await store.create(f"{PREFIX}10.0.0.9", b"{}", ttl_s=LEASE_S)
    async with server(store, "10.0.0.10") as other:
        async with advertised(other.core, is_shared=True):
            await until(other, ["10.0.0.9", "10.0.0.10"])
        await store.delete(f"{PREFIX}10.0.0.9", expected=dead)
        async with advertised(other.core, is_shared=True):
            await until(other, ["10.0.0.10"])


@pytest.mark.parametrize("is_shared", [True, False])
async def test_a_server_without_address_is_not_advertised(*, is_shared: bool) -> None:
    store = MemoryStore()
    async with server(store, "") as made, advertised(made.core, is_shared=is_shared):
        assert (await store.range(PREFIX)).total == 0
