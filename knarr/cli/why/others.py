"""Why services lead nowhere, claims have no volume, nodes take no pods and things do not go."""

from collections.abc import Iterator
from typing import Any

from knarr.cli.selectors_of import selector_text
from knarr.cli.why.facts import Facts
from knarr.cli.why.finding import Finding, condition, is_true
from knarr.cli.why.pods import finalizers

Json = dict[str, Any]


def service(obj: Json, facts: Facts) -> Iterator[Finding]:
    """A service."""
    spec, name = obj["spec"], obj["metadata"]["name"]
    yield from finalizers(obj, facts)
    if spec.get("type") == "LoadBalancer" and not _has_ingress(obj):
        yield Finding(
            "it has no address outside: nothing here gives load balancers addresses",
            "use its NodePort, or knarr port-forward",
        )
    if spec.get("type") == "ExternalName":
        return
    if not spec.get("selector"):
        if not facts.list("endpointslices", obj["metadata"]["namespace"], _of_service(name)):
            yield Finding(
                "it has no selector and nobody made endpoints for it",
                "give it a selector, or make an EndpointSlice",
            )
        return
    pods = facts.selected(obj)
    if not pods:
        yield from _no_pods(obj, facts)
        return
    ready = [one for one in pods if is_true(one, "Ready")]
    if not ready:
        first = pods[0]["metadata"]["name"]
        yield Finding(
            f"none of its {len(pods)} pods is ready, so it has no endpoints",
            f"see why: knarr why pod/{first}",
        )
    yield from _ports(obj, pods)


def _of_service(name: str) -> str:
    return f"kubernetes.io/service-name={name}"


def _has_ingress(obj: Json) -> bool:
    return bool(((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress"))


def _no_pods(obj: Json, facts: Facts) -> Iterator[Finding]:
    selector = obj["spec"]["selector"]
    cause = f"no pod has the labels of its selector: {selector_text(selector)}"
    near: dict[int, str] = {}
    for one in facts.list("pods", obj["metadata"]["namespace"]):
        labels = one["metadata"].get("labels") or {}
        shared = sum(key in labels for key in selector)
        if shared:
            near[shared] = f"{one['metadata']['name']} has {selector_text(labels)}"
    if near:
        cause += f"; nearest is pod {near[max(near)]}"
    yield Finding(cause, "make selector and the pod template's labels the same")


def _ports(obj: Json, pods: list[Json]) -> Iterator[Finding]:
    containers = pods[0]["spec"].get("containers") or []
    known = [port for one in containers for port in one.get("ports") or []]
    for port in obj["spec"].get("ports") or []:
        target = port.get("targetPort", port["port"])
        if isinstance(target, str):
            if not any(one.get("name") == target for one in known):
                yield Finding(
                    f'its targetPort is named "{target}", and no container port has that name',
                    "name a containerPort so, or use the number",
                )
        elif known and not any(one.get("containerPort") == target for one in known):
            listed = ", ".join(str(one.get("containerPort")) for one in known)
            yield Finding(
                f"its targetPort is {target}, and the pods declare only {listed}",
                "correct targetPort if nothing listens there",
            )


def claim(obj: Json, facts: Facts) -> Iterator[Finding]:
    """A persistent volume claim."""
    spec, status = obj["spec"], obj.get("status") or {}
    yield from finalizers(obj, facts)
    if status.get("phase") == "Lost":
        yield Finding(
            f"its volume {spec.get('volumeName')} is gone", "its data is lost: make the claim anew"
        )
    if status.get("phase") != "Pending":
        return
    name = spec.get("storageClassName")
    if not name:
        yield Finding(
            "it names no StorageClass, and the cluster has no default one",
            "set storageClassName, or mark a StorageClass as the default",
        )
        return
    storage_class = facts.get("storageclasses", "", name)
    if storage_class is None:
        yield Finding(
            f'the StorageClass "{name}" does not exist', "create it, or name one that does"
        )
    elif storage_class.get("volumeBindingMode") == "WaitForFirstConsumer":
        yield Finding(
            "it waits for the first pod that uses it: its StorageClass binds only then",
            "start the pod; this is no error",
        )
    for one in facts.events(obj):
        if one.get("reason") in ("ProvisioningFailed", "FailedBinding") and storage_class:
            yield Finding(str(one.get("message", "")).strip(), "make a PersistentVolume that suits")
            return


def node(obj: Json, facts: Facts) -> Iterator[Finding]:
    """A node."""
    spec, name = obj["spec"], obj["metadata"]["name"]
    yield from finalizers(obj, facts)
    if spec.get("unschedulable"):
        yield Finding("it is cordoned: no new pods come", f"undo that: knarr uncordon {name}")
    ready = condition(obj, "Ready")
    if ready.get("status") == "Unknown":
        yield Finding(
            "its kubelet has not been heard of for a while",
            "check that the host is up, the kubelet runs and reaches the API server",
        )
    elif ready.get("status") != "True":
        yield Finding(f"it is not ready: {ready.get('message', '')}", "mend what the message says")
    for pressure in ("MemoryPressure", "DiskPressure", "PIDPressure"):
        if is_true(obj, pressure):
            yield Finding(
                f"{pressure}: {condition(obj, pressure).get('message', '')}",
                "free some; pods are evicted until there is enough",
            )
    for taint in spec.get("taints") or []:
        if not taint["key"].startswith("node.kubernetes.io/"):
            yield Finding(
                f"its taint {taint['key']}:{taint['effect']} keeps pods away",
                f"take it off: knarr taint nodes {name} {taint['key']}-",
            )
    yield from _guarded(obj, facts)


def _guarded(obj: Json, facts: Facts) -> Iterator[Finding]:
    """Which disruption budgets would stop a drain of a cordoned node."""
    if not obj["spec"].get("unschedulable"):
        return
    for budget in facts.list("poddisruptionbudgets"):
        if (budget.get("status") or {}).get("disruptionsAllowed", 0):
            continue
        pods = facts.selected(budget)
        here = [one for one in pods if one["spec"].get("nodeName") == obj["metadata"]["name"]]
        if here:
            yield Finding(
                f"the disruption budget {budget['metadata']['name']} forbids evicting pod "
                f"{here[0]['metadata']['name']}",
                "start more replicas elsewhere, or relax the budget",
            )


def budget(obj: Json, facts: Facts) -> Iterator[Finding]:
    """A pod disruption budget."""
    status, pods = obj.get("status") or {}, facts.selected(obj)
    if not pods:
        yield Finding("its selector finds no pods", "make it match the pods' labels")
    elif not status.get("disruptionsAllowed", 0):
        yield Finding(
            f"it allows no eviction: {status.get('currentHealthy', 0)} of "
            f"{status.get('expectedPods', 0)} pods are healthy, "
            f"{status.get('desiredHealthy', 0)} must stay",
            "start more replicas, mend those that are not ready, or relax the budget",
        )


def namespace(obj: Json, facts: Facts) -> Iterator[Finding]:
    """A namespace."""
    if not obj["metadata"].get("deletionTimestamp"):
        return
    told = False
    for one in (obj.get("status") or {}).get("conditions") or []:
        if one.get("status") == "True":
            told = True
            yield Finding(f"it cannot end: {one.get('message', '')}", "remove what is left in it")
    if not told:
        yield from finalizers(obj, facts)
        yield Finding("it is ending: what is in it goes first", "wait")


def ingress(obj: Json, facts: Facts) -> Iterator[Finding]:
    """An ingress."""
    space, spec = obj["metadata"]["namespace"], obj["spec"]
    class_name = spec.get("ingressClassName")
    if class_name and facts.get("ingressclasses", "", class_name) is None:
        yield Finding(
            f'the IngressClass "{class_name}" does not exist',
            "install the controller it belongs to, or name another class",
        )
    for rule in spec.get("rules") or []:
        for path in (rule.get("http") or {}).get("paths") or []:
            name = ((path.get("backend") or {}).get("service") or {}).get("name")
            if name and facts.get("services", space, name) is None:
                yield Finding(f'its service "{name}" does not exist', "create it, or correct it")
    for one in spec.get("tls") or []:
        secret = one.get("secretName")
        if secret and facts.get("secrets", space, secret) is None:
            yield Finding(f'its TLS secret "{secret}" does not exist', "create it")


def signing_request(obj: Json, facts: Facts) -> Iterator[Finding]:
    """A certificate signing request."""
    name = obj["metadata"]["name"]
    if is_true(obj, "Denied"):
        yield Finding("it was denied", "make another one that is to be approved")
    elif not is_true(obj, "Approved"):
        yield Finding("nobody has approved it", f"approve it: knarr certificate approve {name}")
    elif not (obj.get("status") or {}).get("certificate"):
        yield Finding("it is approved, and its signer has not signed", "check the signer's name")


def role_binding(obj: Json, facts: Facts) -> Iterator[Finding]:
    """A role binding: whether what it binds is there."""
    space, role = obj["metadata"].get("namespace", ""), obj["roleRef"]
    word = "roles" if role["kind"] == "Role" else "clusterroles"
    if facts.get(word, space if word == "roles" else "", role["name"]) is None:
        yield Finding(f"its {role['kind']} {role['name']} does not exist", "create the role")
    for one in obj.get("subjects") or []:
        if one["kind"] == "ServiceAccount":
            where = one.get("namespace") or space
            if facts.get("serviceaccounts", where, one["name"]) is None:
                yield Finding(
                    f"the service account {where}/{one['name']} does not exist", "create it"
                )
