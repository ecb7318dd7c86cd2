"""A server whose store says nothing more: it says so, and its clients turn to another one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from apiserver.server import Options, Server, serve
from knarr.api.core.config_map import ConfigMap
from knarr.api.errors import ApiError, ServiceUnavailableError
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.client import Client
from knarr.client.connection import Credentials
from knarr.client.grpc import connect
from tests import etcd
from tests.servers import TOKEN

WAIT_S = 60.0
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


class Way:
    """A way to etcd that can be stopped: what comes in meanwhile waits, as for a quorum."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.opens = asyncio.Event()
        self.opens.set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry a connection to its end, or to the test's."""
        with suppress(asyncio.CancelledError):
            await self._carry(reader, writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._copy(reader, back))
                group.create_task(self._copy(there, writer))
        finally:
            for one in (back, writer):
                one.close()

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                await self.opens.wait()
                target.write(data)
        target.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[tuple[Way, str, str]]:
    """A way that can be stopped, the store at its end, and the store without it."""
    with etcd.cluster(tmp_path) as members:
        way = Way(members[0].port)
        carrier = await asyncio.start_server(way.carry, "127.0.0.1", 0)
        port = carrier.sockets[0].getsockname()[1]
        try:
            yield way, f"etcd://127.0.0.1:{port}", etcd.url(members)
        finally:
            way.opens.set()
            carrier.close()


@asynccontextmanager
async def serving(folder: Path, store: str) -> AsyncIterator[Server]:
    tokens = folder / "tokens"
    tokens.write_text(f'{TOKEN},root,1,"system:masters"\n')
    options = Options(store=store, secure_port=0, grpc_port=0, token_auth_file=str(tokens))
    async with serve(options) as server:
        yield server


def config_map(name: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(namespace="default", name=name, labels={"ours": "yes"}))


async def watch(client: Client, seen: list[str]) -> None:
    reached = (await client.list(ConfigMap, label_selector="ours=yes")).revision
    while True:
        try:
            async for batch in client.watch(ConfigMap, after=reached, label_selector="ours=yes"):
                for event in batch:
                    reached = event.revision
                    if event.object is not None:
                        seen.append(event.object.metadata.name)
        except ServiceUnavailableError:
            await asyncio.sleep(0.05)


async def is_seen(seen: list[str], name: str) -> None:
    async with asyncio.timeout(WAIT_S):
        while name not in seen:
            await asyncio.sleep(0.05)


async def test_clients_turn_to_a_server_whose_store_answers(
    tmp_path: Path, store: tuple[Way, str, str]
) -> None:
    way, silent, sure = store
    async with serving(tmp_path, silent) as first, serving(tmp_path, sure) as second:
        places = [f"127.0.0.1:{one.grpc_port}" for one in (first, second)]
        credentials = Credentials(token=TOKEN)
        async with (
            connect(places, credentials) as client,
            connect(places[1:], credentials) as other,
        ):
            seen: list[str] = []
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(watch(client, seen))
                while not first.registry.core.resource(ConfigMap).cache.watching:
                    await asyncio.sleep(0.01)
                way.opens.clear()
                # Nothing of ours fails, so nothing but its end tells the watch.
                await other.create(config_map("behind"))
                await is_seen(seen, "behind")
                await client.create(config_map("after"))
                await is_seen(seen, "after")
                watching.cancel()
            assert seen == ["behind", "after"], "each once, in order"
        way.opens.set()


class Rest:
    """A client of the REST API."""

    def __init__(self, session: aiohttp.ClientSession, server: Server) -> None:
        self._session = session
        self._base = f"https://{server.address[0]}:{server.address[1]}"

    def request(self, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return self._session.request(method, self._base + path, headers=headers, ssl=False, **more)

    async def status(self, method: str, path: str, **more: Any) -> int:
        async with self.request(method, path, **more) as answer:
            await answer.read()
            return int(answer.status)

    async def becomes(self, path: str, status: int) -> None:
        async with asyncio.timeout(WAIT_S):
            while await self.status("GET", path) != status:
                await asyncio.sleep(0.05)


async def test_a_server_without_its_store_says_so_until_it_is_back(
    tmp_path: Path, store: tuple[Way, str, str]
) -> None:
    way, silent, sure = store
    named = {"metadata": {"name": "one"}}
    async with (
        serving(tmp_path, silent) as server,
        serving(tmp_path, sure) as other,
        aiohttp.ClientSession() as session,
    ):
        rest, beside = Rest(session, server), Rest(session, other)
        assert await rest.status("POST", CONFIG_MAPS, json=named) == 201
        assert await rest.status("GET", "/readyz") == 200
        async with rest.request("GET", f"{CONFIG_MAPS}?watch=1") as watched:
            first = json.loads(await watched.content.readline())
            after = first["object"]["metadata"]["resourceVersion"]
            way.opens.clear()
            async with asyncio.timeout(WAIT_S):
                assert await watched.content.read() == b"", "a watch that could tell nothing ends"
        assert await rest.status("GET", "/readyz") == 500
        resumed = f"{CONFIG_MAPS}?watch=1&resourceVersion={after}"
        for path in (CONFIG_MAPS, f"{CONFIG_MAPS}/one", resumed):
            async with rest.request("GET", path) as answer:
                told = await answer.json()
                assert (answer.status, told["reason"]) == (503, "ServiceUnavailable"), path
                assert told["message"].startswith("etcd: no member with a quorum answers"), path
                assert answer.headers["Connection"] == "close", "the next one may go elsewhere"
        assert await rest.status("POST", CONFIG_MAPS, json=named) == 503
        assert await rest.status("GET", f"{CONFIG_MAPS}?resourceVersion=0") == 200, "as it was"
        assert await beside.status("DELETE", f"{CONFIG_MAPS}/one") == 200
        way.opens.set()
        await rest.becomes("/readyz", 200)
        async with rest.request("GET", resumed) as watched, asyncio.timeout(WAIT_S):
            assert json.loads(await watched.content.readline())["type"] == "DELETED"
        assert await rest.status("POST", CONFIG_MAPS, json=named) == 201


async def test_a_write_into_the_silence_is_answered_before_clients_give_up(
    tmp_path: Path, store: tuple[Way, str, str]
) -> None:
    """Nobody knows what becomes of it, so it is no refusal; what comes later is refused."""
    way, silent, _ = store
    async with serving(tmp_path, silent) as server:
        place = [f"127.0.0.1:{server.grpc_port}"]
        async with connect(place, Credentials(token=TOKEN)) as client:
            way.opens.clear()
            began = asyncio.get_running_loop().time()
            with pytest.raises(ApiError) as failed:
                await client.create(config_map("lost"))
            assert failed.value.code in {503, 504}
            assert asyncio.get_running_loop().time() - began < 10
        way.opens.set()
