"""Everybody reaches everybody: pods, Services, node ports and names, from every host."""

from collections.abc import Iterator

import pytest

from tests.multihost.api import Json, eventually
from tests.multihost.asking import Echo, ask, daemon_set, names_of, refusal, service
from tests.multihost.cluster import BALANCERS, Cluster
from tests.multihost.networks import Network

APP = "reach"


@pytest.fixture(scope="module")
def pods(cluster: Cluster) -> Iterator[list[Json]]:
    """A web pod on each node, with Services of all types before them."""
    cluster.api.apply(daemon_set(APP))
    cluster.api.apply(service(APP, APP, "type: NodePort", "{port: 80, nodePort: 30080}"))
    yield sorted(
        cluster.api.ready_pods(f"app={APP}", len(cluster.nodes), 60),
        key=lambda pod: str(pod["spec"]["nodeName"]),
    )
    cluster.api.delete(f"/apis/apps/v1/namespaces/default/daemonsets/{APP}")
    cluster.api.delete(f"/api/v1/namespaces/default/services/{APP}")


def address(cluster: Cluster, name: str) -> str:
    found: str = cluster.api.get(f"/api/v1/namespaces/default/services/{name}")["spec"]["clusterIP"]
    return found


def everywhere(cluster: Cluster, pods: list[Json]) -> list[tuple[str, Network]]:
    """Where clients are: hosts and pods."""
    hosts = [(host.name, host.network) for host in cluster.nodes]
    return hosts + [(pod["metadata"]["name"], cluster.sandbox(pod)) for pod in pods]


def name_of(pod: Json) -> str:
    return str(pod["metadata"]["name"])


@pytest.mark.conformance(
    "[sig-network] Networking Granular Checks: Pods should function for intra-pod "
    "communication: http [NodeConformance]",
    "[sig-network] Networking Granular Checks: Pods should function for node-pod "
    "communication: http [LinuxOnly] [NodeConformance]",
)
def test_any_pod_reaches_any_pod_under_its_own_address(cluster: Cluster, pods: list[Json]) -> None:
    for source in pods:
        own = source["status"]["podIP"]
        for target in pods:
            seen = ask(cluster.sandbox(source), target["status"]["podIP"])
            assert seen == (name_of(target), own), f"from {name_of(source)}"
    for host in cluster.nodes:
        for target in pods:
            assert ask(host.network, target["status"]["podIP"])[0] == name_of(target)


def test_a_service_answers_everywhere(cluster: Cluster, pods: list[Json]) -> None:
    virtual = address(cluster, APP)
    for where, namespace in everywhere(cluster, pods):
        assert set(names_of(namespace, virtual)) == {name_of(pod) for pod in pods}, where


def test_a_pod_is_seen_under_its_own_address_through_a_service(
    cluster: Cluster, pods: list[Json]
) -> None:
    virtual = address(cluster, APP)
    for pod in pods:
        namespace, own = cluster.sandbox(pod), pod["status"]["podIP"]
        answers = {ask(namespace, virtual) for _ in range(30)}
        others = {seen for name, seen in answers if name != name_of(pod)}
        assert others == {own}
        assert name_of(pod) in {name for name, _ in answers}, "it reaches itself too"


@pytest.mark.conformance(
    "[sig-network] Services should be able to create a functioning NodePort service"
)
def test_a_node_port_answers_at_every_address(cluster: Cluster, pods: list[Json]) -> None:
    wanted = {name_of(pod) for pod in pods}
    for where, namespace in everywhere(cluster, pods):
        for host in cluster.nodes:
            assert set(names_of(namespace, host.ip, 30080)) == wanted, f"{where} to {host.name}"
    for host in cluster.nodes:
        assert set(names_of(host.network, "127.0.0.1", 30080)) == wanted, host.name
    outside = cluster.control.network
    assert set(names_of(outside, cluster.nodes[0].ip, 30080)) == wanted
    for pod in pods:
        for name in (APP, address(cluster, APP)):
            told = cluster.exec(pod, "wget", "-qO-", f"http://{name}/cgi-bin/who")
            assert told.split()[0] in wanted, f"{name_of(pod)} to {name}"


def test_a_balancer_gets_an_address_that_answers(cluster: Cluster, pods: list[Json]) -> None:
    cluster.api.apply(service("balanced", APP, "type: LoadBalancer"))

    def ingress() -> str:
        path = "/api/v1/namespaces/default/services/balanced"
        found = cluster.api.get(path)["status"]["loadBalancer"].get("ingress", [])
        assert found, "no address yet"
        return str(found[0]["ip"])

    given = eventually(ingress, 5)
    assert given.startswith(BALANCERS.removesuffix("0/24"))
    for where, namespace in everywhere(cluster, pods):
        assert eventually(lambda n=namespace: names_of(n, given, times=2), 5), where  # type: ignore[misc]
    cluster.api.delete("/api/v1/namespaces/default/services/balanced")


def test_without_endpoints_clients_are_refused_at_once(cluster: Cluster, pods: list[Json]) -> None:
    cluster.api.apply(service("empty", "nobody", "type: NodePort", "{port: 80, nodePort: 30081}"))
    virtual = address(cluster, "empty")
    for where, namespace in everywhere(cluster, pods):
        eventually(lambda n=namespace: _refused(n, virtual, 80), 5)  # type: ignore[misc]
        assert refusal(namespace, cluster.nodes[0].ip, 30081) == "refused", where
    assert refusal(cluster.nodes[0].network, virtual, 81) == "refused"
    cluster.api.delete("/api/v1/namespaces/default/services/empty")


def _refused(namespace: Network, virtual: str, port: int) -> None:
    assert refusal(namespace, virtual, port) == "refused"


@pytest.mark.conformance(
    "[sig-network] Networking Granular Checks: Pods should function for intra-pod "
    "communication: udp [NodeConformance]",
    "[sig-network] Networking Granular Checks: Pods should function for node-pod "
    "communication: udp [LinuxOnly] [NodeConformance]",
)
def test_datagrams_reach_pods_and_services(cluster: Cluster, pods: list[Json]) -> None:
    cluster.api.apply(service("echo", APP, ports="{port: 5000, protocol: UDP}"))
    virtual = address(cluster, "echo")
    last = pods[-1]
    servers = [Echo(cluster.sandbox(p), p["status"]["podIP"], 5000, name_of(p)) for p in pods]
    try:
        for server in servers:
            server.__enter__()
        for where, namespace in everywhere(cluster, pods):
            assert _echoed(namespace, last["status"]["podIP"])[0] == name_of(last), where
            names = {eventually(lambda n=namespace: _echoed(n, virtual))[0] for _ in range(20)}  # type: ignore[misc]
            assert names == {name_of(pod) for pod in pods}, where
        source = pods[0]
        seen = _echoed(cluster.sandbox(source), last["status"]["podIP"])
        assert seen == (name_of(last), source["status"]["podIP"])
    finally:
        for server in servers:
            server.__exit__()
        cluster.api.delete("/api/v1/namespaces/default/services/echo")


def _echoed(namespace: Network, where: str) -> tuple[str, str]:
    with namespace.datagrams(timeout_s=1) as client:
        client.connect((where, 5000))
        client.send(b"x")
        name, seen = client.recv(2048).decode().split()
    return name, seen


def test_a_pod_gets_out_under_the_nodes_address(cluster: Cluster, pods: list[Json]) -> None:
    outside = cluster.control
    with outside.network.datagrams() as server:
        server.bind((outside.ip, 5001))
        for pod in pods:
            with cluster.sandbox(pod).datagrams() as client:
                client.sendto(b"x", (outside.ip, 5001))
                _, (seen, _) = server.recvfrom(10)
            assert seen == cluster.host(pod["spec"]["nodeName"]).ip
