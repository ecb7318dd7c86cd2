"""Sockets inside a pod's network, and what this host allows."""

import asyncio
import ctypes
import os
import socket
import threading
from pathlib import Path

from kubelet.runtime.docker.create_options import ALL_CAPABILITIES, Machine

CLONE_NEWNET = 0x40000000


def machine() -> Machine:
    """What even root may not do here."""
    bounding = 0
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapBnd:"):
            bounding = int(line.split()[1], 16)
    missing = frozenset(
        name for number, name in enumerate(ALL_CAPABILITIES) if not bounding >> number & 1
    )
    lowest = -1000
    if "SYS_RESOURCE" in missing:
        lowest = int(Path("/proc/self/oom_score_adj").read_text())
    return Machine(missing_capabilities=missing, oom_score_adj_min=lowest)


async def open_in_pod(
    pid: int, ip: str, port: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a port as the pod itself would, else to its address. Raise OSError."""
    try:
        inside = await asyncio.to_thread(_socket_of, pid)
    except OSError:
        return await asyncio.open_connection(ip, port)
    inside.setblocking(False)  # noqa: FBT003  The standard library's own signature.
    try:
        await asyncio.get_running_loop().sock_connect(inside, ("127.0.0.1", port))
    except OSError:
        inside.close()
        return await asyncio.open_connection(ip, port)
    return await asyncio.open_connection(sock=inside)


def _socket_of(pid: int) -> socket.socket:
    """A socket that belongs to the network of a process, for as long as it is open."""
    made: list[socket.socket] = []
    failed: list[OSError] = []

    def enter() -> None:
        # A thread of its own: it never comes back from the other network.
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            try:
                if libc.setns(descriptor, CLONE_NEWNET) != 0:
                    number = ctypes.get_errno()
                    raise OSError(number, os.strerror(number))
            finally:
                os.close(descriptor)
            made.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]
