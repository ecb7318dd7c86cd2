"""The Service of the name servers leads to those that live. Time is virtual."""

import asyncio
from collections.abc import Sequence

import pytest

from dns.presence import ALIVE_S, RENEW_S, Place, Presence, present
from knarr.api.coordination.lease import Lease
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.client.client import Client
from knarr.daemon.clock import LoopClock
from tests.unit.knarr.client.cluster import in_process

pytestmark = pytest.mark.looptime

SERVICE = Key("default", "names")


def place(server: str, address: str = "10.0.0.1") -> Place:
    return Place(SERVICE, server, address)


async def led_to(client: Client) -> Sequence[str]:
    found = await client.list(
        EndpointSlice,
        namespace="default",
        label_selector="kubernetes.io/service-name=names",
    )
    return sorted(address for one in found.items for address in one.endpoints[0].addresses)


async def test_leads_to_all_servers_and_not_to_one_that_ended() -> None:
    async with in_process() as client, present(client, place("a", "10.0.0.1"), LoopClock()):
        async with present(client, place("b", "10.0.0.2"), LoopClock()):
            await asyncio.sleep(2 * RENEW_S)
            assert await led_to(client) == ["10.0.0.1", "10.0.0.2"]
        assert await led_to(client) == ["10.0.0.1"]


async def test_a_server_that_died_is_taken_out_by_another() -> None:
    async with in_process() as client:
        async with asyncio.TaskGroup() as group:
            dying = group.create_task(Presence(client, place("b", "10.0.0.2"), LoopClock()).run())
            await asyncio.sleep(2 * RENEW_S)
            dying.cancel()
        async with present(client, place("a", "10.0.0.1"), LoopClock()):
            await asyncio.sleep(ALIVE_S - RENEW_S)
            assert await led_to(client) == ["10.0.0.1", "10.0.0.2"]
            await asyncio.sleep(2 * RENEW_S)
            assert await led_to(client) == ["10.0.0.1"]
            leases = await client.list(Lease, namespace="default")
            assert [one.metadata.name for one in leases.items] == ["names-a"]


async def test_a_server_that_came_back_elsewhere_is_found_there() -> None:
    async with in_process() as client:
        async with asyncio.TaskGroup() as group:
            dying = group.create_task(Presence(client, place("a", "10.0.0.1"), LoopClock()).run())
            await asyncio.sleep(1)
            dying.cancel()
        async with present(client, place("a", "10.0.0.9"), LoopClock()):
            await asyncio.sleep(1)
            assert await led_to(client) == ["10.0.0.9"]


async def test_goes_on_when_the_server_cannot_be_asked() -> None:
    class Cut:
        """Fails at first."""

        def __init__(self, client: Client) -> None:
            self.client = client
            self.fails = 2

        def __getattr__(self, name: str) -> object:
            if self.fails:
                self.fails -= 1
                raise ApiError("the line is cut")
            return getattr(self.client, name)

    async with in_process() as client:
        cut: Client = Cut(client)  # type: ignore[assignment]  # as much of a client as is asked for
        async with asyncio.TaskGroup() as group:
            running = group.create_task(Presence(cut, place("a"), LoopClock()).run())
            await asyncio.sleep(3 * RENEW_S)
            assert await led_to(client) == ["10.0.0.1"]
            running.cancel()
