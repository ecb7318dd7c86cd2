"""A host of its own in a network namespace, with pods in namespaces behind a bridge.

    client (10.99.0.2) --- host (10.99.0.1, bridge 10.88.0.1) --- pods 10.88.0.x

Everything a test does happens in there; the machine's own rules are not touched.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count

import pytest

from proxy.nftables.nft import why_not

CLUSTER_CIDR = "10.88.0.0/16"
HOST_IP, CLIENT_IP = "10.99.0.1", "10.99.0.2"
HOST_V6, CLIENT_V6, GATEWAY_V6 = "fd99::1", "fd99::2", "fd88::1"

_NUMBERS = count(os.getpid() % 10_000 * 10)

SERVER = """
import socket, sys, threading
kind, ip, port, name = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
family = socket.AF_INET6 if ":" in ip else socket.AF_INET
if kind == "UDP":
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.bind((ip, port)); print("up", flush=True)
    while True:
        data, who = s.recvfrom(2048)
        s.sendto(f"{name} {who[0]}".encode(), who)
s = socket.socket(family, socket.SOCK_STREAM, 132 if kind == "SCTP" else 0)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((ip, port)); s.listen(64); print("up", flush=True)
while True:
    c, who = s.accept()
    c.sendall(f"{name} {who[0]}".encode()); c.close()
"""

CLIENT = """
import socket, sys
kind, ip, port, times = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
family = socket.AF_INET6 if ":" in ip else socket.AF_INET
own = socket.socket(family, socket.SOCK_DGRAM) if kind == "UDP1" else None
for _ in range(times):
    try:
        if kind.startswith("UDP"):
            s = own or socket.socket(family, socket.SOCK_DGRAM)
            s.settimeout(1); s.connect((ip, port)); s.send(b"x"); print(s.recv(2048).decode())
        else:
            s = socket.socket(family, socket.SOCK_STREAM, 132 if kind == "SCTP" else 0)
            s.settimeout(1); s.connect((ip, port)); print(s.recv(2048).decode()); s.close()
    except ConnectionRefusedError:
        print("refused")
    except TimeoutError:
        print("timeout")
    except OSError as error:
        print(error.strerror)
"""


def needs_root() -> None:
    """Skip, saying why, where there can be no such lab."""
    why = why_not()
    if why is None and shutil.which("ip") is None:
        why = "ip is not installed (Debian package iproute2)"
    if why is not None:
        pytest.skip(why)


async def run(*words: str) -> str:
    """Run a command; what it prints. Raise AssertionError where it fails."""
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, f"{' '.join(words)}: {printed.decode()}"
    return printed.decode()


class NetLab:
    """The namespaces and what runs in them."""

    def __init__(self) -> None:
        self._tag = f"kn{next(_NUMBERS)}"
        self.host = f"{self._tag}h"
        self.client = f"{self._tag}c"
        self.pods: dict[str, str] = {}
        self._processes: list[asyncio.subprocess.Process] = []

    async def up(self) -> None:
        """Make the host and the client."""
        for name in (self.host, self.client):
            await run("ip", "netns", "add", name)
        await self.ip(self.host, "link", "set", "lo", "up")
        veth = ("veth", "peer", "name", "eth0", "netns", self.client)
        await self.ip(self.host, "link", "add", "eth0", "type", *veth)
        await self.ip(self.host, "addr", "add", f"{HOST_IP}/24", "dev", "eth0")
        await self.ip(self.host, "link", "set", "eth0", "up")
        await self.ip(self.client, "addr", "add", f"{CLIENT_IP}/24", "dev", "eth0")
        await self.ip(self.client, "link", "set", "eth0", "up")
        await self.ip(self.client, "route", "add", "default", "via", HOST_IP)
        await self.ip(self.host, "route", "add", "default", "via", CLIENT_IP)
        await self.ip(self.host, "link", "add", "cbr0", "type", "bridge")
        await self.ip(self.host, "addr", "add", "10.88.0.1/24", "dev", "cbr0")
        await self.ip(self.host, "link", "set", "cbr0", "up")
        await self.within(self.host, "sysctl", "-qw", "net.ipv4.ip_forward=1")

    async def up_v6(self) -> None:
        """Addresses of the other family too."""
        for name in (self.host, self.client):
            await self.within(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0")
        await self.within(self.host, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
        for namespace, address, device in (
            (self.host, HOST_V6, "eth0"),
            (self.client, CLIENT_V6, "eth0"),
            (self.host, GATEWAY_V6, "cbr0"),
        ):
            words = ("addr", "add", f"{address}/64", "dev", device, "nodad")
            await self.ip(namespace, *words)
        await self.ip(self.client, "route", "add", "default", "via", HOST_V6)
        await self.ip(self.host, "route", "add", "default", "via", CLIENT_V6)

    async def down(self) -> None:
        """Leave nothing."""
        for process in self._processes:
            if process.returncode is None:
                process.kill()
            await process.wait()
        for name in (*self.pods.values(), self.client, self.host):
            await (await asyncio.create_subprocess_exec("ip", "netns", "del", name)).wait()

    async def ip(self, namespace: str, *words: str) -> str:
        """The ip command within a namespace."""
        return await run("ip", "-n", namespace, *words)

    async def within(self, namespace: str, *words: str) -> str:
        """Any command within a namespace."""
        return await run("nsenter", f"--net=/run/netns/{namespace}", *words)

    async def pod(self, name: str, ip: str, port: int, kind: str = "TCP") -> None:
        """A pod that answers its name and whom it sees."""
        if ip not in self.pods:
            namespace = self.pods[ip] = f"{self._tag}p{len(self.pods)}"
            veth = f"v{len(self.pods)}"
            await run("ip", "netns", "add", namespace)
            peer = ("veth", "peer", "name", "eth0", "netns", namespace)
            await self.ip(self.host, "link", "add", veth, "type", *peer)
            await self.ip(self.host, "link", "set", veth, "master", "cbr0", "up")
            await self.within(self.host, "bridge", "link", "set", "dev", veth, "hairpin", "on")
            size = ("64", "nodad") if ":" in ip else ("24",)
            await self.ip(namespace, "addr", "add", f"{ip}/{size[0]}", "dev", "eth0", *size[1:])
            await self.ip(namespace, "link", "set", "eth0", "up")
            await self.ip(namespace, "link", "set", "lo", "up")
            gateway = GATEWAY_V6 if ":" in ip else "10.88.0.1"
            await self.ip(namespace, "route", "add", "default", "via", gateway)
        await self.serve(self.pods[ip], name, ip, port, kind)

    async def serve(self, namespace: str, name: str, ip: str, port: int, kind: str = "TCP") -> None:
        """A server in a namespace."""
        words = (sys.executable, "-c", SERVER, kind, ip, str(port), name)
        process = await asyncio.create_subprocess_exec(
            "nsenter", f"--net=/run/netns/{namespace}", *words, stdout=asyncio.subprocess.PIPE
        )
        self._processes.append(process)
        assert process.stdout is not None
        async with asyncio.timeout(10):
            assert await process.stdout.readline() == b"up\n"

    async def ask(
        self, where: str, ip: str, port: int, *, kind: str = "TCP", times: int = 1
    ) -> list[str]:
        """What clients in a namespace, or in a pod by its address, are answered."""
        namespace = self.pods.get(where, where)
        words = (sys.executable, "-c", CLIENT, kind, ip, str(port), str(times))
        return (await self.within(namespace, *words)).splitlines()


@asynccontextmanager
async def net_lab() -> AsyncIterator[NetLab]:
    """A lab that is gone when the block ends."""
    needs_root()
    made = NetLab()
    try:
        await made.up()
        yield made
    finally:
        await made.down()


def in_namespace(name: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command within a namespace, waiting for it."""
    return subprocess.run(
        ["nsenter", f"--net=/run/netns/{name}", *words], capture_output=True, text=True, check=False
    )
