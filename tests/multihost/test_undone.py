"""A host that leaves has nothing of ours any more; when it comes back all is there again."""

import pytest

from tests.multihost.api import eventually
from tests.multihost.asking import ask, daemon_set, names_of, service
from tests.multihost.cluster import Cluster
from tests.multihost.host import Host

SETTINGS = (
    "net.ipv4.conf.all.route_localnet",
    "net.ipv4.conf.all.send_redirects",
    "net.ipv4.conf.default.send_redirects",
)


@pytest.mark.parametrize("number", [1, 2], ids=["a neighbour", "behind a router"])
def test_a_host_leaves_and_comes_back(cluster: Cluster, number: int) -> None:
    cluster.api.apply(daemon_set("undone"))
    cluster.api.apply(service("undone", "undone"))
    pods = cluster.api.ready_pods("app=undone", 3, 60)
    virtual = cluster.api.get("/api/v1/namespaces/default/services/undone")["spec"]["clusterIP"]
    leaving = cluster.nodes[number]
    left = {name: leaving.stop(name) for name in ("kubelet", "proxy", "dns")}
    assert set(names_of(leaving.network, virtual)) == {pod["metadata"]["name"] for pod in pods}, (
        "pods go on without their kubelet, Services without their proxy"
    )
    try:
        for name in ("kubelet", "proxy"):
            leaving.run(*left[name], "--cleanup", timeout_s=30)
        assert _ours(leaving) == ""
    finally:
        for name, words in left.items():
            leaving.start(name, *words)
    eventually(lambda: _is_whole(cluster, leaving, virtual), 60)
    cluster.api.delete("/apis/apps/v1/namespaces/default/daemonsets/undone")
    cluster.api.delete("/api/v1/namespaces/default/services/undone")


def _ours(host: Host) -> str:
    """What a host has of ours, in words; empty where it has nothing."""
    found = []
    rules = host.run("nft", "list", "ruleset")
    found += [line for line in rules.splitlines() if "knarr" in line or "10.244." in line]
    found += host.run("ip", "route", "show", "proto", "77").splitlines()
    links = host.run("ip", "-o", "link").splitlines()
    found += [line for line in links if "knarr" in line or ": kn" in line or ": veth" in line]
    found += [one["Id"] for one in host.engine.ask("GET", "/containers/json?all=1")]
    networks = host.engine.ask("GET", "/networks")
    found += [one["Name"] for one in networks if one["Name"].startswith("knarr")]
    values = host.run("sysctl", "-n", *SETTINGS).split()
    found += [] if values == ["0", "1", "1"] else [f"settings {values}"]
    return "\n".join(found)


def _is_whole(cluster: Cluster, host: Host, virtual: str) -> None:
    pods = cluster.api.ready_pods("app=undone", 3, 0)
    wanted = {pod["metadata"]["name"] for pod in pods}
    assert set(names_of(host.network, virtual)) == wanted
    back = next(pod for pod in pods if pod["spec"]["nodeName"] == host.name)
    other = next(pod for pod in pods if pod is not back)
    assert ask(cluster.sandbox(other), back["status"]["podIP"])[1] == other["status"]["podIP"]
