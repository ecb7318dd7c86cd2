"""Network namespaces: commands within them, and sockets of ours that live in them."""

import ctypes
import os
import socket
import struct
import subprocess
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CLONE_NEWNET = 0x40000000

ROOT = Path("/run/netns")

_LIBC = ctypes.CDLL(None, use_errno=True)

_SIOCETHTOOL = 0x8946
_OFFLOADS = (0x17, 0x1F, 0x24)
"""Checksums, segments of TCP, segments of anything: what a slow wire cannot carry."""


def place(name: str) -> Path:
    """Where a named namespace is."""
    return ROOT / name


@contextmanager
def inside(namespace: Path) -> Iterator[None]:
    """Sockets made by this thread within the block are of that namespace, for good."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    other = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(other)
        yield
    finally:
        _enter(own)
        os.close(other)
        os.close(own)


def _enter(descriptor: int) -> None:
    if _LIBC.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def run(*words: str, timeout_s: float = 20.0, check: bool = True, fed: str = "") -> str:
    """Run a command and answer what it prints. Raise AssertionError where it fails."""
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=timeout_s, check=False, input=fed
    )
    printed = done.stdout + done.stderr
    assert not check or done.returncode == 0, f"{' '.join(words)}: {printed}"
    return printed


def ip(namespace: str, *words: str) -> str:
    """The ip command within a namespace."""
    return run("ip", "-n", namespace, *words)


def entering(namespace: str) -> tuple[str, ...]:
    """What to put before a command; not `ip netns exec`, which hides the cgroups."""
    return ("nsenter", f"--net={place(namespace)}")


def sysctl(namespace: str, **values: int) -> None:
    """Set what is below /proc/sys/net; __ stands for a slash."""
    lines = [
        f"[ ! -e /proc/sys/net/{n.replace('__', '/')} ] || "
        f"echo {v} > /proc/sys/net/{n.replace('__', '/')}"
        for n, v in values.items()
    ]
    run(*entering(namespace), "sh", "-ec", "\n".join(lines))


def no_offloads(namespace: str, device: str) -> None:
    """Have whole packets on a device, with their checksums, as a real wire has."""
    with inside(place(namespace)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        descriptor = any_socket.fileno()
        for command in _OFFLOADS:
            value = array("I", (command, 0))
            request = struct.pack("16sP", device.encode(), value.buffer_info()[0])
            buffer = ctypes.create_string_buffer(request.ljust(40, b"\0"))
            _LIBC.ioctl(descriptor, _SIOCETHTOOL, buffer)


def processes(namespace: str) -> set[int]:
    """What runs in a namespace, and all that those started: containers have their own."""
    if not place(namespace).exists():
        return set()
    wanted = place(namespace).stat()
    parents: dict[int, int] = {}
    found: set[int] = set()
    for one in Path("/proc").glob("[0-9]*"):
        pid = int(one.name)
        with suppress(OSError, ValueError):
            parents[pid] = int((one / "stat").read_text().rpartition(")")[2].split()[1])
            has = (one / "ns/net").stat()
            if (has.st_dev, has.st_ino) == (wanted.st_dev, wanted.st_ino):
                found.add(pid)
    grew = True
    while grew:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grew = bool(more)
    return found - {os.getpid()}


def delete(namespace: str) -> None:
    """Take a namespace away, with whatever still runs in it."""
    if place(namespace).exists():
        run("ip", "netns", "del", namespace, check=False)


def unmount_below(folder: Path) -> None:
    """Take away what a dead engine left mounted."""
    places = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for one in sorted(places, reverse=True):
        if one.startswith(f"{folder}/"):
            run("umount", "-l", one, check=False)
