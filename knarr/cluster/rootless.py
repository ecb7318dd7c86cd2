"""A network of the cluster's own for users without root: one user namespace holds all of it.

    options, outside = settle(options)   # before anything that starts threads is imported
    …
    made = outside.socket(AF_INET, SOCK_STREAM)   # in the machine's network, where users are

We move into a user namespace and a network of its own and are root in there:
pods get networks of theirs behind a bridge, the kernel carries Services. A
small process that stays behind makes sockets in the machine's network for us
and passes them in; it ends when we do.
"""

import array
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from knarr.cluster.options import UpOptions
from knarr.cluster.subordinate import foreign_namespaces, map_many
from knarr.daemon.settings import SettingsError

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000

BRIDGE = "knarr0"

TOOLS = {"nft": "nftables", "ip": "iproute2", "unshare": "util-linux"}
"""What is needed, and the Debian package that has it."""

MARK = b"KNARR_CONTAINER_ID=process://"
"""How the environment of every process of a pod begins to tell whose it is."""

_TRY = "link add knarrtry type bridge\n"


class Outside:
    """Makes sockets in the network of the machine."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def socket(self, family: int, kind: int) -> socket.socket:
        """A new socket, bound to nothing. Raise OSError."""
        self._line.send(bytes((family, kind)))
        told, ancillary, _, _ = self._line.recvmsg(1, socket.CMSG_SPACE(4), socket.MSG_CMSG_CLOEXEC)
        if not told or not ancillary:
            raise OSError("the process that makes sockets outside is gone")
        numbers = array.array("i")
        numbers.frombytes(ancillary[0][2][:4])
        return socket.socket(fileno=numbers[0])


def why_not() -> str | None:
    """Why there can be no such network here; None where there can."""
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            return f"{tool} is not installed (Debian package {package})"
    tried = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "ip", "-batch", "-"],
        input=_TRY.encode(),
        capture_output=True,
        check=False,
    )
    if tried.returncode:
        told = tried.stderr.decode(errors="replace").strip().splitlines()
        return f"user namespaces are not allowed ({told[0] if told else 'unshare failed'})"
    return None


def settle(options: UpOptions) -> tuple[UpOptions, Outside | None]:
    """Choose the network where it is open; enter it if it is ours. Raise SettingsError."""
    may_be = options.network == "rootless" or (
        options.network == "auto"
        and os.geteuid() != 0
        and options.nodes > 0
        and (options.runtime == "process" or (options.runtime == "auto" and not _has_docker()))
    )
    if not may_be:
        return options, None
    why = _why_not_with(options) or why_not()
    if why is not None:
        if options.network == "rootless":
            raise SettingsError(f"--network rootless: {why}")
        return replace(options, network="loopback", why_network=why), None
    outside = enter(options.folder)
    told = "user namespaces are allowed"
    return replace(options, network="rootless", runtime="process", why_network=told), outside


def _why_not_with(options: UpOptions) -> str | None:
    if options.runtime not in ("auto", "process"):
        return f"is for --runtime process, not {options.runtime}"
    return None


def _has_docker() -> bool:
    if os.environ.get("DOCKER_HOST"):
        return True
    return os.access("/var/run/docker.sock", os.R_OK | os.W_OK)


def enter(folder: Path) -> Outside:
    """Move into a network of our own. Raise SettingsError."""
    sweep(folder)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    us = os.getpid()
    if os.fork() == 0:
        ours.close()
        theirs.recv(1)
        theirs.send(b"y" if map_many(us) else b"n")
        _serve(theirs)
    theirs.close()
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET):
        raise SettingsError(f"--network rootless: {os.strerror(ctypes.get_errno())}")
    ours.send(b"?")
    if ours.recv(1) != b"y":
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    return Outside(ours)


def sweep(folder: Path) -> None:
    """End what a cluster that was killed left: from within another network we could not."""
    uids = {path.name.encode() for path in folder.glob("nodes/*/pods/*")}
    left = list(_belonging_to(uids)) if uids else []
    for namespace in foreign_namespaces(left):
        # Only who is root in there may end users of other numbers.
        if (child := os.fork()) == 0:
            if ctypes.CDLL(None).setns(namespace, CLONE_NEWUSER) == 0:
                _kill(_belonging_to(uids))
            os._exit(0)
        os.waitpid(child, 0)
        os.close(namespace)
    _kill(left)


def _belonging_to(uids: Container[bytes]) -> Iterator[int]:
    """The processes of pods."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            found = [one for one in path.read_bytes().split(b"\0") if one.startswith(MARK)]
            if found and found[0].removeprefix(MARK).partition(b"/")[0] in uids:
                yield int(path.parent.name)


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def remove(folder: Path) -> None:
    """Remove a cluster's folder, and in it what users of other numbers have written."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists() and os.geteuid() != 0:
        inside = ("unshare", "--user", "--map-root-user", "--map-auto")
        subprocess.run((*inside, "rm", "-rf", str(folder)), capture_output=True, check=False)


def nameservers(resolv_conf: Path = Path("/etc/resolv.conf")) -> Sequence[str]:
    """Whom the machine asks for names, as far as we can pass questions on."""
    with suppress(OSError):
        lines = [line.split() for line in resolv_conf.read_text().splitlines()]
        return [
            words[1]
            for words in lines
            if len(words) > 1 and words[0] == "nameserver" and ":" not in words[1]
        ]
    return ()


def take_address(address: str) -> None:
    """Have an address of others here, so that we can listen in their place."""
    if not address.startswith("127."):
        _ip(f"addr add {address}/32 dev lo\n")


def lead_out() -> None:
    """Give addresses of other machines a route, so that the kernel looks at rules for them."""
    _ip("route add default dev lo\n")


def make_bridge(gateway: str) -> None:
    """Make what pods are behind, with this address. Raise SettingsError."""
    _ip(
        "link set lo up\n"
        f"link add {BRIDGE} type bridge\n"
        f"addr add {gateway}/16 dev {BRIDGE}\n"
        f"link set {BRIDGE} up\n"
    )
    for name in ("ipv4/ip_forward", "bridge/bridge-nf-call-iptables"):
        with suppress(OSError):
            Path(f"/proc/sys/net/{name}").write_text("1")


def _ip(commands: str) -> None:
    done = subprocess.run(
        ["ip", "-batch", "-"], input=commands, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SettingsError(f"--network rootless: ip: {done.stderr.strip()}")


def _serve(line: socket.socket) -> None:
    """Make sockets until nobody asks any more. Never returns."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        while asked := line.recv(2):
            with socket.socket(asked[0], asked[1]) as made:
                passed = array.array("i", [made.fileno()])
                line.sendmsg([b"s"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)])
    except OSError as error:
        sys.stderr.write(f"no more sockets from outside: {error}\n")
    finally:
        os._exit(0)
