"""Hosts that join, over real sockets on loopback, and all the ways in which that fails."""

import asyncio
import base64
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from knarr.api.coordination.lease import Lease
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.node import Node
from knarr.api.core.secret import Secret
from knarr.api.errors import NotFoundError
from knarr.api.keys import Key
from knarr.client.connection import Credentials
from knarr.client.grpc import GrpcClient, connect
from knarr.cluster.hosts.agent import run_agent
from knarr.cluster.hosts.certificates import certificate_in
from knarr.cluster.hosts.failure import JoinError
from knarr.cluster.hosts.folder import ServerFolder
from knarr.cluster.hosts.join import AgentFolder, JoinOptions, Membership, join
from knarr.cluster.hosts.parts import AgentOptions
from knarr.daemon.clock import SystemClock
from tests import etcd
from tests.etcd import free_ports

START_S = 120.0
LASTS_S = 20
"""How long the shortest certificates here are good."""


@dataclass(frozen=True)
class Place:
    """A server that runs, and how to ask it."""

    folder: Path
    port: int
    certificate_port: int

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def client(self) -> Any:
        pki = ServerFolder(self.folder).pki
        credentials = Credentials.from_files(
            authority=pki / "ca.crt", certificate=pki / "admin.crt", key=pki / "admin.key"
        )
        async with connect((f"127.0.0.1:{self.certificate_port}",), credentials) as client:
            yield client

    def token(self, *flags: str) -> dict[str, str]:
        """What `knarr token create` prints, by flag."""
        done = run("token", "create", f"--state-dir={self.folder}", *flags)
        assert done.returncode == 0, done.stderr
        return dict(re.findall(r"--([a-z-]+)=(\S+)", done.stdout))


def run(*words: str, timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "knarr.cluster", *words],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def begin(*words: str, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "knarr.cluster", *words], stdout=out, stderr=out
        )


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def server_words(folder: Path, ports: Sequence[int], *more: str) -> list[str]:
    rest, grpc, certificates = ports
    return [
        "server", f"--state-dir={folder}", "--bind-address=127.0.0.1", f"--secure-port={rest}",
        f"--grpc-port={grpc}", f"--grpc-certificate-port={certificates}", *more,
    ]  # fmt: skip


def wait_ready(process: subprocess.Popen[bytes], folder: Path, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while ServerFolder(folder).ready() is None:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The first server of a cluster, with certificates that are good for a day."""
    folder = tmp_path_factory.mktemp("hosts") / "server"
    ports, log = free_ports(3), folder.parent / "log"
    process = begin(
        *server_words(folder, ports, "--name=s1", "--certificate-duration=24h"), log=log
    )
    try:
        wait_ready(process, folder, log)
        yield Place(folder, ports[0], ports[2])
    finally:
        end(process)


def options(place: Place, given: dict[str, str], node: str = "n1", **more: Any) -> JoinOptions:
    return JoinOptions(
        **{
            "server": place.url,
            "node": node,
            "token": given.get("token", ""),
            "pins": (given["discovery-token-ca-cert-hash"],),
            **more,
        }
    )


async def fails(wanted: JoinOptions, folder: Path, clock: Any = None) -> str:
    """What a join that must fail says; it leaves no membership."""
    with pytest.raises(JoinError) as caught:
        await join(wanted, AgentFolder(folder), clock or SystemClock())
    assert AgentFolder(folder).membership() is None
    assert "\n" not in str(caught.value)
    return str(caught.value)


class OtherClock:
    """A clock that is wrong."""

    def __init__(self, off: timedelta) -> None:
        self._off = off

    def now(self) -> datetime:
        return SystemClock().now() + self._off


async def test_says_why_a_join_fails(place: Place, tmp_path: Path) -> None:
    given = place.token()
    wrong_hash = ("sha256:" + "0" * 64,)
    nowhere = f"https://127.0.0.1:{free_ports(1)[0]}"
    late, early = OtherClock(timedelta(hours=1)), OtherClock(timedelta(hours=-1))
    other = given["token"].partition(".")[0] + ".abcdefabcdefabcd"
    told = {
        "hash": await fails(options(place, given, pins=wrong_hash), tmp_path),
        "form": await fails(options(place, given, pins=("abc",)), tmp_path),
        "no hash": await fails(options(place, given, pins=()), tmp_path),
        "no token": await fails(options(place, given, token=""), tmp_path),
        "unknown": await fails(options(place, given, token="aaaaaa.aaaaaaaaaaaaaaaa"), tmp_path),
        "secret": await fails(options(place, given, token=other), tmp_path),
        "nobody": await fails(options(place, given, server=nowhere), tmp_path),
        "ahead": await fails(options(place, given), tmp_path, late),
        "behind": await fails(options(place, given), tmp_path, early),
        "newer": await fails(options(place, given, version="v1.99.0"), tmp_path),
        "older": await fails(options(place, given, version="v1.30.0"), tmp_path),
    }
    wanted = {
        "hash": "is not the one given: this is another cluster",
        "form": "is not sha256: and 64 hexadecimal digits",
        "no hash": "or any cluster would be believed",
        "no token": "--token is needed to join",
        "unknown": "knows no token aaaaaa, or it has expired",
        "secret": "second half of the token",
        "nobody": "cannot be reached",
        "ahead": "s ahead of the server's",
        "behind": "s behind the server's",
        "newer": "newer than the server's",
        "older": "more than 1 minor version older",
    }
    for case, words in wanted.items():
        assert words in told[case]
    assert not list(tmp_path.glob("*.pem*")), "nothing was asked for"


async def test_an_expired_token_lets_nobody_in(place: Place, tmp_path: Path) -> None:
    given = place.token("--ttl=1h")
    secret = Key("kube-system", "bootstrap-token-" + given["token"].partition(".")[0])
    over = base64.b64encode(b"2020-01-01T00:00:00Z").decode()
    async with place.client() as client:
        await client.patch(Secret, secret, {"data": {"expiration": over}})
    assert "or it has expired" in await fails(options(place, given), tmp_path)


@asynccontextmanager
async def agent(place: Place, folder: Path, wanted: JoinOptions) -> Any:
    """A hollow node in this process."""
    chosen = AgentOptions(
        join=wanted,
        state_dir=folder,
        runtime="hollow",
        node_ip=("127.0.0.1",),
        without=("proxy", "dns"),
        kubelet={"address": "127.0.0.1", "port": "0", "healthz-port": "0"},
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(run_agent(chosen, SystemClock()))
        yield running
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def is_ready(client: GrpcClient, node: str) -> Node:
    async with asyncio.timeout(START_S):
        while True:
            with suppress(NotFoundError):
                found = await client.get(Node, Key("", node))
                if any(c.type == "Ready" and c.status == "True" for c in found.status.conditions):
                    return found
            await asyncio.sleep(0.1)


async def test_a_host_joins_and_needs_no_token_again(place: Place, tmp_path: Path) -> None:
    given = place.token()
    async with place.client() as client:
        older = options(place, given, "joined", version="v1.35.4")
        async with agent(place, tmp_path, older):
            node = await is_ready(client, "joined")
            assert node.spec.pod_cidr, "the cluster gives it a range"
            second = options(place, given, "joined")
            told = await fails(second, tmp_path / "other")
            assert "the name joined is taken" in told
        run("token", "delete", given["token"], f"--state-dir={place.folder}")
        async with agent(place, tmp_path, JoinOptions(server=place.url, node="joined")):
            await is_ready(client, "joined")
    with pytest.raises(JoinError, match="is the node joined already"):
        await join(options(place, given, "another"), AgentFolder(tmp_path), SystemClock())
    wrong = options(place, given, "joined", pins=("sha256:" + "0" * 64,))
    with pytest.raises(JoinError, match="belongs to another cluster"):
        await join(wrong, AgentFolder(tmp_path), SystemClock())


async def test_certificates_of_a_node_are_renewed_while_it_works(
    place: Place, tmp_path: Path
) -> None:
    """Good for ten minutes, the least the API takes; the clock of this host runs ahead."""
    given = place.token()
    clock = OtherClock(timedelta(0))
    wanted = options(place, given, "renewing", lasts_s=600)
    folder = AgentFolder(tmp_path)
    chosen = AgentOptions(
        join=wanted,
        state_dir=tmp_path,
        runtime="hollow",
        node_ip=("127.0.0.1",),
        without=("proxy", "dns"),
        kubelet={"address": "127.0.0.1", "port": "0", "healthz-port": "0"},
    )
    async with place.client() as client, asyncio.TaskGroup() as group:
        running = group.create_task(run_agent(chosen, clock))
        await is_ready(client, "renewing")
        first = serials(folder)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        clock._off = timedelta(minutes=9)  # Two thirds are over when it starts again.
        running = group.create_task(run_agent(chosen, clock))
        async with asyncio.timeout(START_S):
            while any(new == old for new, old in zip(serials(folder), first, strict=True)):
                await asyncio.sleep(0.1)
        await is_ready(client, "renewing")
        running.cancel()


def serials(folder: AgentFolder) -> tuple[int, int]:
    found = [certificate_in(file) for file in (folder.client, folder.serving)]
    assert all(isinstance(one, x509.Certificate) for one in found)
    client, serving = (one.serial_number for one in found if one is not None)
    return client, serving


async def test_certificates_of_seconds_are_renewed_without_a_restart(tmp_path: Path) -> None:
    """Server, administrator and node outlive their first certificates, side by side."""
    folder, ports, log = tmp_path / "server", free_ports(3), tmp_path / "log"
    process = begin(
        *server_words(folder, ports, "--name=s1", f"--certificate-duration={LASTS_S}s"), log=log
    )
    try:
        await asyncio.to_thread(wait_ready, process, folder, log)
        place = Place(folder, ports[0], ports[2])
        given = await asyncio.to_thread(place.token)
        node = AgentFolder(tmp_path / "agent")
        async with agent(place, node.path, options(place, given, "brief")):
            async with place.client() as client:
                await is_ready(client, "brief")
            first = serials(node)
            files = (node.client, node.serving, folder / "pki" / "apiserver.crt")
            ends = [
                one.not_valid_after_utc for one in map(certificate_in, files) if one is not None
            ]
            assert len(ends) == len(files)
            await asyncio.sleep((max(ends) - SystemClock().now()).total_seconds())
            assert all(new != old for new, old in zip(serials(node), first, strict=True))
            async with place.client() as client:
                before = (await client.get(Lease, Key("kube-node-lease", "brief"))).spec.renew_time
                async with asyncio.timeout(START_S):
                    while (
                        before
                        == (
                            await client.get(Lease, Key("kube-node-lease", "brief"))
                        ).spec.renew_time
                    ):
                        await asyncio.sleep(0.2)
            # From the administrator by the API server to the kubelet: all three are new.
            path = "/api/v1/nodes/brief/proxy/stats/summary"
            asked = ("get", "--raw", path, f"--kubeconfig={folder / 'admin.conf'}")
            done = await asyncio.to_thread(run, *asked)
            assert done.returncode == 0, done.stderr
            assert '"nodeName"' in done.stdout
    finally:
        end(process)


async def test_a_join_that_is_killed_goes_on_where_it_was(place: Place, tmp_path: Path) -> None:
    given = place.token()
    folder = tmp_path / "agent"
    words = [
        "agent", f"--join={place.url}", "--node-name=killed", f"--state-dir={folder}",
        f"--token={given['token']}", "--runtime=hollow", "--without=proxy,dns",
        f"--discovery-token-ca-cert-hash={given['discovery-token-ca-cert-hash']}",
        "--node-ip=127.0.0.1", "--kubelet-arg=address=127.0.0.1,port=0,healthz-port=0",
    ]  # fmt: skip
    log = tmp_path / "log"
    for step in ("ca.crt", "client.pem.new", "client.pem", "agent.json", "serving.pem"):
        process = begin(*words, log=log)
        await asyncio.to_thread(appears, folder / step, process, log)
        process.send_signal(signal.SIGKILL)
        process.wait()
    process = begin(*words, log=log)
    try:
        async with place.client() as client:
            await is_ready(client, "killed")
            done = await asyncio.to_thread(
                run, "leave", f"--state-dir={folder}", f"--server-state-dir={tmp_path / 'none'}"
            )
            assert done.returncode == 0, done.stderr
            assert not folder.exists()
            with pytest.raises(NotFoundError):
                await client.get(Node, Key("", "killed"))
    finally:
        end(process)


def appears(path: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not path.exists():
        # A key lies there only while its certificate is waited for.
        if path.suffix == ".new" and path.with_suffix("").exists():
            return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, f"no {path}: {log.read_text()}"
        time.sleep(0.001)


async def test_a_server_on_sqlite_takes_no_further_servers(place: Place, tmp_path: Path) -> None:
    given = place.token("--server")
    words = server_words(
        tmp_path / "server", free_ports(3), f"--join={place.url}",
        *(f"--{flag}={given[flag]}" for flag in ("token", "discovery-token-ca-cert-hash")),
    )  # fmt: skip
    done = await asyncio.to_thread(run, *words, f"--certificate-key={given['certificate-key']}")
    assert done.returncode == 1
    assert "keeps its objects in SQLite on one host" in done.stderr
    wrong = await asyncio.to_thread(run, *words, f"--certificate-key={'0' * 64}")
    assert "not the key that this cluster's keys are locked with" in wrong.stderr
    alone = await asyncio.to_thread(run, *server_words(tmp_path / "server", free_ports(3)))
    assert alone.returncode == 1
    assert "began to join" in alone.stderr, "it never makes a second cluster"
    assert not (tmp_path / "server" / "store.db").exists()
    async with place.client() as client:
        keys = await client.get(Secret, Key("kube-system", "knarr-server-keys"))
        assert b"PRIVATE KEY" not in base64.b64decode(keys.data["content"])


async def test_servers_share_a_store_that_they_run(tmp_path: Path) -> None:
    etcd.binary()
    first, second = tmp_path / "a", tmp_path / "b"
    ports, more = free_ports(5), free_ports(5)
    log, log_b = tmp_path / "a.log", tmp_path / "b.log"
    members = [f"--etcd-client-port={ports[3]}", f"--etcd-peer-port={ports[4]}"]
    processes = [
        begin(*server_words(first, ports[:3], "--name=a", "--cluster-init", *members), log=log)
    ]
    try:
        await asyncio.to_thread(wait_ready, processes[0], first, log)
        place = Place(first, ports[0], ports[2])
        given = await asyncio.to_thread(place.token, "--server")
        flags = ("token", "discovery-token-ca-cert-hash", "certificate-key")
        words = server_words(
            second, more[:3], "--name=b", f"--join={place.url}",
            f"--etcd-client-port={more[3]}", f"--etcd-peer-port={more[4]}",
            *(f"--{flag}={given[flag]}" for flag in flags),
        )  # fmt: skip
        processes.append(begin(*words, log=log_b))
        await asyncio.to_thread(wait_ready, processes[1], second, log_b)
        async with Place(second, more[0], more[2]).client() as client:
            made = ConfigMap(metadata=_named("shared"), data={"by": "b"})
            await client.create(made)
        async with place.client() as client:
            assert (await client.get(ConfigMap, Key("default", "shared"))).data == {"by": "b"}
        leave = ("leave", "--server", f"--state-dir={tmp_path / 'none'}")
        done = await asyncio.to_thread(run, *leave, f"--server-state-dir={second}")
        assert done.returncode == 0, done.stderr
        processes.pop().wait(20)
        async with place.client() as client:
            config = await client.get(ConfigMap, Key("kube-system", "knarr-cluster"))
            assert [key for key in config.data if key.startswith("server.")] == ["server.a"]
        only = await asyncio.to_thread(run, *leave, f"--server-state-dir={first}")
        assert "this is the only server" in only.stderr
    finally:
        for process in processes:
            end(process)


async def renewed(client: GrpcClient, key: Key) -> str | None:
    with suppress(NotFoundError):
        return (await client.get(Lease, key)).spec.renew_time
    return None


async def test_nodes_turn_to_the_server_that_is_left(tmp_path: Path) -> None:
    """Two servers on one etcd of ours; the one by which the node joined is killed."""
    first, second = tmp_path / "a", tmp_path / "b"
    ports, more, node = free_ports(3), free_ports(3), AgentFolder(tmp_path / "agent")
    with etcd.cluster(tmp_path) as members:
        store = f"--store={etcd.url(members)}"
        processes = [begin(*server_words(first, ports, "--name=a", store), log=tmp_path / "a.log")]
        try:
            await asyncio.to_thread(wait_ready, processes[0], first, tmp_path / "a.log")
            place, other = Place(first, ports[0], ports[2]), Place(second, more[0], more[2])
            given = await asyncio.to_thread(place.token, "--server")
            flags = ("token", "discovery-token-ca-cert-hash", "certificate-key")
            words = [f"--{flag}={given[flag]}" for flag in flags]
            words = server_words(second, more, "--name=b", f"--join={place.url}", *words)
            processes.append(begin(*words, log=tmp_path / "b.log"))
            await asyncio.to_thread(wait_ready, processes[1], second, tmp_path / "b.log")
            given = await asyncio.to_thread(place.token)
            async with agent(place, node.path, options(place, given, "faithful")):
                key = Key("kube-node-lease", "faithful")
                async with place.client() as client, asyncio.timeout(START_S):
                    await is_ready(client, "faithful")
                    # A node says that it is ready and that it lives one beside the other.
                    while (before := await renewed(client, key)) is None:
                        await asyncio.sleep(0.1)
                config = yaml.safe_load(ServerFolder(second).kubeconfig.read_text())
                (grpc,) = config["clusters"][0]["cluster"]["extensions"]
                assert grpc["extension"]["address"] == f"127.0.0.1:{more[2]},127.0.0.1:{ports[2]}"
                processes[0].kill()
                processes[0].wait()
                async with other.client() as client, asyncio.timeout(START_S):
                    while await renewed(client, key) == before:
                        await asyncio.sleep(0.2)
        finally:
            for process in processes:
                if process.poll() is None:
                    end(process)


def _named(name: str) -> Any:
    from knarr.api.meta.object_meta import ObjectMeta  # noqa: PLC0415

    return ObjectMeta(name=name, namespace="default")


def test_a_membership_is_read_back(tmp_path: Path) -> None:
    folder = AgentFolder(tmp_path)
    assert folder.membership() is None
    made = Membership(server="https://h:6443", grpc="h:6445", node="n")
    folder.remember(made)
    assert folder.membership() == made
