"""The objects around Services: who makes them, what they tell, how they are changed."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.multihost.api import Json, RefusedError, eventually
from tests.multihost.asking import daemon_set, service
from tests.multihost.cluster import REST, Cluster

CORE = "/api/v1/namespaces/default"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
NETWORKING = "/apis/networking.k8s.io/v1"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
RULE = {
    "host": "example.org",
    "http": {
        "paths": [
            {
                "path": "/",
                "pathType": "Prefix",
                "backend": {"service": {"name": "web", "port": {"number": 80}}},
            }
        ]
    },
}


@pytest.fixture(scope="module")
def pods(cluster: Cluster) -> Iterator[list[Json]]:
    """A web pod on each node and a Service of them."""
    cluster.api.apply(daemon_set("objects"))
    cluster.api.apply(service("objects", "objects", ports="{port: 80, name: http}"))
    yield cluster.api.ready_pods("app=objects", len(cluster.nodes), 60)
    cluster.api.delete("/apis/apps/v1/namespaces/default/daemonsets/objects")
    cluster.api.delete(f"{CORE}/services/objects")


def slices_of(cluster: Cluster, name: str) -> list[Json]:
    found: list[Json] = cluster.api.get(
        f"{SLICES}?labelSelector=kubernetes.io/service-name={name}"
    )["items"]
    return found


@pytest.mark.conformance(
    "[sig-network] API Server should have Endpoints and EndpointSlices pointing to API Server",
    "[sig-network] API Server should provide secure master service",
    "[sig-network] Services should find a service from listing all namespaces",
)
def test_the_api_server_has_a_service(cluster: Cluster) -> None:
    everywhere = cluster.api.get("/api/v1/services")["items"]
    own = next(one for one in everywhere if one["metadata"]["name"] == "kubernetes")
    assert own["metadata"]["namespace"] == "default"
    assert own["spec"]["ports"][0] == {
        "name": "https",
        "port": 443,
        "protocol": "TCP",
        "targetPort": REST,
    }
    endpoints = cluster.api.get(f"{CORE}/endpoints/kubernetes")["subsets"][0]
    assert [one["ip"] for one in endpoints["addresses"]] == [cluster.control.ip]
    assert endpoints["ports"][0]["port"] == REST
    (found,) = slices_of(cluster, "kubernetes")
    assert found["endpoints"][0]["addresses"] == [cluster.control.ip]


@pytest.mark.conformance(
    "[sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a "
    "Service",
    "[sig-network] EndpointsController should create Endpoints for Pods matching a Service",
)
def test_a_services_pods_are_its_endpoints(cluster: Cluster, pods: list[Json]) -> None:
    wanted = {
        (pod["status"]["podIP"], pod["spec"]["nodeName"], pod["metadata"]["name"]) for pod in pods
    }

    def look() -> None:
        assert {
            (one["addresses"][0], one["nodeName"], one["targetRef"]["name"])
            for found in slices_of(cluster, "objects")
            for one in found["endpoints"]
            if one["conditions"] == {"ready": True, "serving": True, "terminating": False}
        } == wanted
        subset = cluster.api.get(f"{CORE}/endpoints/objects").get("subsets", [{"addresses": []}])[0]
        assert {
            (one["ip"], one["nodeName"], one["targetRef"]["name"]) for one in subset["addresses"]
        } == wanted
        assert subset["ports"] == [{"name": "http", "port": 80, "protocol": "TCP"}]

    eventually(look, 10)


@pytest.mark.conformance(
    "[sig-network] EndpointSlice should create and delete EndpointSlices for a Service with a "
    "selector that matches no pods",
    "[sig-network] EndpointsController should create and delete Endpoints for a Service with a "
    "selector that matches no pods",
)
def test_a_service_without_pods_has_empty_endpoints(cluster: Cluster) -> None:
    cluster.api.apply(service("lonely", "nobody"))

    def there() -> None:
        found = slices_of(cluster, "lonely")
        assert [one.get("endpoints") for one in found] in ([None], [[]])
        assert not cluster.api.get(f"{CORE}/endpoints/lonely").get("subsets")

    def gone() -> None:
        assert not slices_of(cluster, "lonely")
        with pytest.raises(RefusedError, match="not found"):
            cluster.api.get(f"{CORE}/endpoints/lonely")

    eventually(there, 10)
    cluster.api.delete(f"{CORE}/services/lonely")
    eventually(gone, 15)


@pytest.mark.conformance(
    "[sig-network] Endpoints should test the lifecycle of an Endpoint",
    "[sig-network] EndpointSliceMirroring should mirror a custom Endpoints resource through "
    "create update and delete",
)
def test_endpoints_made_by_hand_are_mirrored(cluster: Cluster) -> None:
    path = f"{CORE}/endpoints/custom"
    made = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "custom"}}
    cluster.api.put({**made, "spec": {"ports": [{"port": 80}]}})
    subset = {"addresses": [{"ip": "10.1.2.3"}], "ports": [{"port": 80}]}
    cluster.api.ask(
        "POST", f"{CORE}/endpoints", {"metadata": {"name": "custom"}, "subsets": [subset]}
    )
    eventually(lambda: _mirrored(cluster, "10.1.2.3", 80), 10)
    cluster.api.patch(path, {"metadata": {"labels": {"mine": "yes"}}})
    assert cluster.api.get(f"{CORE}/endpoints?labelSelector=mine=yes")["items"]
    changed = {"addresses": [{"ip": "10.2.3.4"}], "ports": [{"port": 81}]}
    cluster.api.patch(path, {"subsets": [changed]})
    eventually(lambda: _mirrored(cluster, "10.2.3.4", 81), 10)
    cluster.api.delete(f"{CORE}/endpoints?labelSelector=mine=yes")
    eventually(lambda: _nothing(slices_of(cluster, "custom")), 10)
    cluster.api.delete(f"{CORE}/services/custom")


def _mirrored(cluster: Cluster, ip: str, port: int) -> None:
    found = slices_of(cluster, "custom")
    assert [one["endpoints"][0]["addresses"] for one in found] == [[ip]]
    assert found[0]["ports"][0]["port"] == port


def _nothing(found: list[Json]) -> None:
    assert not found


@pytest.mark.conformance(
    "[sig-network] Services should complete a service status lifecycle",
    "[sig-network] Services should delete a collection of services",
)
def test_a_service_and_its_status_are_changed(cluster: Cluster) -> None:
    for name in ("first", "second", "third"):
        label = "keep" if name == "third" else "drop"
        cluster.api.put(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "labels": {"what": label}},
                "spec": {"ports": [{"port": 80}], "type": "LoadBalancer"},
            }
        )
    path = f"{CORE}/services/first"
    ingress = {"ingress": [{"ip": "203.0.113.1", "ipMode": "VIP"}]}
    patched = cluster.api.patch(f"{path}/status", {"status": {"loadBalancer": ingress}})
    assert patched["status"]["loadBalancer"] == ingress
    condition = {
        "type": "Mine",
        "status": "True",
        "reason": "R",
        "message": "m",
        "lastTransitionTime": "2024-01-02T03:04:05Z",
    }

    def update() -> None:  # The controller of balancers writes there too.
        found = cluster.api.get(f"{path}/status")
        found["status"]["conditions"] = [condition]
        cluster.api.ask("PUT", f"{path}/status", found)

    eventually(update, 10)
    assert cluster.api.get(path)["status"]["conditions"] == [condition]
    cluster.api.patch(path, {"metadata": {"annotations": {"a": "b"}}})
    assert cluster.api.get(path)["metadata"]["annotations"] == {"a": "b"}
    cluster.api.delete(f"{CORE}/services?labelSelector=what=drop")
    left = cluster.api.get(f"{CORE}/services?labelSelector=what")["items"]
    assert [one["metadata"]["name"] for one in left] == ["third"]
    cluster.api.delete(f"{CORE}/services/third")


@pytest.mark.conformance(
    "[sig-network] EndpointSlice should support creating EndpointSlice API operations",
    "[sig-network] Ingress API should support creating Ingress API operations",
    "[sig-network] IngressClass API should support creating IngressClass API operations",
    "[sig-network] ServiceCIDR and IPAddress API should support IPAddress API operations",
    "[sig-network] ServiceCIDR and IPAddress API should support ServiceCIDR API operations",
)
@pytest.mark.parametrize(
    ("path", "names", "body", "status"),
    [
        (SLICES, "abc", {"addressType": "IPv4", "endpoints": [], "ports": []}, None),
        (
            f"{NETWORKING}/namespaces/default/ingresses",
            "abc",
            {"spec": {"rules": [RULE]}},
            {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}},
        ),
        (f"{NETWORKING}/ingressclasses", "abc", {"spec": {"controller": "example.org/c"}}, None),
        (
            f"{NETWORKING}/ipaddresses",
            ("192.0.2.1", "192.0.2.2", "192.0.2.3"),
            {
                "spec": {
                    "parentRef": {
                        "group": "",
                        "resource": "services",
                        "name": "x",
                        "namespace": "default",
                    }
                }
            },
            None,
        ),
        (
            f"{NETWORKING}/servicecidrs",
            "abc",
            {"spec": {"cidrs": ["10.123.0.0/24"]}},
            {"conditions": []},
        ),
    ],
    ids=["slices", "ingresses", "classes", "addresses", "ranges"],
)
def test_a_kind_has_all_operations(
    cluster: Cluster, path: str, names: Any, body: Json, status: Json | None
) -> None:
    api = cluster.api
    group, _, plural = path.replace("/namespaces/default", "").rpartition("/")
    listed = {one["name"]: one["verbs"] for one in api.get(group)["resources"]}
    every = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
    assert every <= set(listed[plural])
    for name in names:
        meta = {"name": name, "labels": {"ops": "x"}}
        api.ask("POST", path, {"metadata": meta, **body})
    mine = f"{path}?labelSelector=ops=x"
    found = api.get(mine)
    assert [one["metadata"]["name"] for one in found["items"]] == list(names)
    one = f"{path}/{names[0]}"
    changed = api.patch(one, {"metadata": {"annotations": {"patched": "1"}}})
    changed["metadata"]["annotations"]["updated"] = "1"
    changed = api.ask("PUT", one, changed)
    assert changed["metadata"]["annotations"] == {"patched": "1", "updated": "1"}
    if status is not None:
        told = api.patch(f"{one}/status", {"status": status})
        assert {key: told["status"].get(key, []) for key in status} == status
        api.ask("PUT", f"{one}/status", told)
    api.delete(one)
    revision = found["metadata"]["resourceVersion"]
    query = f"&watch=1&timeoutSeconds=1&resourceVersion={revision}"
    kinds = [line.split('"type":"')[1].split('"')[0] for line in _lines(api.get(mine + query))]
    assert kinds[:2] == ["MODIFIED", "MODIFIED"]
    assert kinds[-1] == "DELETED"
    api.delete(mine)
    eventually(lambda: _nothing(api.get(mine)["items"]), 10)


def _lines(text: object) -> list[str]:
    return [line for line in str(text).splitlines() if line]


@pytest.mark.conformance(
    "[sig-network] Proxy version v1 A set of valid responses are returned for both pod and "
    "service Proxy",
    "[sig-network] Proxy version v1 A set of valid responses are returned for both pod and "
    "service ProxyWithPath",
    "[sig-network] Proxy version v1 should proxy through a service and a pod",
)
def test_the_api_server_leads_to_pods_and_services(cluster: Cluster, pods: list[Json]) -> None:
    names = {str(pod["metadata"]["name"]) for pod in pods}
    for pod in pods:
        name = pod["metadata"]["name"]
        for target in (f"pods/{name}", f"pods/{name}:80", f"pods/http:{name}:80"):
            for method in METHODS:
                told = cluster.api.ask(method, f"{CORE}/{target}/proxy/cgi-bin/who")
                assert told.split()[0] == name
    for target in ("services/objects", "services/objects:http", "services/http:objects:80"):
        answers = {
            cluster.api.ask(method, f"{CORE}/{target}/proxy/cgi-bin/who").split()[0]
            for method in METHODS
        }
        assert answers <= names
    with pytest.raises(RefusedError, match="404"):
        cluster.api.get(f"{CORE}/services/objects/proxy/nowhere")
    began = time.monotonic()
    with pytest.raises(RefusedError, match="404"):
        cluster.api.get(f"{CORE}/services/kube-dns-missing:80/proxy/")
    assert time.monotonic() - began < 5
