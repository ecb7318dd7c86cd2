"""Name servers on this machine, and others for them to ask."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dnslib import RR, DNSRecord

from dns.corefile import parse
from dns.dns import Dns, DnsOptions
from knarr.api.core.namespace import Namespace
from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.discovery.endpoint_slice import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
)
from knarr.api.errors import AlreadyExistsError
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.client import Client
from knarr.client.informers import Informers
from knarr.daemon.clock import SystemClock, seeded
from tests.unit.knarr.client.cluster import in_process

ADDRESS = "127.0.0.1"

CLUSTER = """
.:5300 {
    errors
    kubernetes cluster.local in-addr.arpa {
        pods insecure
    }
    loadbalance
}
"""


@dataclass
class Lab:
    """A cluster and its name server."""

    client: Client
    dns: Dns
    informers: Informers
    running: asyncio.Task[None]
    """What answers."""

    @property
    def port(self) -> int:
        return self.dns.places[0][1]

    async def caught_up(self) -> None:
        """Wait until the name server has heard of every change so far."""
        kinds = (Service, EndpointSlice, Namespace)
        revision = await self.client.revision_now(*kinds)
        for kind in kinds:
            await self.informers.of(kind).caught_up(revision)

    async def ask(self, name: str, kind: str = "A", *, tcp: bool = False) -> DNSRecord:
        """What the server says."""
        asked = DNSRecord.question(name, kind).pack()
        return DNSRecord.parse(await (over_tcp if tcp else over_udp)(asked, self.port))

    async def addresses(self, name: str) -> list[str]:
        """The addresses a name has, in the order they come."""
        return [str(one.rdata) for one in (await self.ask(name)).rr]


@asynccontextmanager
async def lab(
    corefile: str = CLUSTER, path: Path | None = None, services: str = "10.96.0.0/16"
) -> AsyncIterator[Lab]:
    """A cluster and a name server for it that run while the block does."""
    async with (
        in_process(services) as client,
        Informers(client) as informers,
        asyncio.TaskGroup() as group,
    ):
        options = DnsOptions(
            blocks=parse(corefile), addresses=(ADDRESS,), ports=(0,), corefile=path
        )
        dns = Dns(options, informers, SystemClock(), seeded(1))
        running = group.create_task(dns.run())
        async with asyncio.timeout(10):
            await dns.ready.wait()
        try:
            yield Lab(client, dns, informers, running)
        finally:
            running.cancel()


async def over_udp(wire: bytes, port: int) -> bytes:
    """Send a datagram and take the one that comes back."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as mine:
        await loop.sock_connect(mine, (ADDRESS, port))
        await loop.sock_sendall(mine, wire)
        async with asyncio.timeout(5):
            return await loop.sock_recv(mine, 65535)


async def over_tcp(wire: bytes, port: int) -> bytes:
    """Ask over a connection of its own."""
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection(ADDRESS, port)
        writer.write(len(wire).to_bytes(2, "big") + wire)
        reply = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        writer.close()
        await writer.wait_closed()
        return reply


class Upstream(asyncio.DatagramProtocol):
    """A name server that says what a function says; it counts its queries."""

    def __init__(self, say: Callable[[DNSRecord], bytes | None]) -> None:
        self.say = say
        self.asked: list[str] = []
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = DNSRecord.parse(data)
        self.asked.append(str(query.q.qname))
        reply = self.say(query)
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)


@asynccontextmanager
async def upstream(
    say: Callable[[DNSRecord], bytes | None],
) -> AsyncIterator[tuple[Upstream, int]]:
    """A name server of ours that others may ask, and its port."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Upstream(say), local_addr=(ADDRESS, 0)
    )
    try:
        yield protocol, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()
        await asyncio.sleep(0)


def zone(line: str) -> Callable[[DNSRecord], bytes]:
    """Says this line of a zone file, whatever is asked."""

    def say(query: DNSRecord) -> bytes:
        reply = query.reply(aa=0)
        reply.add_answer(*RR.fromZone(line))
        return bytes(reply.pack())

    return say


async def make_service(
    client: Client,
    name: str,
    *,
    headless: bool = False,
    external_name: str = "",
    policy: str | None = None,
) -> Service:
    """A Service of the namespace default with one port."""
    with suppress(AlreadyExistsError):
        await client.create(Namespace(metadata=ObjectMeta(name="default")))
    return await client.create(
        Service(
            metadata=ObjectMeta(name=name, namespace="default"),
            spec=ServiceSpec(
                type="ExternalName" if external_name else "",
                external_name=external_name,
                cluster_ip="None" if headless else "",
                ip_family_policy=policy,
                ports=() if external_name else (ServicePort(name="http", port=80),),
            ),
        )
    )


def slice_of(name: str, addresses: Sequence[str]) -> EndpointSlice:
    """The endpoints of a Service."""
    return EndpointSlice(
        metadata=ObjectMeta(
            name=name, namespace="default", labels={"kubernetes.io/service-name": name}
        ),
        address_type="IPv4",
        endpoints=tuple(
            Endpoint(addresses=(one,), conditions=EndpointConditions(ready=True))
            for one in addresses
        ),
        ports=(EndpointPort(name="http", port=8080, protocol="TCP"),),
    )


async def run_tool(*words: str) -> str:
    """What a program of Debian's bind9-dnsutils prints; skip where there is none."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed: apt-get install bind9-dnsutils")
    started = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(20):
        printed, _ = await started.communicate()
    return printed.decode()
