"""Who answers whom: affinity, local policies, health checks, host ports, changes of a Service."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.multihost.api import Json, eventually
from tests.multihost.asking import Echo, ask, daemon_set, names_of, refusal, service
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
@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort"])
def test_affinity_is_kept_switched_off_and_on(
    cluster: Cluster, pods: list[Json], made: list[str], kind: str
) -> None:
    found = make(cluster, made, "sticky", f"type: {kind}\n  sessionAffinity: ClientIP")
    virtual, port = found["spec"]["clusterIP"], found["spec"]["ports"][0].get("nodePort")
    everybody = {str(pod["metadata"]["name"]) for pod in pods}
    ways = [(cluster.sandbox(pod), virtual, 80) for pod in pods]
    if port:
        node = cluster.nodes[1].ip
        ways += [(where, node, port) for where, _, _ in ways]
        ways.append((cluster.control.network, node, port))
    for way in ways:
        assert len(eventually(lambda w=way: names_of(*w), 5)) == 1  # type: ignore[misc]
    cluster.api.patch(f"{SERVICES}/sticky", {"spec": {"sessionAffinity": "None"}})
    for where, address, at in (ways[0], ways[-1]):
        eventually(lambda w=where, a=address, p=at: answered(w, a, p, everybody), 5)  # type: ignore[misc]
    cluster.api.patch(f"{SERVICES}/sticky", {"spec": {"sessionAffinity": "ClientIP"}})

    def stuck() -> None:
        assert len(names_of(*ways[0])) == len(names_of(*ways[-1])) == 1

    eventually(stuck, 5)
    by_its_name = {by_name(cluster, pods[0], "sticky") for _ in range(3)}
    assert by_its_name == set(names_of(*ways[0], times=1))


def by_name(cluster: Cluster, pod: Json, name: str) -> str:
    """Who answers a pod that asks for a Service by its name."""
    words = ("wget", "-qO-", f"http://{name}/cgi-bin/who")
    return cluster.exec(pod, *words).split()[0]


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
    places = {
        "one": "hostIP: 127.0.0.1",
        "two": f"hostIP: {host.ip}",
        "three": f"hostIP: {host.ip}, protocol: UDP",
    }
    cluster.api.apply(
        "\n---".join(
            daemon_set(f"port{name}", "nodeSelector: {kubernetes.io/hostname: node2}").replace(
                "containerPort: 80, name: http", f"containerPort: 80, hostPort: 54323, {place}"
            )
            for name, place in places.items()
        )
    )
    try:
        pods = {name: cluster.api.ready_pods(f"app=port{name}", 1)[0] for name in places}
        here = host.network
        outside = cluster.control.network
        assert ask(here, "127.0.0.1", 54323)[0] == pods["one"]["metadata"]["name"]
        assert ask(here, host.ip, 54323)[0] == pods["two"]["metadata"]["name"]
        assert ask(outside, host.ip, 54323)[0] == pods["two"]["metadata"]["name"]
        third = pods["three"]
        with Echo(cluster.sandbox(third), third["status"]["podIP"], 80, "three"):
            eventually(lambda: _echoed(outside, host.ip, 54323, {"three"}), 5)
    finally:
        for name in places:
            cluster.api.delete(f"/apis/apps/v1/namespaces/default/daemonsets/port{name}")
    eventually(lambda: _is_refused(here, "127.0.0.1"), 10)


def _is_refused(where: Network, address: str) -> None:
    assert refusal(where, address, 54323) == "refused"


def _echoed(where: Network, address: str, port: int, wanted: set[str]) -> None:
    with where.datagrams(timeout_s=1) as client:
        client.connect((address, port))
        client.send(b"x")
        assert client.recv(2048).decode().split()[0] in wanted


@pytest.mark.conformance(
    "[sig-network] EndpointSlice should support a Service with multiple ports specified in "
    "multiple EndpointSlices",
    "[sig-network] EndpointSlice should support a Service with multiple endpoint IPs specified in "
    "multiple EndpointSlices",
)
@pytest.mark.parametrize("second", [0, 1], ids=["one address", "two addresses"])
def test_slices_made_by_hand_are_carried(
    cluster: Cluster, pods: list[Json], made: list[str], second: int
) -> None:
    made.append("byhand")
    ports = "ports: [{name: first, port: 80}, {name: second, port: 8081}]"
    cluster.api.apply(
        service("byhand", APP)
        .replace("selector: {app: policy}", ports)
        .replace("ports: [{port: 80}]", "")
    )
    virtual = cluster.api.get(f"{SERVICES}/byhand")["spec"]["clusterIP"]
    for name, port, pod in (("first", 80, pods[0]), ("second", 81, pods[second])):
        cluster.api.put(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "name": f"byhand-{name}",
                    "labels": {"kubernetes.io/service-name": "byhand"},
                },
                "addressType": "IPv4",
                "ports": [{"name": name, "port": port, "protocol": "TCP"}],
                "endpoints": [{"addresses": [pod["status"]["podIP"]]}],
            }
        )
    clients = (cluster.nodes[-1].network, cluster.sandbox(pods[0]))
    name_of = [str(pod["metadata"]["name"]) for pod in pods]
    for client in clients:
        for port, only in ((80, name_of[0]), (8081, f"{name_of[second]}.81")):
            eventually(lambda c=client, p=port, w=only: answered(c, virtual, p, {w}), 5)  # type: ignore[misc]
    slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    moved = {"endpoints": [{"addresses": [pods[-1]["status"]["podIP"]]}]}
    cluster.api.patch(f"{slices}/byhand-first", moved)
    for client in clients:
        eventually(lambda c=client: answered(c, virtual, 80, {name_of[-1]}), 5)  # type: ignore[misc]
    for name in ("first", "second"):
        cluster.api.delete(f"{slices}/byhand-{name}")


@pytest.mark.conformance(
    "[sig-network] Services should serve endpoints on same port and different protocols"
)
def test_one_port_of_two_protocols(cluster: Cluster, pods: list[Json], made: list[str]) -> None:
    both = "{name: t, port: 80, protocol: TCP}, {name: u, port: 80, protocol: UDP}"
    virtual = make(cluster, made, "both", "", both)["spec"]["clusterIP"]
    client = cluster.sandbox(pods[0])
    everybody = {str(pod["metadata"]["name"]) for pod in pods}
    tcp, udp = {"name": "t", "port": 80}, {"name": "u", "port": 80, "protocol": "UDP"}
    servers = [
        Echo(cluster.sandbox(one), one["status"]["podIP"], 80, one["metadata"]["name"])
        for one in pods
    ]
    with ExitStack() as running:
        for server in servers:
            running.enter_context(server)
        eventually(lambda: answered(client, virtual, 80, everybody), 5)
        eventually(lambda: _echoed(client, virtual, 80, everybody), 5)
        cluster.api.patch(f"{SERVICES}/both", {"spec": {"ports": [tcp]}})
        eventually(lambda: _not_echoed(client, virtual), 5)
        assert set(names_of(client, virtual)) == everybody
        cluster.api.patch(f"{SERVICES}/both", {"spec": {"ports": [udp]}})
        eventually(lambda: _not_there(client, virtual), 5)
        eventually(lambda: _echoed(client, virtual, 80, everybody), 5)


def _not_echoed(where: Network, address: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011
        _echoed(where, address, 80, set())


@pytest.mark.conformance(
    "[sig-network] Services should be able to change the type from ExternalName to ClusterIP",
    "[sig-network] Services should be able to change the type from ExternalName to NodePort",
    "[sig-network] Services should be able to change the type from ClusterIP to ExternalName",
    "[sig-network] Services should be able to change the type from NodePort to ExternalName",
)
def test_a_service_changes_its_type(cluster: Cluster, pods: list[Json], made: list[str]) -> None:
    made.append("changing")
    outer = {"type": "ExternalName", "externalName": "kubernetes.default.svc.cluster.local"}
    cluster.api.put(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "changing"},
            "spec": outer,
        }
    )
    client, asking = cluster.sandbox(pods[0]), pods[1]
    everybody = {str(pod["metadata"]["name"]) for pod in pods}
    for kind in ("ClusterIP", "NodePort"):
        spec: Json = {"type": kind, "externalName": None, "ports": [{"port": 80}]}
        spec["selector"] = {"app": APP}
        cluster.api.patch(f"{SERVICES}/changing", {"spec": spec})
        found = cluster.api.get(f"{SERVICES}/changing")["spec"]
        virtual, port = found["clusterIP"], found["ports"][0].get("nodePort")
        eventually(lambda v=virtual: answered(client, v, 80, everybody), 5)  # type: ignore[misc]
        eventually(lambda: _answers_by_name(cluster, asking, everybody), 5)
        for node in cluster.nodes if port else ():
            eventually(lambda n=node.ip, p=port: answered(client, n, p, everybody), 5)  # type: ignore[misc]
        back = {**outer, "clusterIP": None, "clusterIPs": None, "ports": None, "selector": None}
        cluster.api.patch(f"{SERVICES}/changing", {"spec": back})
        assert "clusterIP" not in cluster.api.get(f"{SERVICES}/changing")["spec"]
        eventually(lambda v=virtual: _not_there(client, v), 5)  # type: ignore[misc]
        eventually(lambda: _leads_to(cluster, asking, "changing", "10.96.0.1"), 5)
        if port:
            make(cluster, made, "released", "type: NodePort", f"{{port: 80, nodePort: {port}}}")


def _answers_by_name(cluster: Cluster, pod: Json, wanted: set[str]) -> None:
    assert by_name(cluster, pod, "changing") in wanted


def _leads_to(cluster: Cluster, pod: Json, name: str, address: str) -> None:
    assert address in cluster.exec(pod, "nslookup", name, check=False)


def _not_there(where: Network, virtual: str) -> None:
    assert refusal(where, virtual, 80, timeout_s=0.5) != "answers"


@pytest.mark.conformance("[sig-network] Service endpoints latency should not be very high")
def test_endpoints_follow_soon(cluster: Cluster, pods: list[Json], made: list[str]) -> None:
    client = cluster.nodes[-1].network
    took = []
    for number in range(10):
        began = time.monotonic()
        virtual = make(cluster, made, f"soon{number}", "")["spec"]["clusterIP"]
        eventually(lambda v=virtual: ask(client, v, timeout_s=1), 10, every_s=0.01)  # type: ignore[misc]
        took.append(time.monotonic() - began)
    assert sorted(took)[5] < 2.0, took
    assert max(took) < 5.0, took
