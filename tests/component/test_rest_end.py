"""A REST server that ends: what it has taken it answers, and clients are told to go elsewhere."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest

from apiserver.rest import listener
from apiserver.server import Options, Server, serve

WAIT_S = 60.0
LONG_S = 3600.0


class Ending:
    """A server that ends when told to, in a task of its own."""

    def __init__(self, *, delay_s: float = 0.0) -> None:
        self._options = Options(
            secure_port=0,
            grpc_port=-1,
            authorization_mode=("AlwaysAllow",),
            shutdown_delay_duration=delay_s,
        )
        self._begins = asyncio.Event()
        self._runs: asyncio.Future[Server] = asyncio.get_running_loop().create_future()

    async def _run(self) -> None:
        async with serve(self._options) as server:
            self._runs.set_result(server)
            await self._begins.wait()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """Its port; at the end of the block it is gone, whatever it waits for."""
        async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
            self.task = group.create_task(self._run())
            yield (await self._runs).address[1]
            self.task.cancel()

    def end(self) -> None:
        """Have it begin to end."""
        self._begins.set()


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.mark.parametrize("shaken", ["before", "meanwhile"])
async def test_a_connection_that_has_just_been_taken_is_answered(
    monkeypatch: pytest.MonkeyPatch, shaken: str
) -> None:
    takes_none = asyncio.Event()
    all_have_asked = listener.Listener.all_have_asked

    async def noted(self: listener.Listener) -> None:
        takes_none.set()
        await all_have_asked(self)

    monkeypatch.setattr(listener, "FIRST_S", WAIT_S)
    monkeypatch.setattr(listener.Listener, "all_have_asked", noted)
    ending = Ending()
    async with ending.running() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if shaken == "before":
            await writer.start_tls(trusting())
        else:
            # The server takes connections in their order.
            after, other = await asyncio.open_connection("127.0.0.1", port, ssl=trusting())
            other.write(b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert await after.read()
            other.close()
        ending.end()
        await takes_none.wait()
        if shaken == "meanwhile":
            await writer.start_tls(trusting())
        writer.write(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
        told = await reader.read()
        assert told.startswith(b"HTTP/1.1 200 OK\r\n"), told
        assert b"\r\nConnection: close\r\n" in told
        writer.close()
        await ending.task


async def test_connections_that_were_used_and_rest_are_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "FIRST_S", LONG_S)
    ending = Ending()
    async with ending.running() as port, aiohttp.ClientSession() as session:
        async with session.get(f"https://127.0.0.1:{port}/version", ssl=False) as answer:
            assert (await answer.json())["major"]
            assert "Connection" not in answer.headers
        ending.end()
        await ending.task


async def test_watches_end_as_if_their_time_were_up() -> None:
    ending = Ending()
    async with ending.running() as port, aiohttp.ClientSession() as session:
        url = f"https://127.0.0.1:{port}/api/v1/namespaces?watch=1"
        async with session.get(url, ssl=False) as answer:
            assert json.loads(await answer.content.readline())["type"] == "ADDED"
            ending.end()
            rest = await answer.content.read()  # Half a chunk would raise.
            assert all(json.loads(line)["type"] == "ADDED" for line in rest.splitlines())
        await ending.task


async def test_who_looks_sees_that_it_ends_while_it_still_serves() -> None:
    ending = Ending(delay_s=LONG_S)
    async with ending.running() as port, aiohttp.ClientSession() as session:
        base = f"https://127.0.0.1:{port}"
        ending.end()
        status = 0
        while status != 500:
            async with session.get(f"{base}/readyz", ssl=False) as answer:
                status = answer.status
                told = await answer.text()
        assert "[-]shutdown failed" in told
        for path, wanted in (("/livez", 200), ("/api/v1/namespaces", 200)):
            async with session.get(base + path, ssl=False) as answer:
                assert answer.status == wanted, path
                assert answer.headers["Connection"] == "close", path
        with suppress(asyncio.CancelledError):
            ending.task.cancel()
            await ending.task
