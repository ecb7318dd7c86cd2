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
PARTIAL = {"Accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"}


@dataclass(frozen=True)
class Step:
    """One request."""

    area: str
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def named(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, **more}


def web(image: str = "example.org/web:1", **spec: Any) -> dict[str, Any]:
    container = {"name": "web", "image": image}
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {"selector": {"matchLabels": labels}, "template": template, **spec}


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
)  # fmt: skip
