"""`knarr up` with Docker and two nodes on one host: all is carried, and nothing stays."""

import json
from collections.abc import Iterator

import pytest

from tests.images import archive_of
from tests.multihost.api import eventually
from tests.multihost.asking import ask, names_of, service
from tests.multihost.host import Host
from tests.multihost.lab import lab, why_not
from tests.multihost.networks import Network
from tests.multihost.test_names import WEB_SET


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host with Docker and nothing else."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with lab(tmp_path_factory.mktemp("one"), 1, images=archive_of("busybox")) as made:
        yield made.nodes[0]


def knarr(host: Host, *words: str, check: bool = True) -> str:
    """Run a command on the host."""
    state = host.folder / "state"
    settings = (
        f"DOCKER_HOST={host.docker}",
        f"XDG_STATE_HOME={state}",
        f"KUBECONFIG={state / 'kubeconfig'}",
    )
    command = (*host.python, "-m", "knarr.cluster", *words)
    return host.run("env", *settings, *command, timeout_s=90, check=check)


@pytest.mark.parametrize("flags", [(), ("--separate",)], ids=["one process", "apart"])
def test_a_cluster_on_docker_comes_and_goes(host: Host, flags: tuple[str, ...]) -> None:
    before = _state(host)
    told = knarr(host, "up", "--detach", "--nodes", "2", "--runtime", "docker", *flags)
    assert "bridge network" in told
    manifest = host.folder / "web.yaml"
    node_port = service("web-port", "nginx", "type: NodePort", "{port: 80, nodePort: 30085}")
    host.write(manifest, f"{WEB_SET}\n---{node_port}".encode())
    try:
        knarr(host, "apply", "-f", str(manifest))
        knarr(host, "rollout", "status", "statefulset/web", "--timeout=60s")
        pods = json.loads(knarr(host, "get", "pods", "-o", "json"))["items"]
        assert len({pod["spec"]["nodeName"] for pod in pods}) == 2
        names = {str(pod["metadata"]["name"]) for pod in pods}
        here = host.network
        eventually(lambda: _answer(here, "127.0.0.1", names), 20)
        eventually(lambda: _answer(here, host.ip, names), 5)
        inside = _network_of(host, pods[0]["metadata"]["uid"])
        other = pods[1]["status"]["podIP"]
        assert ask(inside, other)[1] == pods[0]["status"]["podIP"], "from one node to the other"
        told = knarr(
            host, "exec", "web-0", "--", "nslookup", "web-1.nginx.default.svc.cluster.local"
        )
        assert other in told
    finally:
        knarr(host, "down")
    assert not _running(host)
    knarr(host, "delete")
    assert _state(host) == before


def _answer(where: Network, address: str, names: set[str]) -> None:
    assert set(names_of(where, address, 30085)) == names


def _network_of(host: Host, uid: str) -> Network:
    found = host.engine.ask("GET", "/containers/json")
    labels = {"io.kubernetes.pod.uid": uid, "io.kubernetes.container.name": "POD"}
    return host.network_of(next(c["Id"] for c in found if labels.items() <= c["Labels"].items()))


def _running(host: Host) -> list[str]:
    return [str(one["Id"]) for one in host.engine.ask("GET", "/containers/json")]


def _state(host: Host) -> dict[str, str]:
    rules = host.run("nft", "list", "ruleset").splitlines()
    ours = [line for line in rules if "knarr" in line or "10.244." in line]
    links = host.run("ip", "-br", "link").splitlines()
    return {
        "rules": "\n".join(ours),
        "links": "\n".join(sorted(line.split()[0] for line in links)),
        "routes": host.run("ip", "route"),
        "containers": str(host.engine.ask("GET", "/containers/json?all=1")),
        "localnet": host.run("sysctl", "-n", "net.ipv4.conf.all.route_localnet"),
    }
