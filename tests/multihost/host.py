"""A host: commands, programs that stay, a Docker engine, a power switch.

`NamespaceHost` is one on this machine; remote.py has those that are reached by ssh.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import Any, Protocol

from tests.dockerd import Dockerd
from tests.multihost.namespaces import (
    delete,
    entering,
    ip,
    place,
    processes,
    run,
    sysctl,
    unmount_below,
)
from tests.multihost.networks import NamespaceNetwork, Network
from tests.multihost.wires import LINKS, Switch

END_S = 10.0

CONTROL = 10
"""The last number of the control plane's address; nodes follow."""

ROOT = Path(__file__).parents[2]
"""Where the source of Knarr is."""


class Engine(Protocol):
    """A host's Docker engine."""

    def ask(self, method: str, path: str) -> Any:
        """One call of its API; the answer as JSON."""
        ...

    def kill(self) -> None:
        """End it as a crash would."""
        ...

    def start(self) -> None:
        """Start it and wait until it answers."""
        ...


class Host(Protocol):
    """What a test may do with a host."""

    name: str
    folder: Path
    """A folder of the host's own, on the host."""

    @property
    def ip(self) -> str:
        """Its address."""
        ...

    @property
    def pods(self) -> str:
        """The addresses of pods there, of a node."""
        ...

    @property
    def docker(self) -> str:
        """Where its engine answers: unix://PATH; empty where it has none."""
        ...

    @property
    def engine(self) -> Engine:
        """Its engine."""
        ...

    @property
    def network(self) -> Network:
        """Its network, for clients that ask from there."""
        ...

    @property
    def python(self) -> Sequence[str]:
        """What runs Python there, with Knarr to be imported."""
        ...

    def network_of(self, container: str) -> Network:
        """The network of a container there."""
        ...

    def write(self, path: Path, data: bytes) -> None:
        """Write a file there, and the folders it lies in."""
        ...

    def read(self, path: Path) -> bytes:
        """Read a file there. Raise OSError."""
        ...

    def run(self, *words: str, timeout_s: float = 20.0, check: bool = True, fed: str = "") -> str:
        """Run a command there and answer what it prints, both streams."""
        ...

    def start(self, name: str, *words: str) -> None:
        """Run a program until it is stopped; started again when the host boots."""
        ...

    def stop(self, name: str) -> Sequence[str]:
        """End a program with SIGTERM, wait for it and forget it; answer its words."""
        ...

    def restart(self, name: str, *, after_s: float = 0.0) -> None:
        """Stop a program and start it again."""
        ...

    def crash(self, name: str, *, again: bool = True) -> None:
        """End a program with SIGKILL, and start it anew unless told otherwise."""
        ...

    def words_of(self, name: str) -> Sequence[str]:
        """What a program was started with."""
        ...

    def is_running(self, name: str) -> bool:
        """Whether a program that was started still runs."""
        ...

    def kill(self) -> None:
        """Cut the power: everything ends at once, the disk stays."""
        ...

    def boot(self) -> None:
        """Start after `kill`: the engine, then every program."""
        ...

    def freeze(self) -> None:
        """Have every program there hang."""
        ...

    def thaw(self) -> None:
        """Let them go on."""
        ...

    def connect(self, address: str, port: int, timeout_s: float = 2.0) -> socket:
        """A connection that comes from that host."""
        ...


@dataclass
class _Program:
    words: Sequence[str]
    process: subprocess.Popen[bytes]


@dataclass
class NamespaceHost:
    """A host that is a network namespace of this machine."""

    name: str
    number: int
    link: int
    tag: str
    folder: Path
    switch: Switch
    has_engine: bool = True
    images: Path | None = None
    """An archive that its engine is given at its first start."""
    is_bare: bool = True
    """Whether its engine is without a proxy of its own for published ports."""
    _programs: dict[str, _Program] = field(default_factory=dict)
    _engine: Dockerd | None = None

    @property
    def ip(self) -> str:
        """The host's address."""
        return f"{LINKS[self.link]}.{self.number}"

    @property
    def namespace(self) -> str:
        """The namespace's name."""
        return f"{self.tag}{self.name}"

    @property
    def pods(self) -> str:
        """The addresses of pods there."""
        return f"10.244.{self.number - CONTROL}.0/24"

    @property
    def network(self) -> NamespaceNetwork:
        """Its network."""
        return NamespaceNetwork(place(self.namespace))

    @property
    def python(self) -> Sequence[str]:
        """Our own."""
        return ("env", f"PYTHONPATH={ROOT}", sys.executable)

    @property
    def docker(self) -> str:
        """Where its engine answers."""
        return self.engine.host if self.has_engine else ""

    @property
    def engine(self) -> Dockerd:
        """Its Docker engine."""
        if self._engine is None:
            own_name = ("unshare", "--uts", "sh", "-c", 'hostname $0; exec "$@"', self.name)
            flags = (f"--cgroup-parent=/{self.tag}",)
            prefix = (*entering(self.namespace), *own_name)
            self._engine = Dockerd(
                self.folder / "docker", prefix=prefix, flags=flags, is_bare=self.is_bare
            )
        return self._engine

    def up(self) -> None:
        """Make the host and start its engine."""
        self.folder.mkdir(parents=True, exist_ok=True)
        run("ip", "netns", "add", self.namespace)
        ip(self.namespace, "link", "set", "lo", "up")
        # A namespace inherits much from the machine: have it as on a fresh one, where it
        # is Docker that turns forwarding on, and closes it for others by that.
        sysctl(
            self.namespace,
            ipv4__ip_forward=0,
            ipv4__conf__all__route_localnet=0,
            ipv4__conf__default__route_localnet=0,
            ipv4__conf__all__send_redirects=1,
            ipv4__conf__default__send_redirects=1,
            ipv4__conf__all__rp_filter=0,
            ipv4__conf__default__rp_filter=0,
        )
        self.switch.connect(self.namespace, self.name, self.number, self.link)
        if self.has_engine:
            self.engine.start()
            if self.images is not None:
                self.engine.load(self.images)
                self.images = None

    def run(self, *words: str, timeout_s: float = 20.0, check: bool = True, fed: str = "") -> str:
        """Run a command there."""
        found = (*entering(self.namespace), *words)
        return run(*found, timeout_s=timeout_s, check=check, fed=fed)

    def network_of(self, container: str) -> NamespaceNetwork:
        """The network of a container there."""
        found = self.engine.ask("GET", f"/containers/{container}/json")
        return NamespaceNetwork(Path(f"/proc/{found['State']['Pid']}/ns/net"))

    def write(self, path: Path, data: bytes) -> None:
        """Write a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def read(self, path: Path) -> bytes:
        """Read a file."""
        return path.read_bytes()

    def start(self, name: str, *words: str) -> None:
        """Run a program until it is stopped; what it says is in log-NAME of its folder."""
        with (self.folder / f"log-{name}").open("ab") as log:
            process = subprocess.Popen(
                [*entering(self.namespace), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._programs[name] = _Program(words, process)

    def stop(self, name: str) -> Sequence[str]:
        """End a program and forget it; answer its words."""
        program = self._programs.pop(name)
        program.process.terminate()
        try:
            program.process.wait(END_S)
        except subprocess.TimeoutExpired:
            program.process.kill()
            program.process.wait()
            raise AssertionError(f"{name} on {self.name} did not end in {END_S:.0f} s") from None
        return program.words

    def restart(self, name: str, *, after_s: float = 0.0) -> None:
        """Stop a program and start it again."""
        words = self.stop(name)
        time.sleep(after_s)
        self.start(name, *words)

    def crash(self, name: str, *, again: bool = True) -> None:
        """End a program at once."""
        program = self._programs[name]
        program.process.kill()
        program.process.wait()
        if again:
            self.start(name, *program.words)

    def words_of(self, name: str) -> Sequence[str]:
        """What a program was started with."""
        return self._programs[name].words

    def is_running(self, name: str) -> bool:
        """Whether a program still runs."""
        program = self._programs.get(name)
        return program is not None and program.process.poll() is None

    def kill(self) -> None:
        """Cut the power."""
        self.switch.disconnect(self.name)
        deadline = time.monotonic() + END_S
        while (left := processes(self.namespace)) and time.monotonic() < deadline:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for program in self._programs.values():
                program.process.wait()
            if self._engine is not None and self._engine.process is not None:
                self._engine.process.wait()
            time.sleep(0.05)
        unmount_below(self.folder)
        if self.has_engine:
            run("rm", "-rf", str(self.engine.folder / "exec"))
        delete(self.namespace)

    def boot(self) -> None:
        """Start after `kill`."""
        self.up()
        for name, program in tuple(self._programs.items()):
            self.start(name, *program.words)

    def freeze(self) -> None:
        """Have every program hang."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def connect(self, address: str, port: int, timeout_s: float = 2.0) -> socket:
        """A connection that comes from that host."""
        return self.network.connect(address, port, timeout_s)

    def down(self) -> None:
        """Leave nothing of the host but its folder."""
        self.kill()

    def _signal(self, number: signal.Signals) -> None:
        for pid in processes(self.namespace):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
