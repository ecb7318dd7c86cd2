"""A host: commands, programs that stay, a Docker engine, a power switch.

`NamespaceHost` is one on this machine; remote.py has those that are reached by ssh.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import AF_INET, SOCK_DGRAM, SOCK_STREAM, socket
from typing import Any, Protocol

from tests.dockerd import Dockerd
from tests.multihost.namespaces import (
    delete,
    entering,
    inside,
    ip,
    place,
    processes,
    run,
    sysctl,
    unmount_below,
)
from tests.multihost.wires import LINKS, Switch

END_S = 10.0


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
    def docker(self) -> str:
        """Where its engine answers: unix://PATH; empty where it has none."""
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
        return connected(place(self.namespace), address, port, timeout_s)

    def down(self) -> None:
        """Leave nothing of the host but its folder."""
        self.kill()

    def _signal(self, number: signal.Signals) -> None:
        for pid in processes(self.namespace):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def connected(namespace: Path, address: str, port: int, timeout_s: float = 2.0) -> socket:
    """A connection that comes from a namespace. Raise OSError where there is none to be had."""
    with inside(namespace):
        made = socket(AF_INET, SOCK_STREAM)
    made.settimeout(timeout_s)
    try:
        made.connect((address, port))
    except OSError:
        made.close()
        raise
    return made


def datagrams(namespace: Path, timeout_s: float = 2.0) -> socket:
    """A socket for datagrams that come from a namespace."""
    with inside(namespace):
        made = socket(AF_INET, SOCK_DGRAM)
    made.settimeout(timeout_s)
    return made


def namespace_of(host: NamespaceHost, container: str) -> Path:
    """Where the network of a container is."""
    found: Any = host.engine.ask("GET", f"/containers/{container}/json")
    return Path(f"/proc/{json.loads(json.dumps(found))['State']['Pid']}/ns/net")
