"""Datagrams to other machines: each conversation has a socket, and there are not too many."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

from knarr.cluster.datagrams_out import DatagramsOut
from knarr.cluster.flow_table import Address
from proxy.userspace.sockets import HERE

WAIT_S = 20.0


@contextmanager
def way(meant: Address, flows_max: int = 10) -> Iterator[DatagramsOut]:
    """A way out for whom the kernel says that all is meant for one server."""
    made = DatagramsOut(HERE, lambda _client, _ours: meant, flows_max=flows_max)
    made.open()
    try:
        yield made
    finally:
        made.close()


def bound() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind(("127.0.0.1", 0))
    return made


async def received(where: socket.socket) -> tuple[bytes, Address]:
    async with asyncio.timeout(WAIT_S):
        data, source = await asyncio.get_running_loop().sock_recvfrom(where, 65535)
    return data, source


async def test_both_ways_as_if_we_were_not_there() -> None:
    with closing(bound()) as server, closing(bound()) as client:
        with way(server.getsockname()) as out:
            client.sendto(b"question", ("127.0.0.1", out.port))
            data, source = await received(server)
            assert data == b"question"
            server.sendto(b"answer", source)
            assert await received(client) == (b"answer", ("127.0.0.1", out.port))
            client.sendto(b"again", ("127.0.0.1", out.port))
            assert await received(server) == (b"again", source), "the conversation goes on"


async def test_the_quietest_makes_place() -> None:
    clients = [bound() for _ in range(3)]
    with closing(bound()) as server, way(server.getsockname(), flows_max=2) as out:
        sources = []
        for client in (clients[0], clients[1], clients[0], clients[2]):
            client.sendto(b"x", ("127.0.0.1", out.port))
            sources.append((await received(server))[1])
        assert sources[0] == sources[2], "the first has been used since"
        for place, client, name in ((0, clients[0], b"first"), (3, clients[2], b"third")):
            server.sendto(name, sources[place])
            assert (await received(client))[0] == name
        assert out.flows == 2
    for client in clients:
        client.close()


async def test_who_is_refused_is_forgotten() -> None:
    with closing(bound()) as nobody:
        meant = nobody.getsockname()
    with closing(bound()) as client, way(meant) as out:
        client.sendto(b"x", ("127.0.0.1", out.port))
        async with asyncio.timeout(WAIT_S):
            while not out.begun:
                await asyncio.sleep(0)
            while out.flows:
                await asyncio.sleep(0)


async def test_what_is_meant_for_nobody_else_goes_nowhere() -> None:
    met: list[Address] = []

    def meant_for(client: Address, _ours: Address) -> Address:
        met.append(client)
        if len(met) == 1:
            raise OSError("no such entry")
        return "127.0.0.1", out.port

    out = DatagramsOut(HERE, meant_for)
    out.open()
    with closing(bound()) as client:
        for _ in range(2):
            client.sendto(b"x", ("127.0.0.1", out.port))
        async with asyncio.timeout(WAIT_S):
            while len(met) < 2:
                await asyncio.sleep(0)
    assert out.flows == 0
    out.close()
