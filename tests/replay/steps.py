"""Requests of every area of the API, in order, all on one server."""

from dataclasses import dataclass, field
from typing import Any

MAPS = "/api/v1/namespaces/default/configmaps"
WORK = "/apis/apps/v1/namespaces/default/deployments"
MERGE, JSON, APPLY = (
    {"Content-Type": f"application/{kind}"}
    for kind in ("merge-patch+json", "json-patch+json", "apply-patch+yaml")
)
STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
PARTIAL_LIST = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
PARTIAL = {"Accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}


@dataclass(frozen=True)
class Step:
    """One request."""

    area: str
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    settles: int = 0
    """Ask again until this is the status."""


def named(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, **more}


def web(image: str = "example.org/web:1", **spec: Any) -> dict[str, Any]:
    container = {"name": "web", "image": image}
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {"selector": {"matchLabels": labels}, "template": template, **spec}


def boat(name: str, **spec: Any) -> dict[str, Any]:
    head = {"apiVersion": "sea.example.com/v1", "kind": "Boat"}
    return {**head, **named(name, spec={"name": "argo", **spec})}


SERVICES = "/api/v1/namespaces/default/services"
PODS = "/api/v1/namespaces/default/pods"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
BOAT_PATH = "/apis/sea.example.com/v1/namespaces/default/boats"
_SPEC = {
    "type": "object",
    "properties": {
        "sails": {"type": "integer", "minimum": 0, "default": 2},
        "name": {
            "type": "string",
            "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "names stay"}],
        },
    },
}
BOATS: dict[str, Any] = {
    "metadata": {"name": "boats.sea.example.com"},
    "spec": {
        "group": "sea.example.com",
        "scope": "Namespaced",
        "names": {"plural": "boats", "kind": "Boat"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": _SPEC}}},
                "selectableFields": [{"jsonPath": ".spec.name"}],
                "additionalPrinterColumns": [
                    {"name": "Sails", "type": "integer", "jsonPath": ".spec.sails"}
                ],
                "subresources": {
                    "scale": {
                        "specReplicasPath": ".spec.sails",
                        "statusReplicasPath": ".status.sails",
                    }
                },
            }
        ],
    },
}

STEPS = (
    Step("create", "POST", MAPS, named("one", data={"a": "1"})),
    Step("create", "POST", MAPS, named("one")),
    Step("create", "POST", MAPS, named("Not_Good")),
    Step("create", "POST", MAPS, {"metadata": {}}),
    Step("create", "POST", f"{MAPS}?dryRun=All", named("dry", data={"a": "1"})),
    Step("create", "POST", f"{MAPS}?fieldValidation=Strict", named("two", odd=1)),
    Step("create", "POST", "/api/v1/namespaces/none/configmaps", named("two")),
    Step("create", "POST", MAPS, {"kind": "Secret", **named("two")}),
    Step("defaults", "POST", WORK, named("web", spec=web())),
    Step("defaults", "POST", "/api/v1/namespaces/default/services", named("s", spec={
        "selector": {"app": "web"}, "clusterIP": "None", "ports": [{"port": 80}]})),
    Step("validation", "POST", WORK, named("bad", spec=web(replicas=-1))),
    Step("validation", "POST", WORK, named("bad", spec={**web(), "selector": {}})),
    Step("validation", "PUT", f"{WORK}/web", named("web", spec=web(selector={
        "matchLabels": {"app": "web", "b": "c"}}))),
    Step("read", "GET", f"{MAPS}/one"),
    Step("read", "GET", f"{MAPS}/none"),
    Step("read", "GET", f"{MAPS}/one", headers=TABLE),
    Step("read", "GET", f"{MAPS}/one", headers=PARTIAL),
    Step("read", "GET", f"{MAPS}?labelSelector=a%20in%20(b"),
    Step("read", "GET", f"{MAPS}?fieldSelector=spec.x=y"),
    Step("read", "GET", f"{MAPS}?limit=x"),
    Step("read", "GET", f"{MAPS}?fieldSelector=metadata.name=one"),
    Step("patch", "PATCH", f"{MAPS}/one", {"data": {"b": "2"}}, MERGE),
    Step("patch", "PATCH", f"{MAPS}/one", [{"op": "remove", "path": "/data/none"}], JSON),
    Step("patch", "PATCH", f"{MAPS}/one", [{"op": "test", "path": "/data/a", "value": "1"}], JSON),
    Step("patch", "PATCH", f"{WORK}/web", {"spec": {"template": {"spec": {"containers": [
        {"name": "side", "image": "example.org/side:1"}]}}}}, STRATEGIC),
    Step("patch", "PATCH", f"{MAPS}/one", {"data": {}}, {"Content-Type": "text/plain"}),
    Step("apply", "PATCH", f"{MAPS}/one?fieldManager=me", named("one", data={"a": "9"}) | {
        "apiVersion": "v1", "kind": "ConfigMap"}, APPLY),
    Step("apply", "PATCH", f"{MAPS}/one?fieldManager=me&force=true", named("one", data={
        "a": "9"}) | {"apiVersion": "v1", "kind": "ConfigMap"}, APPLY),
    Step("apply", "PATCH", f"{MAPS}/new?fieldManager=me", named("new") | {
        "apiVersion": "v1", "kind": "ConfigMap"}, APPLY),
    Step("subresources", "GET", f"{WORK}/web/scale"),
    Step("subresources", "PATCH", f"{WORK}/web/scale", {"spec": {"replicas": 3}}, MERGE),
    Step("subresources", "PATCH", f"{WORK}/web/status", {"status": {"replicas": 3}}, MERGE),
    Step("subresources", "GET", f"{WORK}/web/none"),
    Step("who may", "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
        "spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}),
    Step("who may", "GET", MAPS, headers={"Impersonate-User": "jane"}),
    Step("who may", "GET", MAPS, headers={"Authorization": "Bearer wrong"}),
    Step("discovery", "GET", "/api/v1/none"),
    Step("discovery", "GET", "/apis/none.example.org/v1"),
    Step("discovery", "POST", f"{MAPS}/one"),
    Step("discovery", "GET", "/apis/apps"),
    Step("delete", "DELETE", f"{MAPS}/one", {"preconditions": {"uid": "another"}}),
    Step("delete", "DELETE", f"{MAPS}/one"),
    Step("delete", "DELETE", f"{MAPS}/one"),
    Step("delete", "DELETE", f"{WORK}/web", {"propagationPolicy": "Foreground"}),
    Step("delete", "DELETE", f"{WORK}/web", {"propagationPolicy": "Sideways"}),
    Step("list", "POST", MAPS, named("l1", data={"a": "1"})),
    Step("list", "POST", MAPS, {"metadata": {"name": "l2", "labels": {"t": "x"}}}),
    Step("list", "GET", f"{MAPS}?labelSelector=t%20notin%20(y),t"),
    Step("list", "GET", f"{MAPS}?fieldSelector=metadata.name!=l1"),
    Step("list", "GET", f"{MAPS}?labelSelector=t", headers=PARTIAL_LIST),
    Step("list", "GET", f"{MAPS}?resourceVersionMatch=Exact"),
    Step("list", "GET", f"{MAPS}?resourceVersion=0&resourceVersionMatch=Exact"),
    Step("list", "GET", f"{MAPS}?continue=nonsense"),
    Step("list", "GET", f"{MAPS}?watch=1&resourceVersion=x"),
    Step("list", "GET", f"{MAPS}?watch=1&sendInitialEvents=true"),
    Step("list", "GET", "/api/v1/pods?fieldSelector=spec.nodeName=none", headers=TABLE),
    Step("services", "POST", SERVICES, named("one", spec={
        "clusterIP": "10.96.0.77", "ports": [{"port": 80}], "selector": {"a": "b"}})),
    Step("services", "POST", SERVICES, named("two", spec={
        "clusterIP": "10.96.0.77", "ports": [{"port": 80}]})),
    Step("services", "POST", SERVICES, named("two", spec={"ports": [{"port": 80}, {"port": 81}]})),
    Step("services", "POST", SERVICES, named("two", spec={
        "type": "NodePort", "clusterIP": "10.96.0.79",
        "ports": [{"port": 80, "nodePort": 31777}]})),
    Step("services", "POST", SERVICES, named("three", spec={
        "type": "NodePort", "ports": [{"port": 80, "nodePort": 31777}]})),
    Step("services", "PATCH", f"{SERVICES}/one", {"spec": {"clusterIP": "10.96.0.78"}}, MERGE),
    Step("services", "PATCH", f"{SERVICES}/two", {"spec": {"type": "ExternalName"}}, MERGE),
    Step("services", "DELETE", f"{SERVICES}/one"),
    Step("pods", "POST", "/api/v1/namespaces/default/serviceaccounts", named("default")),
    Step("pods", "POST", PODS, named("p", spec={
        "automountServiceAccountToken": False,
        "containers": [{"name": "c", "image": "example.org/c:1"}]})),
    Step("pods", "POST", PODS, named("q", spec={"containers": []})),
    Step("pods", "POST", PODS, named("q", spec={
        "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 70000}]}]})),
    Step("pods", "POST", PODS, named("q", spec={
        "containers": [{"name": "c", "image": "i", "volumeMounts": [
            {"name": "none", "mountPath": "/x"}]}]})),
    Step("pods", "POST", PODS, named("q", spec={
        "containers": [{"name": "c", "image": "i", "resources": {
            "requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}]})),
    Step("pods", "PATCH", f"{PODS}/p", {"spec": {"nodeName": "n"}}, MERGE),
    Step("pods", "PATCH", f"{PODS}/p", {"spec": {"containers": [
        {"name": "c", "image": "example.org/c:2"}]}}, STRATEGIC),
    Step("pods", "GET", f"{PODS}/p/log"),
    Step("pods", "POST", f"{PODS}/p/binding", named("p", target={"kind": "Pod", "name": "n"})),
    Step("pods", "POST", f"{PODS}/p/eviction", named("other")),
    Step("pods", "GET", f"{PODS}/p/scale"),
    Step("pods", "DELETE", f"{PODS}/p"),
    Step("custom", "POST", DEFINITIONS, BOATS),
    Step("custom", "GET", BOAT_PATH, settles=200),
    Step("custom", "POST", BOAT_PATH, boat("a", sails=1, rum=2)),
    Step("custom", "POST", BOAT_PATH, boat("b", sails=-1)),
    Step("custom", "POST", f"{BOAT_PATH}?fieldValidation=Strict", boat("b", rum=2)),
    Step("custom", "PATCH", f"{BOAT_PATH}/a", {"spec": {"name": "other"}}, MERGE),
    Step("custom", "PATCH", f"{BOAT_PATH}/a", {"spec": {"sails": 3}}, STRATEGIC),
    Step("custom", "GET", f"{BOAT_PATH}/a", headers=TABLE),
    Step("custom", "GET", f"{BOAT_PATH}/a/scale"),
    Step("custom", "GET", f"{BOAT_PATH}?fieldSelector=spec.name=argo"),
    Step("custom", "GET", f"{BOAT_PATH}?fieldSelector=spec.sails=1"),
    Step("custom", "POST", DEFINITIONS, {"metadata": {"name": "wrong"}, "spec": BOATS["spec"]}),
    Step("custom", "GET", "/apis/sea.example.com/v2/boats"),
    Step("update", "PUT", f"{MAPS}/l1", named("l1", data={"a": "2"})),
    Step("update", "PUT", f"{MAPS}/l1", named("other")),
    Step("update", "PUT", f"{MAPS}/none", named("none")),
    Step("update", "PUT", f"{MAPS}/l1", {"metadata": {"name": "l1", "resourceVersion": "1"}}),
    Step("update", "PUT", f"{MAPS}/l1", {"metadata": {"name": "l1", "uid": "another"}}),
    Step("update", "PUT", f"{MAPS}/l1?dryRun=Some", named("l1")),
    Step("delete", "DELETE", f"{MAPS}?labelSelector=t"),
)  # fmt: skip
