"""A Docker engine of the tests' own: its data, its socket, no bridge of its own."""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from typing import Any

START_S = 20.0

_RULE = ("OUTPUT", "-m", "addrtype", "--dst-type", "LOCAL", "-j", "DOCKER")
"""What an engine without its own proxy adds at its start: it leads other engines' ports on
127.0.0.1 to where they cannot be answered from. None of our tests needs it."""

CLEANED_AT_ONCE = 6
"""Most of a removal is waiting: for a process to end, for the disk."""


def missing() -> str:
    """Why no engine can be started here; empty when one can."""
    if os.geteuid() != 0:
        return "only root can start a Docker engine"
    if shutil.which("dockerd") is None:
        return "dockerd is not installed: lab/test-tools.sh does it"
    if not Path("/sys/fs/cgroup").is_mount() and not any(Path("/sys/fs/cgroup").iterdir()):
        return "there are no cgroups"
    return ""


@dataclass
class Dockerd:
    """An engine in a folder."""

    folder: Path
    flags: Sequence[str] = ()
    """More flags for it."""
    process: subprocess.Popen[bytes] | None = None
    prefix: Sequence[str] = ()
    """What runs it elsewhere, in a network namespace."""
    is_bare: bool = True
    """Without Docker's own proxy for published ports."""

    @property
    def socket(self) -> Path:
        """Where it answers."""
        return self.folder / "docker.sock"

    @property
    def host(self) -> str:
        """The same, as clients are told."""
        return f"unix://{self.socket}"

    @property
    def command(self) -> list[str]:
        """What runs it."""
        return [
            *self.prefix,
            *("dockerd", "--config-file", str(self.folder / "empty.json")),
            *("--data-root", str(self.folder / "data")),
            *("--exec-root", str(self.folder / "exec")),
            *("--pidfile", str(self.folder / "pid"), "-H", self.host),
            *("--bridge=none", f"--userland-proxy={str(not self.is_bare).lower()}"),
            *("--live-restore", "--shutdown-timeout", "2", *self.flags),
        ]

    def start(self) -> None:
        """Start it and wait until it answers. Raise RuntimeError with its last words."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "empty.json").write_text("{}")
        # A stale number would be taken for a containerd that still runs.
        for stale in ("pid", "exec/containerd/containerd.pid"):
            (self.folder / stale).unlink(missing_ok=True)
        had_rule = bool(self.prefix) or _rule("-C")
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                words = (self.folder / "log").read_text(errors="replace").splitlines()[-3:]
                raise RuntimeError(f"dockerd did not start: {words}")
            time.sleep(0.05)
        if self.is_bare and not had_rule:
            _rule("-D")

    def kill(self) -> None:
        """End it as a crash would."""
        assert self.process is not None, "start() comes first"
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it and what is mounted for it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        places = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for place in sorted(places, reverse=True):
            if place.startswith(f"{self.folder}/"):
                subprocess.run(["umount", "-l", place], check=False)

    def ask(self, method: str, path: str) -> Any:
        """One call of its API; the answer as JSON."""
        connection = _UnixConnection(str(self.socket))
        try:
            connection.request(method, path)
            told = connection.getresponse().read()
        finally:
            connection.close()
        return json.loads(told) if told.strip() else None

    def clean(self) -> None:
        """Remove all containers and the networks that are ours."""
        left = self.ask("GET", "/containers/json?all=1")
        with ThreadPoolExecutor(CLEANED_AT_ONCE) as threads:
            list(threads.map(self._remove, left))
        for network in self.ask("GET", "/networks"):
            if network["Name"].startswith("knarr-"):
                self.ask("DELETE", f"/networks/{network['Id']}")

    def _remove(self, container: dict[str, Any]) -> None:
        self.ask("DELETE", f"/containers/{container['Id']}?force=1&v=1")

    def load(self, archive: Path) -> None:
        """Give it images."""
        connection = _UnixConnection(str(self.socket))
        with archive.open("rb") as data:
            connection.request(
                "POST",
                "/images/load",
                body=data,
                headers={"Content-Length": str(archive.stat().st_size)},
            )
            answer = connection.getresponse()
            told = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"images were not loaded: {told!r}")

    def _answers(self) -> bool:
        connection = _UnixConnection(str(self.socket))
        try:
            connection.request("GET", "/_ping")
            return connection.getresponse().status == 200
        except (OSError, urllib.error.URLError):
            return False
        finally:
            connection.close()


def _rule(verb: str) -> bool:
    """Look for the rule or delete it; answer whether it was there."""
    words = ("iptables", "-w", "-t", "nat", verb, *_RULE)
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("docker", timeout=120)
        self._path = path

    def connect(self) -> None:
        self.sock = socket(AF_UNIX, SOCK_STREAM)
        self.sock.settimeout(120)
        self.sock.connect(self._path)
