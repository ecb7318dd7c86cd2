"""What clients asked and saw while wires and disks failed holds together, on every store.

Clients are on a host of their own. SEED=17 replays their choices; a history that does not
hold is kept in build/histories.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from knarr.daemon.certificates import Authority, Wanted
from knarr.daemon.clock import SystemClock
from tests.history.checker import violations
from tests.history.record import History, Write
from tests.multihost.api import eventually
from tests.multihost.host import Host
from tests.multihost.lab import lab, why_not
from tests.multihost.made import Lab

SEED = int(os.environ.get("SEED", "7"))
PEACE_CALLS = 60
"""So many calls must succeed between two troubles: that there is peace again is checked too."""
TROUBLE_CALLS_S = 2.0
WAIT_S = 90.0
KEPT = Path("build/histories")
PORT = 6444
TOKEN = "history"

SLOW_MS = 150
"""How long a slow disk takes to be done with a write."""

pytestmark = pytest.mark.timeout(400)

Peace = Callable[[], None]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three hosts for servers and stores, one for clients."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with lab(tmp_path_factory.mktemp("histories"), 1, servers=3) as found:
        if not found.control.run("sh", "-c", "command -v etcd", check=False):
            pytest.skip("etcd is not installed")
        yield found


class Story:
    """A store, servers, and clients of them."""

    def __init__(self, made: Lab, name: str, servers: Sequence[Host]) -> None:
        self.made = made
        self.name = name
        self.servers = servers
        self.store = ""
        self._clients = made.nodes[0]
        self._members: Sequence[Host] = ()

    def folder(self, host: Host) -> Path:
        """Where a host has what belongs to the story."""
        return host.folder / self.name

    def keep_in_etcd(self, members: Sequence[Host]) -> None:
        """Start a cluster of etcd."""
        self._members = members
        peers = ",".join(f"{host.name}=http://{host.ip}:2380" for host in members)
        for host in members:
            host.run("mkdir", "-p", str(self.folder(host)))
            host.start(
                "etcd",
                "etcd",
                f"--name={host.name}",
                f"--data-dir={self.folder(host)}/etcd",
                f"--listen-client-urls=http://{host.ip}:2379",
                f"--advertise-client-urls=http://{host.ip}:2379",
                f"--listen-peer-urls=http://{host.ip}:2380",
                f"--initial-advertise-peer-urls=http://{host.ip}:2380",
                f"--initial-cluster={peers}",
            )
        self.store = "etcd://" + ",".join(f"{host.ip}:2379" for host in members)

    def start(self) -> None:
        """Start servers and clients."""
        local = self.made.folder / "pki"
        authority = Authority.at(local, SystemClock())
        for host in self.servers:
            authority.ensure(local / host.name, Wanted(host.name, hosts=(host.ip,)))
            for end in ("crt", "key"):
                data = (local / f"{host.name}.{end}").read_bytes()
                host.write(self.folder(host) / f"server.{end}", data)
            host.write(self.folder(host) / "tokens", f"{TOKEN},root,1,system:masters\n".encode())
            host.start(
                "apiserver",
                *(*host.python, "-m", "apiserver", f"--store={self.store}"),
                *("--secure-port=0", f"--grpc-port={PORT}", f"--bind-address={host.ip}"),
                f"--advertise-address={host.ip}",
                f"--token-auth-file={self.folder(host)}/tokens",
                f"--tls-cert-file={self.folder(host)}/server.crt",
                f"--tls-private-key-file={self.folder(host)}/server.key",
            )
        there = self.folder(self._clients)
        self._clients.write(there / "ca.crt", (local / "ca.crt").read_bytes())
        servers = ",".join(f"{host.ip}:{PORT}" for host in self.servers)
        for host in self.servers:
            eventually(lambda h=host: self._clients.connect(h.ip, PORT).close(), WAIT_S)  # type: ignore[misc]
        words = [f"--servers={servers}", f"--token={TOKEN}", f"--authority={there}/ca.crt"]
        words += [f"--out={there}/history.json", f"--seed={SEED}"]
        words = [*self._clients.python, "-m", "tests.history", "clients", *words]
        self._clients.start(f"history-{self.name}", *words)

    def peace(self) -> None:
        """Wait until so many more calls are answered."""
        wanted = self.answered() + PEACE_CALLS

        def look() -> None:
            assert self._clients.is_running(f"history-{self.name}"), self._words()
            assert self.answered() >= wanted, f"{self.answered()} answers, not {wanted}"

        eventually(look, WAIT_S)

    def answered(self) -> int:
        """How many calls were answered."""
        counts: list[str] = re.findall(r"^\d+$", self._words(), re.MULTILINE)
        return int(counts[-1]) if counts else 0

    def check(self) -> Counter[str]:
        """End all, and hold what was seen against what was kept; answer how calls ended."""
        self._clients.stop(f"history-{self.name}")
        read = self._clients.read(self.folder(self._clients) / "history.json")
        history = msgspec.json.decode(read, type=History)
        for host in self.servers:
            host.crash("apiserver", again=False)
        first = self.servers[0]
        out = self.folder(first) / "log.json"
        words = (f"--store={self.store}", f"--out={out}")
        first.run(*first.python, "-m", "tests.history", "log", *words, timeout_s=90)
        history.log = msgspec.json.decode(first.read(out), type=list[Write])
        broken = violations(history)
        if broken:
            KEPT.mkdir(parents=True, exist_ok=True)
            kept = KEPT / f"{self.name}-{history.seed}-{os.getpid()}.json"
            kept.write_bytes(history.saved())
            raise AssertionError("\n".join([f"SEED={SEED}, kept in {kept}", *broken[:20]]))
        newest = history.log[-1].revision
        assert all(notes[-1].revision >= newest for notes in history.watchers), "all heard the last"
        return Counter(call.outcome for call in history.calls)

    def end(self) -> None:
        """Leave nothing that runs."""
        self.made.wires.heal()
        programs = [(self._clients, f"history-{self.name}")]
        programs += [(host, "apiserver") for host in self.servers]
        programs += [(host, "etcd") for host in self._members]
        for host, name in programs:
            if host.is_running(name):
                host.crash(name, again=False)

    def _words(self) -> str:
        log = self._clients.folder / f"log-history-{self.name}"
        return self._clients.read(log).decode(errors="replace")


@contextmanager
def told(made: Lab, name: str, servers: Sequence[Host]) -> Iterator[Story]:
    """A story that ends however its test does."""
    story = Story(made, name, servers)
    try:
        yield story
    finally:
        story.end()


@contextmanager
def slow_disk(host: Host, mark: str) -> Iterator[None]:
    """Have each wait for the disk of a program, known by words of its command, take longer."""
    if not host.run("sh", "-c", "command -v strace", check=False):
        pytest.skip("strace is not installed")
    (pid,) = host.run("pgrep", "-x", "-f", mark).split()
    calls = "fsync,fdatasync"
    inject = (f"trace={calls}", "-e", f"inject={calls}:delay_enter={SLOW_MS}ms")
    host.start("slow", "strace", "-f", "-o", "/dev/null", "-e", *inject, "-p", pid)
    try:
        eventually(lambda: _is_traced(host, pid))
        yield
    finally:
        host.stop("slow")


def _is_traced(host: Host, pid: str) -> None:
    told = host.run("grep", "TracerPid", f"/proc/{pid}/status")
    assert told.split()[-1] != "0", told


def _disturb(story: Story, one: Host, other: Host) -> None:
    """Lose what passes between two hosts, one way and both ways, then have it late."""
    wires = story.made.wires
    for ends in ((one, other), (other, one)):
        wires.one_way(*ends)
        _for_a_while(story)
        wires.heal()
        story.peace()
    wires.partition(one, other)
    _for_a_while(story)
    wires.heal()
    story.peace()
    wires.lose(one, 10)
    story.peace()
    wires.heal()


def _for_a_while(story: Story) -> None:
    """Let calls fail; how many are answered meanwhile is not known."""
    story.made.control.run("sleep", str(TROUBLE_CALLS_S))


def test_sqlite_behind_bad_wires_and_on_a_slow_disk(made: Lab) -> None:
    server = made.control
    with told(made, "sqlite", [server]) as story:
        server.run("mkdir", "-p", str(story.folder(server)))
        story.store = f"sqlite://{story.folder(server)}/store.db"
        story.start()
        story.peace()
        _disturb(story, server, made.nodes[0])
        with slow_disk(server, f".*-m apiserver --store={story.store}.*"):
            story.peace()
            server.crash("apiserver")
        story.peace()
        done = story.check()
    assert done["ok"] > 6 * PEACE_CALLS, done
    assert done["unknown"] > 0, "some answers were lost"


def test_one_etcd_behind_bad_wires_and_on_a_slow_disk(made: Lab) -> None:
    keeper, *servers = made.servers
    with told(made, "etcd", servers) as story:
        story.keep_in_etcd([keeper])
        story.start()
        story.peace()
        _disturb(story, keeper, servers[0])
        with slow_disk(keeper, f"etcd .*{story.folder(keeper)}.*"):
            story.peace()
            servers[0].crash("apiserver")
            story.peace()
            keeper.crash("etcd")
        story.peace()
        done = story.check()
    assert done["ok"] > 7 * PEACE_CALLS, done


def test_three_etcds_behind_bad_wires_and_on_a_slow_disk(made: Lab) -> None:
    one, two, three = servers = made.servers
    with told(made, "etcds", servers) as story:
        story.keep_in_etcd(servers)
        story.start()
        story.peace()
        _disturb(story, one, two)
        for host in servers:
            for other in servers:
                if other is not host:
                    made.wires.partition(host, other)
            _for_a_while(story)
            made.wires.heal()
            story.peace()
        with slow_disk(one, f"etcd .*{story.folder(one)}.*"):
            story.peace()
            two.crash("etcd")
            story.peace()
            three.crash("apiserver")
        story.peace()
        done = story.check()
    assert done["ok"] > 9 * PEACE_CALLS, done
