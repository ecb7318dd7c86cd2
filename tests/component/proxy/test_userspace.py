"""The userspace mode carries real connections on this machine."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from knarr.api.keys import Key
from proxy.model import Backend, Protocol, ServicePort
from proxy.userspace.mode import UserspaceMode

WEB = Key("default", "web")
SERVICE_IP = "127.200.0.7"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((SERVICE_IP, 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def echo(name: str, address: str = "127.0.0.1") -> AsyncIterator[Backend]:
    """A server that answers its name and what it was sent."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(name.encode() + b":" + await reader.read())
        writer.close()

    server = await asyncio.start_server(answer, address, 0)
    async with server:
        yield Backend(address, server.sockets[0].getsockname()[1])


async def ask(port: int, data: bytes = b"hi") -> bytes:
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection(SERVICE_IP, port)
        writer.write(data)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer


def web(
    port: int, *backends: Backend, protocol: Protocol = "TCP", affinity_s: int = 0
) -> ServicePort:
    return ServicePort(
        namespace="default",
        name="web",
        port_name="",
        protocol=protocol,
        cluster_ips=(SERVICE_IP,),
        port=port,
        affinity_s=affinity_s,
        backends=backends,
    )


@pytest.fixture
async def mode() -> AsyncIterator[UserspaceMode]:
    made = UserspaceMode(["127.0.0.1"])
    yield made
    await made.close()


async def test_all_endpoints_get_their_turn(mode: UserspaceMode) -> None:
    port = free_port()
    async with echo("a") as a, echo("b") as b:
        await mode.change(WEB, [web(port, a, b)])
        answers = {await ask(port) for _ in range(4)}
    assert answers == {b"a:hi", b"b:hi"}


async def test_a_dead_endpoint_costs_nobody_a_request(mode: UserspaceMode) -> None:
    port = free_port()
    async with echo("a") as a:
        dead = Backend("127.0.0.1", free_port())
        await mode.change(WEB, [web(port, a, dead)])
        answers = [await ask(port) for _ in range(4)]
    assert answers == [b"a:hi"] * 4


async def test_without_endpoints_clients_are_refused(mode: UserspaceMode) -> None:
    port = free_port()
    async with echo("a") as a:
        await mode.change(WEB, [web(port, a)])
        assert await ask(port) == b"a:hi"
        await mode.change(WEB, [web(port)])
        with pytest.raises(ConnectionRefusedError):
            await ask(port)


async def test_affinity_keeps_a_client_where_it_is(mode: UserspaceMode) -> None:
    port = free_port()
    async with echo("a") as a, echo("b") as b:
        await mode.change(WEB, [web(port, a, b, affinity_s=60)])
        answers = {await ask(port) for _ in range(5)}
    assert len(answers) == 1


async def test_datagrams_come_back(mode: UserspaceMode) -> None:
    port = free_port()
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setblocking(False)
        server.bind(("127.0.0.1", 0))
        backend = Backend(*server.getsockname())
        await mode.change(WEB, [web(port, backend, protocol="UDP")])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.connect((SERVICE_IP, port))
            async with asyncio.timeout(5):
                await loop.sock_sendall(client, b"ping")
                data, where = await loop.sock_recvfrom(server, 100)
                await loop.sock_sendto(server, data + b"-pong", where)
                assert await loop.sock_recv(client, 100) == b"ping-pong"


async def test_replace_drops_what_is_not_named(mode: UserspaceMode) -> None:
    port = free_port()
    async with echo("a") as a:
        await mode.change(WEB, [web(port, a)])
        await mode.replace({})
        with pytest.raises(ConnectionRefusedError):
            await ask(port)
