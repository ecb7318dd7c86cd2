"""Who leads, when, and what ends it. Time is virtual."""

import asyncio
from typing import Any, cast

import pytest

from knarr.api.coordination.lease import Lease
from knarr.api.errors import ServiceUnavailableError
from knarr.api.keys import Key
from knarr.client.client import Client
from knarr.client.leader import LeadershipLostError, leadership
from knarr.daemon.clock import LoopClock
from tests.unit.knarr.client.cluster import in_process

pytestmark = pytest.mark.looptime

KEY = Key("default", "test")


class Cuttable:
    """A client whose line can be cut."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.is_cut = False

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any, **named: Any) -> Any:
            if self.is_cut:
                raise ServiceUnavailableError("the line is cut")
            return await getattr(self.client, name)(*arguments, **named)

        return call


def lead(client: object, name: str) -> Any:
    return leadership(cast("Client", client), "test", name, LoopClock(), namespace="default")


async def test_a_lease_says_who_leads() -> None:
    async with in_process() as client:
        async with lead(client, "a"):
            await asyncio.sleep(30)
            spec = (await client.get(Lease, KEY)).spec
            assert (spec.holder_identity, spec.lease_duration_seconds) == ("a", 15)
            assert spec.renew_time is not None
            assert spec.renew_time > (spec.acquire_time or "")
        released = (await client.get(Lease, KEY)).spec
        assert released.holder_identity == ""


async def test_a_leader_cut_off_ends_before_the_next_begins() -> None:
    loop = asyncio.get_running_loop()
    moments: dict[str, float] = {}
    async with in_process() as client:
        line = Cuttable(client)

        async def first() -> None:
            try:
                async with lead(line, "a"):
                    moments["cut"] = loop.time()
                    line.is_cut = True
                    await loop.create_future()
            except* LeadershipLostError:
                moments["lost"] = loop.time()

        async def second() -> None:
            await asyncio.sleep(1)
            async with lead(client, "b"):
                moments["taken"] = loop.time()

        async with asyncio.TaskGroup() as group:
            group.create_task(first())
            group.create_task(second())
        assert moments["lost"] - moments["cut"] <= 12
        assert moments["lost"] < moments["taken"]
        assert moments["taken"] - moments["cut"] <= 20
        assert (await client.get(Lease, KEY)).spec.lease_transitions == 1


async def test_what_runs_inside_is_cancelled_when_leadership_is_lost() -> None:
    ended = False
    async with in_process() as client:
        line = Cuttable(client)

        async def work() -> None:
            nonlocal ended
            async with lead(line, "a"):
                line.is_cut = True
                try:
                    await asyncio.sleep(1000)
                finally:
                    ended = True

        with pytest.raises(ExceptionGroup) as caught:
            await work()
        assert caught.group_contains(LeadershipLostError)
    assert ended


async def test_a_short_cut_is_survived() -> None:
    async with in_process() as client:
        line = Cuttable(client)
        async with lead(line, "a"):
            line.is_cut = True
            await asyncio.sleep(7)
            line.is_cut = False
            await asyncio.sleep(60)
        assert (await client.get(Lease, KEY)).spec.lease_transitions == 0
