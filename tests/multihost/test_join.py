"""Hosts set up as docs/hosts.md tells: `knarr server`, `knarr agent --join`, `knarr leave`."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from knarr.cluster.hosts.folder import ServerFolder
from tests.images import archive_of
from tests.multihost.api import Api, eventually
from tests.multihost.asking import ask, daemon_set, names_of, service
from tests.multihost.cluster import DNS, PODS, REST, TOKEN, Cluster
from tests.multihost.host import Host
from tests.multihost.lab import lab, why_not

APP = "joined"

MOVING = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: moving}
spec:
  replicas: 2
  selector: {matchLabels: {app: moving}}
  template:
    metadata: {labels: {app: moving}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: c, image: "busybox:1.36", command: [sleep, "1000"]}
"""


@dataclass
class Joined(Cluster):
    """The same cluster, made by the commands that people use."""

    join_words: list[str] = field(default_factory=list)

    @property
    def api(self) -> Api:
        """The API server, asked from the control host."""
        authority = self.lab.folder / "ca.crt"
        if not authority.exists():
            # The very first question is what waits for it.
            there = ServerFolder(self.server_folder).pki / "ca.crt"
            authority.write_bytes(self.control.read(there))
        return Api(self.control.network, self.control.ip, REST, authority, TOKEN)

    @property
    def server_folder(self) -> Path:
        """Where the server keeps what it knows."""
        return self.control.folder / "server"

    def start_control(self) -> None:
        """Start the server and make a token."""
        tokens = self.control.folder / "tokens.csv"
        self.control.write(tokens, f"{TOKEN},admin,admin,system:masters\n".encode())
        self._knarr(
            self.control,
            "server",
            "--name=control",
            f"--state-dir={self.server_folder}",
            f"--advertise-address={self.control.ip}",
            f"--cluster-cidr={PODS}",
            f"--token-auth-file={tokens}",
        )
        eventually(lambda: self.api.get("/readyz"))
        printed = self.knarr(
            self.control, "token", "create", f"--state-dir={self.server_folder}"
        ).strip()
        self.join_words = printed.split()[2:]

    def start(self) -> None:
        """Start all and wait until all nodes are ready and carry Services."""
        self.start_control()
        for number in range(len(self.nodes)):
            self.start_node(number)
        self.wait_ready(60)

    def start_node(self, number: int) -> None:
        """Have a host join."""
        host = self.nodes[number]
        self._knarr(
            host,
            "agent",
            *self.join_words,
            f"--node-name={host.name}",
            f"--node-ip={host.ip}",
            f"--state-dir={host.folder / 'agent'}",
            "--runtime=docker",
            f"--kubelet-arg=container-runtime-endpoint={host.docker}",
        )

    def leave(self, host: Host) -> str:
        """Have a host leave."""
        return self.knarr(
            host,
            "leave",
            f"--state-dir={host.folder / 'agent'}",
            f"--server-state-dir={host.folder / 'none'}",
        )

    def knarr(self, host: Host, *words: str) -> str:
        """Run a command of `knarr` on a host to its end."""
        return host.run(*self._words(host, *words), timeout_s=90)

    def _knarr(self, host: Host, name: str, *words: str) -> None:
        host.start(name, *self._words(host, name, *words))

    def _words(self, host: Host, *words: str) -> list[str]:
        return ["env", f"DOCKER_HOST={host.docker}", *host.python, "-m", "knarr.cluster", *words]


@pytest.fixture(scope="module")
def joined(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Joined]:
    """Two nodes that joined."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with lab(tmp_path_factory.mktemp("joined"), 2, images=archive_of("busybox")) as made:
        cluster = Joined(made)
        failed = request.session.testsfailed
        try:
            cluster.start()
            yield cluster
        finally:
            if sys.exc_info()[0] is not None or request.session.testsfailed > failed:
                sys.stderr.write(cluster.words())


def test_joined_hosts_are_a_cluster(joined: Joined) -> None:
    joined.api.apply(daemon_set(APP))
    joined.api.apply(service(APP, APP))
    pods = joined.api.ready_pods(f"app={APP}", 2, 60)
    names = {str(pod["metadata"]["name"]) for pod in pods}
    virtual = joined.api.get(f"/api/v1/namespaces/default/services/{APP}")["spec"]["clusterIP"]
    for pod in pods:
        for other in pods:
            seen = ask(joined.sandbox(pod), other["status"]["podIP"])
            assert seen == (other["metadata"]["name"], pod["status"]["podIP"])
        assert set(names_of(joined.sandbox(pod), virtual)) == names
        told = joined.exec(pod, "nslookup", f"{APP}.default.svc.cluster.local")
        assert DNS in told
        assert virtual in told
    for host in joined.nodes:
        assert set(names_of(host.network, virtual)) == names


def test_the_server_asks_kubelets_that_joined(joined: Joined) -> None:
    """Logs and exec: certificates by request, both ways."""
    joined.api.apply(daemon_set(APP))
    pod = joined.api.ready_pods(f"app={APP}", 2, 60)[0]
    flags = (f"--kubeconfig={joined.server_folder / 'admin.conf'}",)
    name = pod["metadata"]["name"]
    told = joined.knarr(joined.control, "exec", name, *flags, "--", "echo", "from", "within")
    assert "from within" in told


def test_a_host_leaves_and_nothing_of_it_stays(joined: Joined) -> None:
    joined.api.apply(MOVING)
    joined.api.ready_pods("app=moving", 2, 60)
    gone, stays = joined.nodes[1], joined.nodes[0]
    printed = joined.leave(gone)
    assert "this host is no node any more" in printed
    assert [one["metadata"]["name"] for one in joined.api.get("/api/v1/nodes")["items"]] == [
        stays.name
    ]
    assert not gone.is_running("agent")

    def moved() -> None:
        pods = joined.api.ready_pods("app=moving", 2, 5)
        assert {pod["spec"]["nodeName"] for pod in pods} == {stays.name}

    eventually(moved, 60)
    assert json.loads(json.dumps(gone.engine.ask("GET", "/containers/json?all=1"))) == []
    assert not re.search("10[.]244", gone.run("ip", "route"))
    assert "knarr" not in gone.run("nft", "list", "tables")
    assert gone.run("ls", str(gone.folder)).split().count("agent") == 0
