"""Names from within containers and from hosts, by busybox' resolver and glibc's."""

from collections.abc import Iterator

import pytest

from tests.multihost.api import Json, eventually
from tests.multihost.asking import WEB, service
from tests.multihost.cluster import DNS, Cluster

WEB_SET = f"""
apiVersion: v1
kind: Service
metadata: {{name: nginx}}
spec: {{clusterIP: None, selector: {{app: nginx}}, ports: [{{port: 80, name: http}}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: web}}
spec:
  serviceName: nginx
  replicas: 2
  podManagementPolicy: Parallel
  selector: {{matchLabels: {{app: nginx}}}}
  template:
    metadata: {{labels: {{app: nginx}}}}
    spec:
      terminationGracePeriodSeconds: 0
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: DoNotSchedule
        labelSelector: {{matchLabels: {{app: nginx}}}}
      containers:
      - name: web{WEB}"""

OWN_SETTINGS = """
apiVersion: v1
kind: Pod
metadata: {name: own-settings}
spec:
  terminationGracePeriodSeconds: 0
  dnsPolicy: None
  dnsConfig:
    nameservers: [1.1.1.1]
    searches: [resolv.conf.local]
    options: [{name: ndots, value: "2"}]
  hostAliases: [{ip: 123.45.67.89, hostnames: [foo.local]}]
  containers:
  - {name: c, image: "busybox:1.36", command: [sleep, "1000"]}
"""


@pytest.fixture(scope="module")
def web(cluster: Cluster) -> Iterator[dict[str, Json]]:
    """The StatefulSet of the tutorial and a Service before it."""
    cluster.api.apply(WEB_SET)
    cluster.api.apply(service("nginx-service", "nginx", ports="{port: 80, name: http}"))
    yield {str(pod["metadata"]["name"]): pod for pod in cluster.api.ready_pods("app=nginx", 2, 60)}
    cluster.api.delete("/apis/apps/v1/namespaces/default/statefulsets/web")
    for name in ("nginx", "nginx-service"):
        cluster.api.delete(f"/api/v1/namespaces/default/services/{name}")


def looked_up(cluster: Cluster, pod: Json, name: str) -> str:
    return cluster.exec(pod, "nslookup", name, check=False)


@pytest.mark.conformance(
    "[sig-network] DNS should provide DNS for the cluster",
    "[sig-network] DNS should provide DNS for services",
    "[sig-network] DNS should resolve DNS of partial qualified names for services [LinuxOnly]",
)
def test_nslookup_knows_short_names_and_long_ones(cluster: Cluster, web: dict[str, Json]) -> None:
    virtual = cluster.api.get("/api/v1/namespaces/default/services/nginx-service")["spec"]
    first = web["web-0"]["status"]["podIP"]
    wanted = {
        "nginx-service": virtual["clusterIP"],
        "nginx-service.default": virtual["clusterIP"],
        "nginx-service.default.svc": virtual["clusterIP"],
        "nginx-service.default.svc.cluster.local": virtual["clusterIP"],
        "web-0.nginx.default.svc.cluster.local": first,
        "nginx": first,
        "kubernetes.default": "10.96.0.1",
        "kubernetes.default.svc.cluster.local": "10.96.0.1",
    }
    for pod in web.values():
        for name, address in wanted.items():
            assert address in eventually(lambda: looked_up(cluster, pod, name)), name  # noqa: B023
    both = looked_up(cluster, web["web-1"], "nginx")
    assert all(pod["status"]["podIP"] in both for pod in web.values()), "headless: all pods"
    assert "NXDOMAIN" in looked_up(cluster, web["web-0"], "nobody.default.svc.cluster.local.")
    long = "_http._tcp.nginx.default.svc.cluster.local"
    told = cluster.exec(web["web-1"], "nslookup", "-type=srv", long)
    assert all(f"{pod}.nginx.default.svc.cluster.local" in told for pod in web)
    # nslookup of busybox searches for names without dots only; dig is not in the image.
    for name, domain in (
        ("nginx", "default.svc.cluster.local"),
        ("nginx.default", "svc.cluster.local"),
    ):
        told = _dig(
            cluster, 0, f"_http._tcp.{name}", "SRV", "+search", "+ndots=5", f"+domain={domain}"
        )
        assert all(f"{pod}.nginx.default.svc.cluster.local" in told for pod in web), name
    reverse = looked_up(cluster, web["web-1"], first)
    assert "web-0.nginx.default.svc.cluster.local" in reverse


HOSTNAME = f"""
apiVersion: v1
kind: Service
metadata: {{name: sub}}
spec: {{clusterIP: None, selector: {{app: querier}}, ports: [{{port: 80, name: http}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: a-pod, labels: {{app: querier}}}}
spec:
  hostname: querier
  subdomain: sub
  terminationGracePeriodSeconds: 0
  containers:
      - name: web{WEB}"""


@pytest.mark.conformance(
    "[sig-network] DNS should provide DNS for pods for Subdomain",
    "[sig-network] DNS should provide DNS for pods for Hostname",
)
def test_a_pods_hostname_and_subdomain_are_names(cluster: Cluster, web: dict[str, Json]) -> None:
    cluster.api.apply(HOSTNAME)
    try:
        (pod,) = cluster.api.ready_pods("app=querier", 1)
        full, own = "querier.sub.default.svc.cluster.local", pod["status"]["podIP"]
        for asking in (pod, *web.values()):
            for name in (full, "sub"):
                assert own in eventually(lambda p=asking, n=name: looked_up(cluster, p, n)), name  # type: ignore[misc]
            told = cluster.exec(asking, "wget", "-qO-", "http://querier.sub/cgi-bin/who")
            assert told.split()[0] == "a-pod"
        assert cluster.exec(pod, "hostname").strip() == "querier"
        for name in ("querier", full):
            told = cluster.exec(pod, "wget", "-qO-", f"http://{name}/cgi-bin/who")
            assert told.split()[0] == "a-pod", "its own names are in /etc/hosts"
    finally:
        cluster.api.delete("/api/v1/namespaces/default/pods/a-pod")
        cluster.api.delete("/api/v1/namespaces/default/services/sub")


def test_the_c_library_resolves_too(cluster: Cluster, web: dict[str, Json]) -> None:
    # Debian's wget of busybox asks by getaddrinfo of the GNU C library.
    for name in (
        "nginx-service",
        "nginx-service.default",
        "web-1.nginx",
        "web-1.nginx.default.svc.cluster.local",
    ):
        told = cluster.exec(web["web-0"], "wget", "-qO-", f"http://{name}/cgi-bin/who")
        assert told.split()[0].startswith("web-"), name


@pytest.mark.conformance("[sig-network] DNS should provide /etc/hosts entries for the cluster")
def test_a_pod_knows_itself(cluster: Cluster, web: dict[str, Json]) -> None:
    pod = web["web-0"]
    hosts = cluster.exec(pod, "cat", "/etc/hosts")
    full = "web-0.nginx.default.svc.cluster.local"
    assert f"{pod['status']['podIP']}\t{full}\tweb-0" in hosts
    resolver = cluster.exec(pod, "cat", "/etc/resolv.conf")
    assert resolver.splitlines()[0].startswith(
        "search default.svc.cluster.local svc.cluster.local cluster.local"
    )
    assert f"nameserver {DNS}" in resolver
    assert "options ndots:5" in resolver


@pytest.mark.conformance("[sig-network] DNS should support configurable pod DNS nameservers")
def test_a_pod_brings_its_own_settings(cluster: Cluster) -> None:
    cluster.api.apply(OWN_SETTINGS)
    path = "/api/v1/namespaces/default/pods/own-settings"

    def running() -> Json:
        pod: Json = cluster.api.get(path)
        assert pod["status"]["phase"] == "Running"
        return pod

    pod = eventually(running)
    told = cluster.exec(pod, "cat", "/etc/resolv.conf")
    assert told == "search resolv.conf.local\nnameserver 1.1.1.1\noptions ndots:2\n"
    assert "123.45.67.89\tfoo.local" in cluster.exec(pod, "cat", "/etc/hosts")
    cluster.api.delete(path)


@pytest.mark.conformance("[sig-network] DNS should provide DNS for ExternalName services")
def test_an_external_name_is_an_alias_until_it_is_none(
    cluster: Cluster, web: dict[str, Json]
) -> None:
    path = "/api/v1/namespaces/default/services/outer"
    cluster.api.put(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "outer"},
            "spec": {"type": "ExternalName", "externalName": "foo.example.com"},
        }
    )
    alias = "outer.default.svc.cluster.local"
    assert _dig(cluster, 0, alias, "CNAME") == "foo.example.com."
    cluster.api.patch(path, {"spec": {"externalName": "bar.example.com"}})
    for number in range(len(cluster.nodes)):
        eventually(lambda n=number: _is(_dig(cluster, n, alias, "CNAME"), "bar.example.com."), 2)  # type: ignore[misc]
    for pod in web.values():
        told = cluster.exec(pod, "nslookup", "-type=cname", alias)
        assert "canonical name = bar.example.com" in told
    change = {"type": "ClusterIP", "externalName": None, "ports": [{"port": 80}]}
    cluster.api.patch(path, {"spec": change})
    virtual = cluster.api.get(path)["spec"]["clusterIP"]
    eventually(lambda: _is(_dig(cluster, 1, alias, "A"), virtual), 2)
    assert virtual in looked_up(cluster, web["web-0"], "outer")
    cluster.api.delete(path)


def test_hosts_ask_the_cluster_too(cluster: Cluster, web: dict[str, Json]) -> None:
    for number, host in enumerate(cluster.nodes):
        assert _dig(cluster, number, "kubernetes.default.svc.cluster.local", "A") == "10.96.0.1"
        found = _dig(cluster, number, "_http._tcp.nginx.default.svc.cluster.local", "SRV")
        assert "web-0.nginx.default.svc.cluster.local." in found, host.name
        assert (
            _dig(cluster, number, "nginx.default.svc.cluster.local", "A", "+tcp").count("\n") == 1
        )


def _dig(cluster: Cluster, number: int, name: str, kind: str, *more: str) -> str:
    words = ("dig", f"@{DNS}", "+short", "+time=1", "+tries=2", *more, name, kind)
    return cluster.nodes[number].run(*words).strip()


def _is(found: str, wanted: str) -> None:
    assert found == wanted
