"""What Kubernetes' conformance tests ask of garbage collection, namespaces and quotas.

One cluster of two nodes on which nothing runs, asked over REST.
"""

import itertools
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.interop.cluster import cluster

GARBAGE = "[sig-api-machinery] Garbage collector"
QUOTAS = "[sig-api-machinery] ResourceQuota"
NAMESPACES = "[sig-api-machinery] Namespaces [Serial]"
WAIT_S = 30.0

_NUMBERS = itertools.count(1)
Plain = dict[str, Any]


class Api:
    """A namespace of a cluster, over REST."""

    def __init__(self, server: str, token: str) -> None:
        self._server = server
        self._token = token
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        self.namespace = f"n{next(_NUMBERS)}"
        self.post("/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        account = self.core("serviceaccounts/default")
        self.until("an account", lambda: self.status("GET", account) == 200)

    def core(self, path: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/{path}"

    def apps(self, path: str) -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}/{path}"

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Plain]:
        """Status and body of the answer."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        data = None if body is None else json.dumps(body).encode()
        url = f"{self._server}{path}"
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=WAIT_S, context=self._tls) as found:
                return found.status, json.load(found)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def status(self, method: str, path: str, body: Any = None) -> int:
        return self.send(method, path, body)[0]

    def get(self, path: str) -> Plain:
        return self._good("GET", path)

    def post(self, path: str, body: Any) -> Plain:
        return self._good("POST", path, body)

    def patch(self, path: str, body: Any) -> Plain:
        return self._good("PATCH", path, body)

    def delete(self, path: str, policy: str = "") -> Plain:
        return self._good("DELETE", path, {"propagationPolicy": policy} if policy else None)

    def _good(self, method: str, path: str, body: Any = None) -> Plain:
        code, found = self.send(method, path, body)
        assert code < 300, found
        return found

    def items(self, path: str) -> list[Plain]:
        found: list[Plain] = self.get(path)["items"]
        return found

    def pods(self, selector: str = "") -> list[Plain]:
        return self.items(self.core(f"pods?labelSelector={selector}"))

    def until(self, what: str, check: Callable[[], Any]) -> Any:
        """What `check` finds, once it finds something."""
        deadline = time.monotonic() + WAIT_S
        while not (found := check()):
            assert time.monotonic() < deadline, f"{what}: not within {WAIT_S} s"
            time.sleep(0.05)
        return found

    def stays(self, check: Callable[[], Any], for_s: float = 1.0) -> None:
        """Assert that something holds for a while."""
        deadline = time.monotonic() + for_s
        while time.monotonic() < deadline:
            assert check()
            time.sleep(0.1)


@pytest.fixture(scope="module")
def access(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with cluster(
        tmp_path_factory.mktemp("c"), "--runtime", "hollow", "--nodes", "2", "--store", "memory"
    ) as found:
        yield found.access


@pytest.fixture
def api(access: dict[str, str]) -> Api:
    return Api(access["server"], access["token"])


def template(**spec: Any) -> Plain:
    container = {"name": "c", "image": "example.org/x"}
    return {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [container], **spec}}


def controller(name: str, replicas: int) -> Plain:
    spec = {"replicas": replicas, "selector": {"app": "x"}, "template": template()}
    return {"metadata": {"name": name}, "spec": spec}


def deployment(name: str) -> Plain:
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "x"}}, "template": template()}
    return {"metadata": {"name": name}, "spec": spec}


def pod(name: str, *, requests: Plain | None = None, **spec: Any) -> Plain:
    resources = {"requests": requests, "limits": requests} if requests else {}
    container = {"name": "c", "image": "example.org/x", "resources": resources}
    return {"metadata": {"name": name}, "spec": {"containers": [container], **spec}}


@pytest.mark.conformance(
    f"{GARBAGE} should delete RS created by deployment when not orphaning",
    f"{GARBAGE} should orphan RS created by deployment when deleteOptions.PropagationPolicy is "
    "Orphan",
)
@pytest.mark.parametrize("policy", ["Background", "Orphan"])
def test_replica_sets_go_with_their_deployment_or_stay(api: Api, policy: str) -> None:
    api.post(api.apps("deployments"), deployment("d"))
    sets = api.apps("replicasets")
    api.until("a replica set", lambda: api.items(sets))
    api.delete(api.apps("deployments/d"), policy)
    if policy == "Background":
        api.until("it to go", lambda: not api.items(sets))
        api.until("its pods to go", lambda: not api.pods())
        return
    api.until("the deployment to go", lambda: not api.items(api.apps("deployments")))
    api.stays(lambda: api.items(sets))
    assert "ownerReferences" not in api.items(sets)[0]["metadata"]


@pytest.mark.conformance(
    f"{GARBAGE} should delete pods created by rc when not orphaning",
    f"{GARBAGE} should orphan pods created by rc if delete options say so [Serial]",
    f"{GARBAGE} should keep the rc around until all its pods are deleted if the deleteOptions says "
    "so [Serial]",
)
@pytest.mark.parametrize("policy", ["Background", "Foreground", "Orphan"])
def test_pods_go_with_their_controller_or_stay(api: Api, policy: str) -> None:
    api.post(api.core("replicationcontrollers"), controller("rc", 10))
    where = api.core("replicationcontrollers/rc")
    api.until("ten pods", lambda: len(api.pods()) == 10)
    if policy == "Foreground":
        held = api.pods()[0]["metadata"]["name"]
        api.patch(api.core(f"pods/{held}"), {"metadata": {"finalizers": ["example.org/held"]}})
    api.delete(where, policy)
    if policy == "Orphan":
        api.until("it to go", lambda: api.status("GET", where) == 404)
        api.stays(lambda: len(api.pods()) == 10)
        return
    if policy == "Foreground":
        api.until("nine pods to go", lambda: len(api.pods()) == 1)
        found = api.get(where)["metadata"]
        assert found["deletionTimestamp"]
        assert found["finalizers"] == ["foregroundDeletion"]
        api.patch(api.core(f"pods/{held}"), {"metadata": {"finalizers": None}})
    api.until("the pods to go", lambda: not api.pods())
    api.until("it to go", lambda: api.status("GET", where) == 404)


@pytest.mark.conformance(
    f"{GARBAGE} should not delete dependents that have both valid owner and owner that's waiting "
    "for dependents to be deleted [Serial]"
)
def test_who_has_another_owner_stays(api: Api) -> None:
    path = api.core("replicationcontrollers")
    api.post(path, controller("goes", 8))
    other = controller("stays", 0)
    other["spec"]["selector"] = {"app": "y"}
    other["spec"]["template"]["metadata"]["labels"] = {"app": "y"}
    uid = api.post(path, other)["metadata"]["uid"]
    api.until("eight pods", lambda: len(api.pods("app=x")) == 8)
    owner = {"apiVersion": "v1", "kind": "ReplicationController", "name": "stays", "uid": uid}
    half = api.pods("app=x")[:4]
    for each in half:
        owners = [*each["metadata"]["ownerReferences"], owner]
        body = {"metadata": {"ownerReferences": owners}}
        api.patch(api.core(f"pods/{each['metadata']['name']}"), body)
    api.delete(f"{path}/goes", "Foreground")
    api.until("it to go", lambda: api.status("GET", f"{path}/goes") == 404)
    left = api.pods("app=x")
    names = {each["metadata"]["name"] for each in half}
    assert {each["metadata"]["name"] for each in left} == names
    for each in left:
        assert "deletionTimestamp" not in each["metadata"]
        assert [one["name"] for one in each["metadata"]["ownerReferences"]] == ["stays"]


@pytest.mark.conformance(f"{GARBAGE} should not be blocked by dependency circle")
def test_a_circle_of_owners_goes(api: Api) -> None:
    made = [api.post(api.core("pods"), pod(f"p{number}")) for number in range(3)]
    for number, each in enumerate(made):
        before = made[number - 1]["metadata"]
        owner = {"apiVersion": "v1", "kind": "Pod", "name": before["name"], "uid": before["uid"]}
        owner |= {"controller": True, "blockOwnerDeletion": True}
        body = {"metadata": {"ownerReferences": [owner]}}
        api.patch(api.core(f"pods/{each['metadata']['name']}"), body)
    api.delete(api.core("pods/p0"), "Foreground")
    api.until("all to go", lambda: not api.pods())


@pytest.mark.conformance(
    f"{NAMESPACES} should ensure that all pods are removed when a namespace is deleted",
    f"{NAMESPACES} should ensure that all services are removed when a namespace is deleted",
)
def test_what_is_in_a_namespace_goes_with_it(api: Api) -> None:
    api.post(api.core("pods"), pod("p"))
    api.post(api.core("services"), {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}})
    where = f"/api/v1/namespaces/{api.namespace}"
    api.delete(where)
    api.until("it to go", lambda: api.status("GET", where) == 404)
    api.post("/api/v1/namespaces", {"metadata": {"name": api.namespace}})
    assert not api.pods()
    assert not api.items(api.core("services"))


@pytest.mark.conformance(
    "[sig-api-machinery] OrderedNamespaceDeletion namespace deletion should delete pod first"
)
def test_pods_of_a_namespace_go_first(api: Api) -> None:
    held = pod("p")
    held["metadata"]["finalizers"] = ["example.org/held"]
    api.post(api.core("pods"), held)
    api.post(api.core("configmaps"), {"metadata": {"name": "m"}})
    where = f"/api/v1/namespaces/{api.namespace}"
    api.delete(where)
    api.until(
        "the pod to be deleted",
        lambda: api.get(api.core("pods/p"))["metadata"].get("deletionTimestamp"),
    )
    api.stays(lambda: api.status("GET", api.core("configmaps/m")) == 200)

    def remains() -> bool:
        conditions = api.get(where)["status"].get("conditions", ())
        return ("NamespaceContentRemaining", "True") in [
            (each["type"], each["status"]) for each in conditions
        ]

    api.until("it to say why it stays", remains)
    api.patch(api.core("pods/p"), {"metadata": {"finalizers": None}})
    api.until("it to go", lambda: api.status("GET", where) == 404)


def quota(api: Api, name: str = "q", *scopes: str, **hard: str) -> None:
    """Make a quota, and wait until it is counted."""
    spec: Plain = {"hard": {key.replace("__", "."): value for key, value in hard.items()}}
    if scopes:
        spec["scopes"] = list(scopes)
    api.post(api.core("resourcequotas"), {"metadata": {"name": name}, "spec": spec})
    api.until("it to be counted", lambda: used(api, name))


def used(api: Api, name: str = "q") -> Plain:
    found: Plain = api.get(api.core(f"resourcequotas/{name}")).get("status", {}).get("used", {})
    return found


def settles(api: Api, name: str = "q", **wanted: str) -> None:
    """Wait until a quota is used so."""
    expected = {key.replace("__", "."): value for key, value in wanted.items()}
    api.until(f"{name} to be {expected}", lambda: expected.items() <= used(api, name).items())


@pytest.mark.conformance(
    f"{QUOTAS} should create a ResourceQuota and ensure its status is promptly calculated.",
    f"{QUOTAS} should be able to update and delete ResourceQuota.",
    f"{QUOTAS} should manage the lifecycle of a ResourceQuota",
)
def test_a_quota_is_counted_changed_and_deleted(api: Api) -> None:
    quota(api, cpu="1", memory="500Mi")
    where = api.core("resourcequotas/q")
    found = api.get(where)
    assert found["status"]["hard"] == {"cpu": "1", "memory": "500Mi"}
    assert used(api) == {"cpu": "0", "memory": "0"}
    change = {"metadata": {"labels": {"t": "x"}}, "spec": {"hard": {"memory": "750Mi"}}}
    found = api.patch(where, change)
    assert found["spec"]["hard"]["memory"] == "750Mi"

    def updated() -> bool:
        # Its controller writes too, so that the one read may be an old one by now.
        found = api.get(where)
        found["spec"]["hard"]["cpu"] = "2"
        return api.status("PUT", where, found) == 200

    api.until("an update", updated)
    assert api.get(where)["spec"]["hard"]["cpu"] == "2"
    everywhere = "/api/v1/resourcequotas?labelSelector=t=x"
    assert [each["metadata"]["name"] for each in api.items(everywhere)] == ["q"]
    api.delete(api.core("resourcequotas?labelSelector=t=x"))
    assert api.status("GET", where) == 404


@pytest.mark.conformance(
    f"{QUOTAS} should create a ResourceQuota and capture the life of a configMap.",
    f"{QUOTAS} should create a ResourceQuota and capture the life of a secret.",
    f"{QUOTAS} should create a ResourceQuota and capture the life of a replica set.",
    f"{QUOTAS} should create a ResourceQuota and capture the life of a replication controller.",
)
@pytest.mark.parametrize(
    ("counted", "path", "spec"),
    [
        ("configmaps", "/api/v1/namespaces/%s/configmaps", None),
        ("secrets", "/api/v1/namespaces/%s/secrets", None),
        (
            "count/replicasets.apps",
            "/apis/apps/v1/namespaces/%s/replicasets",
            {"replicas": 0, "selector": {"matchLabels": {"app": "x"}}, "template": template()},
        ),
        (
            "replicationcontrollers",
            "/api/v1/namespaces/%s/replicationcontrollers",
            {"replicas": 0, "selector": {"app": "x"}, "template": template()},
        ),
    ],
)
def test_objects_are_counted_and_given_back(
    api: Api, counted: str, path: str, spec: Plain | None
) -> None:
    path %= api.namespace
    there = len(api.items(path))  # The root's certificates are a ConfigMap, too.
    if counted == "configmaps":
        there = api.until("the root's certificates", lambda: len(api.items(path)))
    quota(api, **{counted: str(there + 1)})
    settles(api, **{counted: str(there)})
    body: Plain = {"metadata": {"name": "one"}}
    api.post(path, body | ({"spec": spec} if spec else {}))
    settles(api, **{counted: str(there + 1)})
    body["metadata"]["name"] = "two"
    code, refused = api.send("POST", path, body | ({"spec": spec} if spec else {}))
    assert code == 403
    assert "exceeded quota: q" in refused["message"]
    api.delete(f"{path}/one")
    settles(api, **{counted: str(there)})


@pytest.mark.conformance(
    f"{QUOTAS} should create a ResourceQuota and capture the life of a service."
)
def test_services_are_counted_by_their_type(api: Api) -> None:
    quota(api, services="2", services__nodeports="1", services__loadbalancers="1")
    path = api.core("services")
    ports = {"ports": [{"port": 80}]}
    api.post(path, {"metadata": {"name": "a"}, "spec": ports})
    api.post(path, {"metadata": {"name": "b"}, "spec": {**ports, "type": "NodePort"}})
    settles(api, services="2", services__nodeports="1", services__loadbalancers="0")
    balancer = {"metadata": {"name": "c"}, "spec": {**ports, "type": "LoadBalancer"}}
    assert api.status("POST", path, balancer) == 403
    for name in ("a", "b"):
        api.delete(f"{path}/{name}")
    settles(api, services="0", services__nodeports="0")


@pytest.mark.conformance(f"{QUOTAS} should create a ResourceQuota and capture the life of a pod.")
def test_pods_are_counted_by_what_they_ask_for(api: Api) -> None:
    hard = {"requests.cpu": "1", "requests.memory": "500Mi", "pods": "5"}
    quota(api, **hard, **{"requests.ephemeral-storage": "50Gi", "requests.example.com/dongle": "3"})
    path = api.core("pods")
    asked = {"cpu": "500m", "memory": "252Mi", "ephemeral-storage": "30Gi"}
    api.post(path, pod("a", requests=asked | {"example.com/dongle": "2"}))
    counted = {
        "pods": "1",
        "requests.cpu": "500m",
        "requests.memory": "252Mi",
        "requests.ephemeral-storage": "30Gi",
        "requests.example.com/dongle": "2",
    }
    settles(api, **counted)
    code, refused = api.send("POST", path, pod("b", requests=asked | {"cpu": "600m"}))
    assert code == 403
    assert "exceeded quota: q" in refused["message"]
    more = asked | {"example.com/dongle": "2"}
    assert api.status("POST", path, pod("b", requests=more | {"cpu": "1m"})) == 403
    change = {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "100m"}}}]}}
    assert api.status("PATCH", f"{path}/a", change) == 422
    settles(api, **counted)
    api.delete(f"{path}/a")
    settles(api, **dict.fromkeys(counted, "0"))


@pytest.mark.conformance(
    f"{QUOTAS} should verify ResourceQuota with best effort scope.",
    f"{QUOTAS} should verify ResourceQuota with terminating scopes.",
)
@pytest.mark.parametrize(
    ("scopes", "first", "second"),
    [
        pytest.param(
            ("BestEffort", "NotBestEffort"),
            pod("a"),
            pod("b", requests={"cpu": "1m", "memory": "1Mi"}),
            id="best effort",
        ),
        pytest.param(
            ("Terminating", "NotTerminating"),
            pod("a", activeDeadlineSeconds=3600),
            pod("b"),
            id="terminating",
        ),
    ],
)
def test_a_scope_chooses_pods(
    api: Api, scopes: tuple[str, str], first: Plain, second: Plain
) -> None:
    for name, scope in zip(("one", "two"), scopes, strict=True):
        quota(api, name, scope, pods="5")
    path = api.core("pods")
    for body, here, there in ((first, "one", "two"), (second, "two", "one")):
        api.post(path, body)
        settles(api, here, pods="1")
        assert used(api, there)["pods"] == "0"
        api.delete(f"{path}/{body['metadata']['name']}")
        settles(api, here, pods="0")


@pytest.mark.conformance(
    "[sig-auth] ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace"
)
def test_every_namespace_knows_the_authority(api: Api) -> None:
    where = api.core("configmaps/kube-root-ca.crt")
    first = api.until("it", lambda: api.send("GET", where)[1].get("data"))
    assert "BEGIN CERTIFICATE" in first["ca.crt"]
    api.delete(where)
    api.until("it again", lambda: api.send("GET", where)[1].get("data") == first)
    api.patch(where, {"data": {"ca.crt": ""}})
    api.until("it as it was", lambda: api.send("GET", where)[1].get("data") == first)


@pytest.mark.conformance(
    "[sig-architecture] Conformance Tests should have at least two untainted nodes"
)
def test_there_are_nodes_that_take_pods(api: Api) -> None:
    def untainted() -> bool:
        nodes = [each for each in api.items("/api/v1/nodes") if not each["spec"].get("taints")]
        return len(nodes) == 2

    api.until("two nodes", untainted)


@pytest.mark.conformance(
    "[sig-auth] ServiceAccounts should allow opting out of API token automount"
)
@pytest.mark.parametrize(
    ("account", "own", "is_mounted"),
    [
        (None, None, True),
        (True, None, True),
        (False, None, False),
        (None, True, True),
        (True, True, True),
        (False, True, True),
        (None, False, False),
        (True, False, False),
        (False, False, False),
    ],
)
def test_tokens_are_mounted_unless_told_otherwise(
    api: Api, account: object, own: object, is_mounted: object
) -> None:
    name = "automountServiceAccountToken"
    body: Plain = {"metadata": {"name": "s"}}
    api.post(api.core("serviceaccounts"), body | ({} if account is None else {name: account}))
    more: Plain = {} if own is None else {name: own}
    made = api.post(api.core("pods"), pod("p", serviceAccountName="s", **more))
    mounts = made["spec"]["containers"][0].get("volumeMounts", ())
    paths = [each["mountPath"] for each in mounts]
    assert ("/var/run/secrets/kubernetes.io/serviceaccount" in paths) == is_mounted
