"""Endpoints as pods come and go, one after the other, on different hosts."""

from collections.abc import Iterator

import pytest

from tests.multihost.api import Json, RefusedError, eventually
from tests.multihost.asking import WEB, names_of, refusal, service
from tests.multihost.cluster import Cluster
from tests.multihost.networks import Network

CORE = "/api/v1/namespaces/default"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"

POD = f"""
apiVersion: v1
kind: Pod
metadata: {{name: NAME, labels: {{app: life}}}}
spec:
  nodeName: NODE
  terminationGracePeriodSeconds: 0
  containers:
      - name: web{WEB}"""


@pytest.fixture
def services(cluster: Cluster) -> Iterator[None]:
    """A Service of one port that all pods have, one of two that each has one of."""
    two = "{name: a, port: 80, targetPort: one}, {name: b, port: 8081, targetPort: two}"
    cluster.api.apply(service("basic", "life"))
    cluster.api.apply(service("multi", "life", ports=two))
    yield
    for name in ("basic", "multi"):
        cluster.api.delete(f"{CORE}/services/{name}")
        eventually(lambda n=name: _is_gone(cluster, n), 10)  # type: ignore[misc]


@pytest.mark.conformance(
    "[sig-network] Services should serve a basic endpoint from pods",
    "[sig-network] Services should serve multiport endpoints from pods",
    "[sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a "
    "Service",
    "[sig-network] EndpointsController should create Endpoints for Pods matching a Service",
)
@pytest.mark.usefixtures("services")
def test_endpoints_come_and_go_with_pods(cluster: Cluster) -> None:
    at = {name: _address(cluster, name) for name in ("basic", "multi")}
    client = cluster.nodes[0].network
    _are(cluster, basic=set(), multi=set())
    eventually(lambda: _refused(client, at["basic"], 80), 5)
    first = _start(cluster, "life-first", 0, "containerPort: 80, name: one")
    _are(cluster, basic={(first, 80)}, multi={(first, 80)})
    eventually(lambda: _answered(client, at["multi"], 80, {"life-first"}), 5)
    eventually(lambda: _refused(client, at["multi"], 8081), 5)
    second = _start(cluster, "life-second", -1, "containerPort: 81, name: two")
    _are(cluster, basic={(first, 80), (second, 80)}, multi={(first, 80), (second, 81)})
    eventually(lambda: _answered(client, at["basic"], 80, {"life-first", "life-second"}), 5)
    eventually(lambda: _answered(client, at["multi"], 80, {"life-first"}), 5)
    eventually(lambda: _answered(client, at["multi"], 8081, {"life-second.81"}), 5)
    cluster.api.delete(f"{CORE}/pods/life-first")
    _are(cluster, basic={(second, 80)}, multi={(second, 81)})
    eventually(lambda: _answered(client, at["basic"], 80, {"life-second"}), 5)
    eventually(lambda: _refused(client, at["multi"], 80), 5)
    cluster.api.delete(f"{CORE}/pods/life-second")
    _are(cluster, basic=set(), multi=set())
    eventually(lambda: _refused(client, at["basic"], 80), 5)


def _start(cluster: Cluster, name: str, node: int, port: str) -> str:
    """Start a pod and answer its address once it is ready."""
    text = POD.replace("NAME", name).replace("NODE", cluster.nodes[node].name)
    cluster.api.apply(text.replace("containerPort: 80, name: http", port))

    def ready() -> str:
        pod = cluster.api.get(f"{CORE}/pods/{name}")
        states = {one["type"]: one["status"] for one in pod["status"].get("conditions", ())}
        assert states.get("Ready") == "True", pod["status"]
        return str(pod["status"]["podIP"])

    return eventually(ready, 60)


def _address(cluster: Cluster, name: str) -> str:
    return str(cluster.api.get(f"{CORE}/services/{name}")["spec"]["clusterIP"])


def _are(cluster: Cluster, **wanted: set[tuple[str, int]]) -> None:
    """Wait until both kinds of objects say that these are all endpoints."""

    def look() -> None:
        for name, these in wanted.items():
            assert _in_slices(cluster, name) == these, name
            assert _in_endpoints(cluster, name) == these, name

    eventually(look, 20)


def _slices(cluster: Cluster, name: str) -> list[Json]:
    query = f"?labelSelector=kubernetes.io/service-name={name}"
    found: list[Json] = cluster.api.get(SLICES + query)["items"]
    return found


def _in_slices(cluster: Cluster, name: str) -> set[tuple[str, int]]:
    slices = _slices(cluster, name)
    assert slices, "a Service without endpoints has a slice too"
    return {
        (address, port["port"])
        for found in slices
        for one in found.get("endpoints") or ()
        for address in one["addresses"]
        for port in found.get("ports") or ()
        if one["conditions"]["ready"]
    }


def _in_endpoints(cluster: Cluster, name: str) -> set[tuple[str, int]]:
    found = cluster.api.get(f"{CORE}/endpoints/{name}").get("subsets") or ()
    return {
        (one["ip"], port["port"])
        for subset in found
        for one in subset.get("addresses") or ()
        for port in subset.get("ports") or ()
    }


def _is_gone(cluster: Cluster, name: str) -> None:
    assert not _slices(cluster, name)
    with pytest.raises(RefusedError, match="not found"):
        cluster.api.get(f"{CORE}/endpoints/{name}")


def _answered(where: Network, address: str, port: int, wanted: set[str]) -> None:
    assert set(names_of(where, address, port)) == wanted


def _refused(where: Network, address: str, port: int) -> None:
    assert refusal(where, address, port) == "refused"
