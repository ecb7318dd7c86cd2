"""Hosts that are reached by ssh: real machines, or virtual ones.

outpost.py does there what is asked here; ssh carries its socket, and starts and ends it.
"""

import base64
import errno
import json
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from socket import AF_UNIX, socket
from typing import Any, Protocol

import pytest

from tests.dockerd import START_S, Dockerd
from tests.multihost.host import END_S, ROOT
from tests.multihost.namespaces import run

PACKAGES = (
    *("apiserver", "controller_manager", "dns", "knarr", "kubelet", "proxy", "scheduler"),
    "tests",  # Clients that run there are of the tests.
)

OUTPOST = Path(__file__).with_name("outpost.py")

SSH = (
    *("ssh", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes"),
    *("-o", "StreamLocalBindUnlink=yes", "-o", "ServerAliveInterval=5"),
)


@dataclass(frozen=True)
class RemoteNetwork:
    """A host's network, or that of a container on it."""

    host: "RemoteHost"
    path: str = ""
    """The namespace, for containers."""

    def connect(self, address: str, port: int, timeout_s: float = 2.0) -> socket:
        """A connection that comes from there."""
        made = self.host.begin(
            "connect", network=self.path, address=address, port=port, timeout_s=timeout_s
        )
        made.settimeout(timeout_s)
        return made

    def datagrams(self, timeout_s: float = 2.0) -> socket:
        """None: ssh carries streams."""
        _ = timeout_s
        pytest.skip("datagrams are not carried over ssh")


@dataclass
class RemoteEngine:
    """A Docker engine of the tests' own on such a host."""

    host: "RemoteHost"

    @property
    def words(self) -> Dockerd:
        """The engine's folder and flags, as they are there."""
        flags = (f"--cgroup-parent=/{self.host.cgroup}",)
        return Dockerd(self.host.folder / "docker", flags=flags, is_bare=self.host.is_bare)

    def ask(self, method: str, path: str) -> Any:
        """One call of its API; the answer as JSON."""
        told = self._call(method, path)
        return json.loads(told) if told.strip() else None

    def start(self) -> None:
        """Start it and wait until it answers."""
        stale = ("docker/pid", "docker/exec/containerd/containerd.pid")
        self.host.run("rm", "-f", *(str(self.host.folder / one) for one in stale))
        self.host.write(self.host.folder / "docker" / "empty.json", b"{}")
        self.host.begin_program("dockerd", self.words.command)
        deadline = time.monotonic() + START_S
        while True:
            with suppress(OSError):
                self._call("GET", "/_ping")
                return
            if time.monotonic() > deadline:
                log = self.host.read(self.host.folder / "log-dockerd")[-2000:]
                raise RuntimeError(f"dockerd did not start: {log.decode(errors='replace')}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a crash would."""
        self.host.ask("end", name="dockerd", number=int(signal.SIGKILL), timeout_s=END_S)

    def load(self, archive: Path) -> None:
        """Give it images."""
        self._call("POST", "/images/load", archive.read_bytes())

    def _call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        connection = HTTPConnection("docker")
        connection.sock = self.host.begin("unix", path=str(self.words.socket))
        connection.sock.settimeout(120)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            told = answer.read()
        finally:
            connection.close()
        if answer.status >= 500:
            raise OSError(f"{method} {path}: {told!r}")
        return told


class Reset(Protocol):
    """What has to be done again on a host that was off."""

    def booted(self, host: "RemoteHost") -> None:
        """The host is on again, with nothing running."""
        ...


@dataclass
class RemoteHost:
    """A host that is reached by ssh. Python, dockerd, nft and ip must be there."""

    name: str
    ip: str
    ssh: Sequence[str]
    """Words for ssh: options and where to go."""
    folder: Path
    """A folder there that the tests may fill and remove."""
    local: Path
    """A folder here, with a short name: sockets are in it."""
    pods: str = ""
    interpreter: str = "python3"
    off: str = ""
    """A command that is run here and cuts the host's power."""
    on: str = ""
    has_engine: bool = True
    images: Path | None = None
    is_bare: bool = True
    wires: "Reset | None" = None
    """What is told that the host began anew."""
    _programs: dict[str, Sequence[str]] = field(default_factory=dict)
    _ssh: "subprocess.Popen[bytes] | None" = None

    @property
    def cgroup(self) -> str:
        """Below which its containers are."""
        return f"{self.folder.name}-{self.name}"

    @property
    def docker(self) -> str:
        """Where its engine answers."""
        return self.engine.words.host if self.has_engine else ""

    @property
    def engine(self) -> RemoteEngine:
        """Its engine."""
        return RemoteEngine(self)

    @property
    def network(self) -> RemoteNetwork:
        """Its network."""
        return RemoteNetwork(self)

    @property
    def python(self) -> Sequence[str]:
        """Its Python, with our source."""
        return ("env", f"PYTHONPATH={self.folder / 'src'}", self.interpreter)

    def network_of(self, container: str) -> RemoteNetwork:
        """The network of a container there."""
        found = self.engine.ask("GET", f"/containers/{container}/json")
        return RemoteNetwork(self, f"/proc/{found['State']['Pid']}/ns/net")

    def up(self) -> None:
        """Bring our source there, have the outpost started and an engine."""
        folder = str(self.folder)
        self._command(f"rm -rf '{folder}'/*; mkdir -p '{folder}/src'")
        packed = ["tar", "-C", str(ROOT), "--exclude=__pycache__", "-c", *PACKAGES]
        source = subprocess.run(packed, capture_output=True, check=True, timeout=60).stdout
        self._command(f"tar -C '{folder}/src' -x", source)
        self._reach()
        if self.has_engine:
            self.engine.start()
            if self.images is not None:
                self.engine.load(self.images)

    def down(self) -> None:
        """Leave nothing there."""
        for name in reversed(self._programs):
            with suppress(OSError, AssertionError):
                self.ask("end", name=name, number=int(signal.SIGKILL), timeout_s=END_S)
        if self.has_engine:
            with suppress(OSError, AssertionError):
                for one in self.engine.ask("GET", "/containers/json?all=1"):
                    self.engine.ask("DELETE", f"/containers/{one['Id']}?force=1&v=1")
                self.ask("end", name="dockerd", number=int(signal.SIGTERM), timeout_s=30.0)
        with suppress(OSError, AssertionError):
            mounts = "tac /proc/mounts | cut -d' ' -f2"
            undo = f"{mounts} | grep '^{self.folder}/' | xargs -r -n1 umount -l"
            groups = f"find /sys/fs/cgroup -depth -type d -path '*/{self.cgroup}*'"
            self.run("sh", "-c", f"{undo}; rm -rf '{self.folder}'/*")
            self.run("sh", "-c", f"{groups} -exec rmdir {{}} +", check=False)
        self._leave()

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """Have the outpost do something. Raise OSError."""
        connection, answer = self._begin(do, **more)
        connection.close()
        return answer

    def begin(self, do: str, **more: Any) -> socket:
        """Have the outpost open a connection. Raise OSError as the host itself would."""
        return self._begin(do, **more)[0]

    def run(self, *words: str, timeout_s: float = 20.0, check: bool = True, fed: str = "") -> str:
        """Run a command there."""
        found = self.ask("run", words=words, timeout_s=timeout_s, fed=fed)
        if "late" in found:
            raise subprocess.TimeoutExpired(words, timeout_s)
        assert not check or found["code"] == 0, f"{' '.join(words)}: {found['printed']}"
        return str(found["printed"])

    def write(self, path: Path, data: bytes) -> None:
        """Write a file there."""
        self.ask("write", path=str(path), data=base64.b64encode(data).decode())

    def read(self, path: Path) -> bytes:
        """Read a file there."""
        return base64.b64decode(self.ask("read", path=str(path))["data"])

    def start(self, name: str, *words: str) -> None:
        """Run a program until it is stopped."""
        self.begin_program(name, words)
        self._programs[name] = words

    def begin_program(self, name: str, words: Sequence[str]) -> None:
        """Run a program that does not come back when the host does."""
        self.ask("start", name=name, words=words, log=str(self.folder / f"log-{name}"))

    def stop(self, name: str) -> Sequence[str]:
        """End a program and forget it; answer its words."""
        words = self._programs.pop(name)
        found = self.ask("end", name=name, number=int(signal.SIGTERM), timeout_s=END_S)
        assert "late" not in found, f"{name} on {self.name} did not end in {END_S:.0f} s"
        return words

    def restart(self, name: str, *, after_s: float = 0.0) -> None:
        """Stop a program and start it again."""
        words = self.stop(name)
        time.sleep(after_s)
        self.start(name, *words)

    def crash(self, name: str, *, again: bool = True) -> None:
        """End a program at once."""
        self.ask("end", name=name, number=int(signal.SIGKILL), timeout_s=END_S)
        if again:
            self.start(name, *self._programs[name])

    def words_of(self, name: str) -> Sequence[str]:
        """What a program was started with."""
        return self._programs[name]

    def is_running(self, name: str) -> bool:
        """Whether a program still runs."""
        return bool(self.ask("is_running", name=name)["is_running"])

    def kill(self) -> None:
        """Cut the power, by the command that the inventory has for it."""
        if not self.off:
            pytest.skip(f"the inventory has no command that switches {self.name} off")
        run("sh", "-c", self.off, timeout_s=60)
        self._leave()

    def boot(self) -> None:
        """Switch it on, and start what ran."""
        run("sh", "-c", self.on, timeout_s=60)
        self._reach()
        if self.wires is not None:
            self.wires.booted(self)
        if self.has_engine:
            self.engine.start()
        for name, words in tuple(self._programs.items()):
            self.start(name, *words)

    def freeze(self) -> None:
        """Have every program hang."""
        self.ask("signal_all", number=int(signal.SIGSTOP))

    def thaw(self) -> None:
        """Let them go on."""
        self.ask("signal_all", number=int(signal.SIGCONT))

    def connect(self, address: str, port: int, timeout_s: float = 2.0) -> socket:
        """A connection that comes from that host."""
        return self.network.connect(address, port, timeout_s)

    @property
    def _socket(self) -> Path:
        return self.local / f"{self.name}.sock"

    def _begin(self, do: str, **more: Any) -> tuple[socket, dict[str, Any]]:
        connection = socket(AF_UNIX)
        connection.settimeout(more.get("timeout_s", 20.0) + 20.0)
        try:
            connection.connect(str(self._socket))
            connection.sendall(json.dumps({"do": do, **more}).encode() + b"\n")
            answer = json.loads(_answer(connection))
        except (OSError, ValueError) as error:
            connection.close()
            raise ConnectionError(f"{self.name} is not reached by ssh: {error}") from None
        if "error" in answer:
            connection.close()
            if answer["errno"] == errno.ETIMEDOUT:
                raise TimeoutError("timed out")
            raise OSError(answer["errno"], answer["error"])
        return connection, answer

    def _command(self, text: str, fed: bytes = b"") -> None:
        words = [*SSH, *self.ssh, text]
        done = subprocess.run(words, input=fed, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, f"{self.name}: {text}: {done.stderr.decode()}"

    def _reach(self) -> None:
        """Start the outpost; a host that was just switched on may take its time."""
        deadline = time.monotonic() + 120
        while True:
            with suppress(AssertionError, subprocess.TimeoutExpired):
                self._command(f"cat > '{self.folder}/outpost.py'", OUTPOST.read_bytes())
                break
            assert time.monotonic() < deadline, f"{self.name} is not reached by ssh"
            time.sleep(0.5)
        there = f"{self.folder}/outpost.sock"
        self._ssh = subprocess.Popen(
            [
                *(*SSH, "-L", f"{self._socket}:{there}", *self.ssh),
                f"exec {self.interpreter} '{self.folder}/outpost.py' '{there}'",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._ssh.stdout is not None, "it is a pipe"
        assert self._ssh.stdout.readline() == b"up\n", f"{self.name}: the outpost did not start"

    def _leave(self) -> None:
        if self._ssh is None:
            return
        assert self._ssh.stdin is not None, "it is a pipe"
        with suppress(OSError):
            self._ssh.stdin.close()
        try:
            self._ssh.wait(5)
        except subprocess.TimeoutExpired:
            self._ssh.kill()
            self._ssh.wait()
        assert self._ssh.stdout is not None, "it is a pipe"
        self._ssh.stdout.close()
        self._ssh = None


def _answer(connection: socket) -> bytes:
    """One answer and nothing more: bytes that follow are of the connection."""
    return _exactly(connection, int(_exactly(connection, 8), 16))


def _exactly(connection: socket, count: int) -> bytes:
    told = bytearray()
    while len(told) < count:
        part = connection.recv(count - len(told))
        if not part:
            raise ConnectionError("it ended")
        told += part
    return bytes(told)
