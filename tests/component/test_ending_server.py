"""A gRPC server that ends: every call is answered, by it or by the next one, and done once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import grpc
import pytest

from knarr.client.connection import Connection, Credentials
from knarr.client.servers import Servers

METHOD = "/knarr.v1.Test/Write"
CALLERS = 16
CALLS = 25
ROUNDS = 4


class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # gRPC brings no types
    """Takes down what it was asked."""

    def __init__(self, done: list[bytes]) -> None:
        self._done = done

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        return grpc.unary_unary_rpc_method_handler(self._handle)

    async def _handle(self, request: bytes, context: object) -> bytes:
        self._done.append(request)
        await asyncio.sleep(0.001)
        return request


async def serving(done: list[bytes]) -> tuple[grpc.aio.Server, str]:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Handler(done),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, f"127.0.0.1:{port}"


async def with_an_end(call: Callable[[str, bytes], Any]) -> tuple[list[bytes], list[bytes]]:
    """Have many callers call while the first of two servers ends; what was asked and done."""
    done: list[bytes] = []
    asked: list[bytes] = []
    first, address = await serving(done)
    second, another = await serving(done)

    async def caller(number: int) -> None:
        for count in range(CALLS):
            message = b"%d.%d" % (number, count)
            asked.append(message)
            assert await call(f"{address},{another}", message) == message

    try:
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for number in range(CALLERS):
                group.create_task(caller(number))
            while len(done) < CALLERS * 2:
                await asyncio.sleep(0.001)
            await first.stop(5)
    finally:
        for server in (first, second):
            await server.stop(None)
    return asked, done


@pytest.mark.parametrize("number", range(ROUNDS))
async def test_writes_are_answered_and_done_once(number: int) -> None:
    connections: dict[int, Connection] = {}

    async def call(servers: str, message: bytes) -> bytes:
        caller = int(message.split(b".")[0])
        if caller not in connections:
            connections[caller] = Connection(servers.split(","), Credentials())
        return await connections[caller].unary(METHOD, message, is_read=False)

    asked, done = await with_an_end(call)
    for connection in connections.values():
        await connection.close()
    assert sorted(done) == sorted(asked), number


async def test_writes_of_blocking_callers_are_answered_and_done_once() -> None:
    loop = asyncio.get_running_loop()
    callers: dict[int, Servers] = {}
    with ThreadPoolExecutor(CALLERS) as threads:

        async def call(servers: str, message: bytes) -> bytes:
            caller = int(message.split(b".")[0])
            known = callers.setdefault(caller, Servers(servers, None, ()))
            work = partial(known.call, METHOD, message, 10.0, is_read=False)
            return await loop.run_in_executor(threads, work)

        asked, done = await with_an_end(call)
    for known in callers.values():
        known.close()
    assert sorted(done) == sorted(asked)
