"""Routes of real hosts, each a network namespace with a pod in another.

pod 10.244.N.5 --- host N --- link or router --- the other host --- its pod
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import pytest

from knarr.api.core.node import Node, NodeAddress, NodeSpec, NodeStatus
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.client import Client
from knarr.client.informers import Informers
from kubelet.routes.forwarding import Forwarding, ForwardingOptions
from kubelet.routes.links import Links
from kubelet.routes.routes import NodeRoutes
from tests.unit.knarr.client.cluster import in_process

PODS = "10.244.0.0/16"
_NUMBERS = count(os.getpid() % 10_000 * 10)


async def run(*words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


async def sure(*words: str) -> str:
    code, printed = await run(*words)
    assert code == 0, f"{' '.join(words)}: {printed}"
    return printed


class Hosts:
    """Two hosts, joined by one link or by a router between two."""

    def __init__(self, *, routed: bool) -> None:
        self.tag = f"kr{next(_NUMBERS)}"
        self.routed = routed
        self.ips = ("10.89.0.1", "10.90.0.2" if routed else "10.89.0.2")

    @property
    def names(self) -> tuple[str, ...]:
        middle = (f"{self.tag}m",) if self.routed else ()
        return (self.host(0), self.host(1), self.pod(0), self.pod(1), *middle)

    def host(self, number: int) -> str:
        return f"{self.tag}h{number}"

    def pod(self, number: int) -> str:
        return f"{self.tag}p{number}"

    async def up(self) -> None:
        for name in self.names:
            await sure("ip", "netns", "add", name)
            await sure("ip", "-n", name, "link", "set", "lo", "up")
        if self.routed:
            for number in (0, 1):
                gateway = f"10.{89 + number}.0.254"
                await self._join(self.host(number), "eth0", f"{self.tag}m", f"r{number}")
                await self._address(f"{self.tag}m", f"r{number}", f"{gateway}/24")
                await self._address(self.host(number), "eth0", f"{self.ips[number]}/24")
                route = ("route", "add", "default", "via", gateway)
                await sure("ip", "-n", self.host(number), *route)
            await self.within(f"{self.tag}m", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        else:
            await self._join(self.host(0), "eth0", self.host(1), "eth0")
            for number in (0, 1):
                await self._address(self.host(number), "eth0", f"{self.ips[number]}/24")
        for number in (0, 1):
            await self._join(self.host(number), "cbr0", self.pod(number), "eth0")
            await self._address(self.host(number), "cbr0", f"10.244.{number}.1/24")
            await self._address(self.pod(number), "eth0", f"10.244.{number}.5/24")
            route = ("route", "add", "default", "via", f"10.244.{number}.1")
            await sure("ip", "-n", self.pod(number), *route)

    async def down(self) -> None:
        for name in self.names:
            await run("ip", "netns", "del", name)

    async def within(self, name: str, *words: str) -> str:
        return await sure("nsenter", f"--net=/run/netns/{name}", *words)

    async def reaches(self, number: int) -> bool:
        """Whether a pod reaches the other, which sees it under its own address."""
        other = 1 - number
        server = f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.244.{other}.5", 700))
print("up", flush=True); data, who = s.recvfrom(99); s.sendto(who[0].encode(), who)
"""
        client = f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1.5)
s.sendto(b"x", ("10.244.{other}.5", 700)); print(s.recv(99).decode())
"""
        words = ("nsenter", f"--net=/run/netns/{self.pod(other)}", "python3", "-c", server)
        process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
        try:
            assert process.stdout is not None
            await process.stdout.readline()
            enter = ("nsenter", f"--net=/run/netns/{self.pod(number)}")
            code, printed = await run(*enter, "python3", "-c", client)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
        return code == 0 and printed.strip() == f"10.244.{number}.5"

    async def _join(self, one: str, device: str, other: str, peer: str) -> None:
        veth = ("type", "veth", "peer", "name", peer, "netns", other)
        await sure("ip", "-n", one, "link", "add", device, *veth)

    async def _address(self, name: str, device: str, address: str) -> None:
        await sure("ip", "-n", name, "addr", "add", address, "dev", device)
        await sure("ip", "-n", name, "link", "set", device, "up")


@asynccontextmanager
async def hosts(*, routed: bool = False) -> AsyncIterator[Hosts]:
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("nft") is None:
        pytest.skip("needs root, iproute2 and nftables")
    made = Hosts(routed=routed)
    try:
        await made.up()
        yield made
    finally:
        await made.down()


async def register(client: Client, number: int, ip: str) -> Node:
    cidr = f"10.244.{number}.0/24"
    made = await client.create(
        Node(
            metadata=ObjectMeta(name=f"n{number}"), spec=NodeSpec(pod_cidr=cidr, pod_cidrs=(cidr,))
        )
    )
    address = NodeAddress(type="InternalIP", address=ip)
    status = NodeStatus(addresses=(address,))
    named = Node(metadata=made.metadata, spec=made.spec, status=status)
    return await client.update(named, subresource="status")


@pytest.mark.parametrize("routed", [False, True], ids=["one link", "a router between"])
async def test_pods_of_two_hosts_reach_each_other(routed: bool) -> None:
    async with (
        hosts(routed=routed) as lab,
        in_process() as client,
        Informers(client) as informers,
        asyncio.TaskGroup() as group,
    ):
        assert not await lab.reaches(0)
        before = [await lab.within(lab.host(n), "ip", "route") for n in (0, 1)]
        kept = []
        for number in (0, 1):
            await register(client, number, lab.ips[number])
            forwarding = Forwarding(
                ForwardingOptions(cluster_cidr=PODS),
                ("nsenter", f"--net=/run/netns/{lab.host(number)}"),
            )
            links = Links(lab.host(number))
            kept.append(NodeRoutes(informers.of(Node), f"n{number}", links, forwarding))
        running = [group.create_task(one.run()) for one in kept]
        async with asyncio.timeout(10):
            for one in kept:
                await one.done.wait()
            while not await lab.reaches(0):
                await asyncio.sleep(0.05)
        assert await lab.reaches(1)
        for task in running:
            task.cancel()
        for one in kept:
            await one.remove()
        assert [await lab.within(lab.host(n), "ip", "route") for n in (0, 1)] == before
        assert "knarr" not in await lab.within(lab.host(0), "nft", "list", "ruleset")
        assert "knarr" not in await lab.within(lab.host(0), "ip", "link")


async def test_a_node_that_goes_takes_its_route_along() -> None:
    async with (
        hosts() as lab,
        in_process() as client,
        Informers(client) as informers,
        asyncio.TaskGroup() as group,
    ):
        await register(client, 0, lab.ips[0])
        await register(client, 1, lab.ips[1])
        routes = NodeRoutes(informers.of(Node), "n0", Links(lab.host(0)))
        running = group.create_task(routes.run())
        async with asyncio.timeout(10):
            while "10.244.1.0/24 via" not in await lab.within(lab.host(0), "ip", "route"):
                await asyncio.sleep(0.05)
            await client.delete(Node, Key("", "n1"))
            while "10.244.1.0/24 via" in await lab.within(lab.host(0), "ip", "route"):
                await asyncio.sleep(0.05)
        running.cancel()


async def test_the_door_through_dockers_rules_is_kept_open() -> None:
    if shutil.which("iptables") is None:
        pytest.skip("iptables is not installed")
    async with hosts() as lab:
        await lab.within(lab.host(0), "iptables", "-P", "FORWARD", "DROP")
        prefix = ("nsenter", f"--net=/run/netns/{lab.host(0)}")
        forwarding = Forwarding(ForwardingOptions(cluster_cidr=PODS), prefix)
        for _ in range(2):
            await forwarding.ensure()
            rules = await lab.within(lab.host(0), "iptables", "-S")
            assert rules.count("-A FORWARD -j DOCKER-USER") == 1
            assert rules.count(f"-A DOCKER-USER -d {PODS} -j ACCEPT") == 1
            # Docker forgets the way to its door when it starts.
            await lab.within(lab.host(0), "iptables", "-D", "FORWARD", "-j", "DOCKER-USER")
        await forwarding.ensure()
        assert "-j DOCKER-USER" in await lab.within(lab.host(0), "iptables", "-S", "FORWARD")
        await forwarding.remove()
        assert PODS not in await lab.within(lab.host(0), "iptables", "-S")
