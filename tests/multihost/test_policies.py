"""Who answers whom: affinity, local policies, health checks, host ports, changes of a Service."""

import json
import time
from collections.abc import Iterator

import pytest

from tests.multihost.api import Json, eventually
from tests.multihost.asking import ask, daemon_set, names_of, refusal, service
from tests.multihost.cluster import Cluster
from tests.multihost.networks import Network

APP = "policy"
SERVICES = "/api/v1/namespaces/default/services"


@pytest.fixture(scope="module")
def pods(cluster: Cluster) -> Iterator[list[Json]]:
    """A web pod on each node."""
    cluster.api.apply(daemon_set(APP))
    yield sorted(
        cluster.api.ready_pods(f"app={APP}", len(cluster.nodes), 60),
        key=lambda pod: str(pod["spec"]["nodeName"]),
    )
    cluster.api.delete(f"/apis/apps/v1/namespaces/default/daemonsets/{APP}")


@pytest.fixture
def made(cluster: Cluster) -> Iterator[list[str]]:
    """Names of Services that are to be gone after the test."""
    names: list[str] = []
    yield names
    for name in names:
        cluster.api.delete(f"{SERVICES}/{name}")


def make(
    cluster: Cluster, made: list[str], name: str, spec: str, ports: str = "{port: 80}"
) -> Json:
    made.append(name)
    cluster.api.apply(service(name, APP, spec, ports))
    found: Json = cluster.api.get(f"{SERVICES}/{name}")
    return found


def answered(where: Network, address: str, port: int, wanted: set[str]) -> None:
    assert set(names_of(where, address, port)) == wanted


@pytest.mark.conformance(
    "[sig-network] Services should have session affinity work for service with type clusterIP "
    "[LinuxOnly]",
    "[sig-network] Services should have session affinity work for NodePort service [LinuxOnly]",
    "[sig-network] Services should be able to switch session affinity for service with type "
    "clusterIP [LinuxOnly]",
    "[sig-network] Services should be able to switch session affinity for NodePort service "
    "[LinuxOnly]",
)
def test_affinity_is_kept_switched_off_and_on(
    cluster: Cluster, pods: list[Json], made: list[str]
) -> None:
    found = make(cluster, made, "sticky", "type: NodePort\n  sessionAffinity: ClientIP")
    virtual, port = found["spec"]["clusterIP"], found["spec"]["ports"][0]["nodePort"]
    everybody = {str(pod["metadata"]["name"]) for pod in pods}
    clients = [cluster.sandbox(pod) for pod in pods] + [cluster.control.network]
    node = cluster.nodes[1].ip
    for client in clients[:3]:
        assert len(eventually(lambda c=client: names_of(c, virtual), 5)) == 1  # type: ignore[misc]
    for client in clients:
        assert len(eventually(lambda c=client: names_of(c, node, port), 5)) == 1  # type: ignore[misc]
    cluster.api.patch(f"{SERVICES}/sticky", {"spec": {"sessionAffinity": "None"}})
    eventually(lambda: answered(clients[0], virtual, 80, everybody), 5)
    eventually(lambda: answered(clients[3], node, port, everybody), 5)
    cluster.api.patch(f"{SERVICES}/sticky", {"spec": {"sessionAffinity": "ClientIP"}})

    def stuck() -> None:
        assert len(names_of(clients[0], virtual)) == len(names_of(clients[3], node, port)) == 1

    eventually(stuck, 5)


def test_a_local_policy_keeps_the_source_and_says_where_endpoints_are(
    cluster: Cluster, made: list[str]
) -> None:
    made.append("local")
    cluster.api.apply(
        service("local", "localweb", "type: LoadBalancer\n  externalTrafficPolicy: Local")
    )
    with_pod, without = cluster.nodes[0], cluster.nodes[1]
    cluster.api.apply(daemon_set("localweb", "nodeSelector: {kubernetes.io/hostname: node1}"))
    try:
        (pod,) = cluster.api.ready_pods("app=localweb", 1)
        found = cluster.api.get(f"{SERVICES}/local")
        port, check = found["spec"]["ports"][0]["nodePort"], found["spec"]["healthCheckNodePort"]
        outside = cluster.control.network
        seen = eventually(lambda: ask(outside, with_pod.ip, port), 5)
        assert seen == (pod["metadata"]["name"], cluster.control.ip), "the source is preserved"
        assert refusal(outside, without.ip, port, timeout_s=1) == "timeout"
        assert _health(cluster, with_pod.ip, check)[0] == 200
        code, told = _health(cluster, without.ip, check)
        assert code == 503
        assert told["localEndpoints"] == 0
        assert told["service"] == {"namespace": "default", "name": "local"}
    finally:
        cluster.api.delete("/apis/apps/v1/namespaces/default/daemonsets/localweb")


def _health(cluster: Cluster, address: str, port: int) -> tuple[int, Json]:
    with cluster.control.connect(address, port) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        told = b""
        while part := connection.recv(4096):
            told += part
    head, _, body = told.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.mark.conformance(
    "[sig-network] HostPort validates that there is no conflict between pods with same hostPort "
    "but different hostIP and protocol [LinuxOnly]"
)
def test_host_ports_answer_at_their_address_only(cluster: Cluster) -> None:
    host = cluster.nodes[1]
    names = ("one", "two")
    cluster.api.apply(
        "\n---".join(
            daemon_set(f"port{name}", "nodeSelector: {kubernetes.io/hostname: node2}").replace(
                "containerPort: 80, name: http",
                f"containerPort: 80, hostPort: 54323, hostIP: {address}",
            )
            for name, address in zip(names, ("127.0.0.1", host.ip), strict=True)
        )
    )
    try:
        pods = {name: cluster.api.ready_pods(f"app=port{name}", 1)[0] for name in names}
        here = host.network
        outside = cluster.control.network
        assert ask(here, "127.0.0.1", 54323)[0] == pods["one"]["metadata"]["name"]
        assert ask(here, host.ip, 54323)[0] == pods["two"]["metadata"]["name"]
        assert ask(outside, host.ip, 54323)[0] == pods["two"]["metadata"]["name"]
    finally:
        for name in names:
            cluster.api.delete(f"/apis/apps/v1/namespaces/default/daemonsets/port{name}")
    eventually(lambda: _is_refused(here, "127.0.0.1"), 10)


def _is_refused(where: Network, address: str) -> None:
    assert refusal(where, address, 54323) == "refused"


@pytest.mark.conformance(
    "[sig-network] Services should serve multiport endpoints from pods",
    "[sig-network] EndpointSlice should support a Service with multiple ports specified in "
    "multiple EndpointSlices",
    "[sig-network] EndpointSlice should support a Service with multiple endpoint IPs specified in "
    "multiple EndpointSlices",
)
def test_slices_made_by_hand_are_carried(
    cluster: Cluster, pods: list[Json], made: list[str]
) -> None:
    made.append("byhand")
    ports = "ports: [{name: first, port: 80}, {name: second, port: 81}]"
    cluster.api.apply(
        service("byhand", APP)
        .replace("selector: {app: policy}", ports)
        .replace("ports: [{port: 80}]", "")
    )
    virtual = cluster.api.get(f"{SERVICES}/byhand")["spec"]["clusterIP"]
    for number, (name, pod) in enumerate(zip(("first", "second"), pods, strict=False)):
        cluster.api.put(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "name": f"byhand-{number}",
                    "labels": {"kubernetes.io/service-name": "byhand"},
                },
                "addressType": "IPv4",
                "ports": [{"name": name, "port": 80, "protocol": "TCP"}],
                "endpoints": [{"addresses": [pod["status"]["podIP"]]}],
            }
        )
    client = cluster.nodes[2].network
    for port, pod in zip((80, 81), pods, strict=False):
        only = {str(pod["metadata"]["name"])}
        eventually(lambda p=port, w=only: answered(client, virtual, p, w), 5)  # type: ignore[misc]
    slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    third = pods[2]["status"]["podIP"]
    cluster.api.patch(f"{slices}/byhand-0", {"endpoints": [{"addresses": [third]}]})
    last = {str(pods[2]["metadata"]["name"])}
    eventually(lambda: answered(client, virtual, 80, last), 5)
    for number in range(2):
        cluster.api.delete(f"{slices}/byhand-{number}")


@pytest.mark.conformance(
    "[sig-network] Services should serve endpoints on same port and different protocols"
)
def test_one_port_of_two_protocols(cluster: Cluster, pods: list[Json], made: list[str]) -> None:
    both = "{name: t, port: 80, protocol: TCP}, {name: u, port: 80, protocol: UDP}"
    virtual = make(cluster, made, "both", "", both)["spec"]["clusterIP"]
    client = cluster.nodes[0].network
    everybody = {str(pod["metadata"]["name"]) for pod in pods}
    eventually(lambda: answered(client, virtual, 80, everybody), 5)
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    query = "?labelSelector=kubernetes.io/service-name=both"
    ports = {
        (one["name"], one["port"], one["protocol"])
        for one in cluster.api.get(path + query)["items"][0]["ports"]
    }
    assert ports == {("t", 80, "TCP"), ("u", 80, "UDP")}


@pytest.mark.conformance(
    "[sig-network] Services should be able to change the type from ExternalName to ClusterIP",
    "[sig-network] Services should be able to change the type from ExternalName to NodePort",
    "[sig-network] Services should be able to change the type from ClusterIP to ExternalName",
    "[sig-network] Services should be able to change the type from NodePort to ExternalName",
)
def test_a_service_changes_its_type(cluster: Cluster, pods: list[Json], made: list[str]) -> None:
    made.append("changing")
    outer = {"type": "ExternalName", "externalName": "reach.default.svc.cluster.local"}
    cluster.api.put(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "changing"},
            "spec": outer,
        }
    )
    client = cluster.nodes[0].network
    everybody = {str(pod["metadata"]["name"]) for pod in pods}
    for kind in ("ClusterIP", "NodePort"):
        spec: Json = {"type": kind, "externalName": None, "ports": [{"port": 80}]}
        spec["selector"] = {"app": APP}
        cluster.api.patch(f"{SERVICES}/changing", {"spec": spec})
        found = cluster.api.get(f"{SERVICES}/changing")["spec"]
        virtual = found["clusterIP"]
        eventually(lambda v=virtual: answered(client, v, 80, everybody), 5)  # type: ignore[misc]
        if kind == "NodePort":
            port = found["ports"][0]["nodePort"]
            eventually(lambda p=port: answered(client, cluster.nodes[1].ip, p, everybody), 5)  # type: ignore[misc]
        back = {**outer, "clusterIP": None, "clusterIPs": None, "ports": None, "selector": None}
        cluster.api.patch(f"{SERVICES}/changing", {"spec": back})
        assert "clusterIP" not in cluster.api.get(f"{SERVICES}/changing")["spec"]
        eventually(lambda v=virtual: _not_there(client, v), 5)  # type: ignore[misc]


def _not_there(where: Network, virtual: str) -> None:
    assert refusal(where, virtual, 80, timeout_s=0.5) != "answers"


@pytest.mark.conformance("[sig-network] Service endpoints latency should not be very high")
def test_endpoints_follow_soon(cluster: Cluster, pods: list[Json], made: list[str]) -> None:
    client = cluster.nodes[2].network
    took = []
    for number in range(10):
        began = time.monotonic()
        virtual = make(cluster, made, f"soon{number}", "")["spec"]["clusterIP"]
        eventually(lambda v=virtual: ask(client, v, timeout_s=1), 10, every_s=0.01)  # type: ignore[misc]
        took.append(time.monotonic() - began)
    assert sorted(took)[5] < 2.0, took
    assert max(took) < 5.0, took
