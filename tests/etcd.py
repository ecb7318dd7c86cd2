"""A real etcd for tests: found, or installed once with apt, started on free ports, stopped."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

START_S = 60.0


@cache
def binary() -> str:
    """Where etcd is; skips the test with the reason where there is none to be had."""
    found = shutil.which("etcd")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        # Debian starts the daemon when it installs it; this keeps it from doing so.
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        for command in (
            ["update"],
            ["install", "-y", "--no-install-recommends", "etcd-server", "etcd-client"],
        ):
            subprocess.run(
                ["apt-get", "-q", *command],
                env=environment,
                capture_output=True,
                timeout=120,
                check=False,
            )
        found = shutil.which("etcd")
    if found is None:
        pytest.skip("no etcd: not installed, and apt-get as root could not install it")
    return found


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@dataclass
class Member:
    """One etcd process."""

    name: str
    port: int
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)

    def wait(self) -> None:
        """Until it serves clients."""
        deadline = time.monotonic() + START_S
        while b"serving" not in self.log.read_bytes():
            assert self.process.poll() is None, self.log.read_text()[-2000:]
            assert time.monotonic() < deadline, self.log.read_text()[-2000:]
            time.sleep(0.02)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def cluster(folder: Path, *, members: int = 1, flags: Sequence[str] = ()) -> Iterator[list[Member]]:
    """Members of one etcd cluster on loopback. With TLS flags the clients' side is https."""
    ports = free_ports(members * 2)
    peers = [f"http://127.0.0.1:{port}" for port in ports[members:]]
    scheme = "https" if flags else "http"
    started = []
    for number in range(members):
        name, client = f"m{number}", f"{scheme}://127.0.0.1:{ports[number]}"
        command = [
            binary(),
            f"--name={name}",
            f"--data-dir={folder / name}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peers[number]}",
            f"--initial-advertise-peer-urls={peers[number]}",
            "--initial-cluster=" + ",".join(f"m{n}={peer}" for n, peer in enumerate(peers)),
            "--logger=zap",
            *flags,
        ]
        started.append(Member(name, ports[number], command, folder / f"{name}.log"))
    try:
        for member in started:
            member.start()
        for member in started:
            member.wait()
        yield started
    finally:
        for member in started:
            member.kill()


def url(members: Sequence[Member]) -> str:
    """What `--store` takes."""
    return "etcd://" + ",".join(f"127.0.0.1:{member.port}" for member in members)


def control(member: Member, *command: str) -> str:
    """What etcdctl says; skips the test where there is none."""
    tool = shutil.which("etcdctl")
    if tool is None:
        pytest.skip("no etcdctl: it comes with Debian's package etcd-client")
    return subprocess.run(
        [tool, f"--endpoints=127.0.0.1:{member.port}", *command],
        env={"ETCDCTL_API": "3"},
        capture_output=True,
        check=True,
        text=True,
    ).stdout


def is_leader(member: Member) -> bool:
    """Whether a member leads the others."""
    status = json.loads(control(member, "endpoint", "status", "--write-out=json"))[0]["Status"]
    return bool(status["leader"] == status["header"]["member_id"])
