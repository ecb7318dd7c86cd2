"""A network for each pod of processes, behind a bridge, where we may make them.

A process that only sleeps holds a pod's network as long as the pod is there;
the pod's containers join it before they become what they are to be.
"""

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256

from msgspec import Struct

from knarr.daemon.child import run
from kubelet.runtime.process.processes import belonging_to

CLONE_NEWNET = 0x40000000

MARK = "KNARR_CONTAINER_ID"
"""The environment variable by which every process of a pod is known."""

RUN_S = 10.0

_PORTS = "/proc/sys/net/ipv4/ip_unprivileged_port_start"

_HOLD = f"echo 0 2>/dev/null >{_PORTS}; echo; exec sleep infinity"
"""Users of any number may have all ports of their pod, as elsewhere."""


class Bridge(Struct, frozen=True, kw_only=True):
    """What pods are behind."""

    name: str
    gateway: str
    """Its address, by which pods reach all others."""
    prefix_length: int = 16


class PodNetworks:
    """The networks of one node's pods."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._holders: dict[str, subprocess.Popen[bytes]] = {}

    def sweep(self, uids: Iterable[str]) -> None:
        """End what held networks of pods for a kubelet that was killed."""
        for uid in uids:
            for pid in belonging_to(_mark(uid)):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def path(self, uid: str) -> str:
        """Where a pod's network is; empty where it has none of its own."""
        holder = self._holders.get(uid)
        return f"/proc/{holder.pid}/ns/net" if holder is not None else ""

    async def make(self, uid: str, address: str) -> None:
        """Give a pod a network with this address, in place of an older one. Raise OSError."""
        self.remove(uid)
        holder = await asyncio.to_thread(_hold, uid)
        self._holders[uid] = holder
        bridge, device = self._bridge, f"kp{sha256(uid.encode()).hexdigest()[:12]}"
        plug = (
            f"link add {device} type veth peer name eth0 netns {holder.pid}\n"
            f"link set {device} master {bridge.name} up\n"
            f"link set {device} type bridge_slave hairpin on\n"
        )
        try:
            await _ip(plug)
        except OSError:  # One of a network whose kubelet was killed: programs in it hold it.
            await _ip(f"link del {device}\n")
            await _ip(plug)
        await _ip(
            "link set lo up\n"
            f"addr add {address}/{bridge.prefix_length} dev eth0\n"
            "link set eth0 up\n"
            f"route add default via {bridge.gateway}\n",
            ("nsenter", f"--net={self.path(uid)}"),
        )

    def remove(self, uid: str) -> None:
        """Take a pod's network away."""
        holder = self._holders.pop(uid, None)
        if holder is not None:
            holder.kill()
            holder.wait()

    def close(self) -> None:
        """Take all away."""
        for uid in tuple(self._holders):
            self.remove(uid)

    async def connect(self, uid: str, port: int) -> socket.socket:
        """A connection to a port of a pod, from within. Raise OSError."""
        made = _socket_within(self.path(uid))
        try:
            await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
        except BaseException:
            made.close()
            raise
        return made


def _mark(uid: str) -> str:
    return f"{MARK}=process://{uid}/"


def _hold(uid: str) -> subprocess.Popen[bytes]:
    """Start what holds a network, and wait until it does."""
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", _HOLD],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env=os.environ | dict([_mark(uid).split("=", 1)]),
    )
    assert holder.stdout is not None, "it is a pipe"
    with holder.stdout as told:
        if not told.readline():
            raise OSError(holder.wait(), "no network for the pod: unshare failed")
    return holder


async def _ip(commands: str, prefix: tuple[str, ...] = ()) -> None:
    code, _, told = await run((*prefix, "ip", "-batch", "-"), commands.encode(), timeout_s=RUN_S)
    if code:
        raise OSError(code, f"no network for the pod: {told.decode(errors='replace').strip()}")


def _socket_within(namespace: str) -> socket.socket:
    """A socket that lives in another network; our thread is there for a moment only."""
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    other = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(other, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    finally:
        with suppress(OSError):
            libc.setns(own, CLONE_NEWNET)
        os.close(other)
        os.close(own)
    made.settimeout(0)
    return made
