"""What kubelets, signers and those who review may, beyond the rules."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from apiserver.admission.plugins import admission_plugins
from knarr.daemon.settings import SettingsError
from tests.component.apiserver.requests import signing_request
from tests.component.apiserver.test_conformance import MERGE, answer
from tests.component.apiserver.test_rest import PODS, client, create

NODES = "/api/v1/nodes"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
REVIEWS = "/apis/authorization.k8s.io/v1"
KUBELET = {"Impersonate-User": "system:node:n", "Impersonate-Group": "system:nodes"}


async def prepared(session: aiohttp.ClientSession) -> dict[str, Any]:
    """Nodes n and other, a pod on each, an account; what the pod on n is."""
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    await create(session, accounts, {"metadata": {"name": "default"}})
    for node in ("n", "other"):
        await create(session, NODES, {"metadata": {"name": node}})
        spec = {"nodeName": node, "containers": [{"name": "c", "image": "x"}]}
        await create(session, PODS, {"metadata": {"name": f"on-{node}"}, "spec": spec})
    found: dict[str, Any] = await answer(session, "GET", f"{PODS}/on-n")
    return found


def label(name: str) -> dict[str, Any]:
    return {"metadata": {"labels": {name: "x"}}}


TAINT = {"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}}
RUNNING = {"status": {"phase": "Running"}}
POD: dict[str, Any] = {
    "metadata": {"name": "new"},
    "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "x"}]},
}
MIRROR = {
    "metadata": {"name": "new", "annotations": {"kubernetes.io/config.mirror": "x"}},
    "spec": POD["spec"],
}
TOKENS = "/api/v1/namespaces/default/serviceaccounts/default/token"


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("PATCH", f"{NODES}/n/status", RUNNING, ""),
        ("PATCH", f"{NODES}/n", label("example.com/mine"), ""),
        ("PATCH", f"{NODES}/n", label("kubernetes.io/os"), ""),
        (
            "PATCH",
            f"{NODES}/n",
            label("node-restriction.kubernetes.io/a"),
            "is not allowed to modify labels: node-restriction.kubernetes.io/a",
        ),
        ("PATCH", f"{NODES}/n", label("app.kubernetes.io/a"), "is not allowed to modify labels"),
        ("PATCH", f"{NODES}/n", TAINT, "is not allowed to modify taints"),
        (
            "PATCH",
            f"{NODES}/other",
            label("a"),
            'node "n" is not allowed to modify node "other"',
        ),
        (
            "POST",
            NODES,
            {"metadata": {"name": "third"}},
            'node "n" is not allowed to modify node "third"',
        ),
        ("PATCH", f"{PODS}/on-n/status", RUNNING, ""),
        (
            "PATCH",
            f"{PODS}/on-other/status",
            RUNNING,
            "can only update pod status for pods with spec.nodeName set to itself",
        ),
        ("DELETE", f"{PODS}/on-n", None, ""),
        ("DELETE", f"{PODS}/on-other", None, "can only delete pods with spec.nodeName"),
        ("POST", PODS, POD, "can only create mirror pods"),
        ("POST", PODS, MIRROR, "with an owner reference set to itself"),
        ("POST", f"{LEASES}", {"metadata": {"name": "n"}}, ""),
        ("POST", f"{LEASES}", {"metadata": {"name": "other"}}, "can only access node lease"),
        ("POST", TOKENS, {"spec": {}}, "node requested token not bound to a pod"),
    ],
)
async def test_a_kubelet_is_kept_to_its_node(
    tmp_path: Path, method: str, path: str, body: Any, told: str
) -> None:
    async with client(tmp_path, enable_admission_plugins=("NodeRestriction",)) as session:
        await prepared(session)
        headers = KUBELET | (MERGE if method == "PATCH" else {})
        async with session.request(method, path, json=body, headers=headers) as found:
            said = await found.text()
            assert (found.status == 403) == bool(told), said
            assert told in said.replace('\\"', '"')


async def test_a_kubelet_gets_tokens_of_its_pods_only(tmp_path: Path) -> None:
    async with client(tmp_path, enable_admission_plugins=("NodeRestriction",)) as session:
        pod = await prepared(session)
        uid = pod["metadata"]["uid"]
        ref = {"apiVersion": "v1", "kind": "Pod", "name": "on-n", "uid": uid}
        spec: dict[str, Any] = {"boundObjectRef": ref}
        made = await answer(session, "POST", TOKENS, json={"spec": spec}, headers=KUBELET, code=201)
        assert made["status"]["token"]
        spec["audiences"] = ["vault"]
        found = await answer(
            session, "POST", TOKENS, json={"spec": spec}, headers=KUBELET, code=403
        )
        assert 'audience "vault" not found in pod spec volume' in found["message"]
        elsewhere = await answer(session, "GET", f"{PODS}/on-other")
        ref |= {"name": "on-other", "uid": elsewhere["metadata"]["uid"]}
        found = await answer(
            session,
            "POST",
            TOKENS,
            json={"spec": {"boundObjectRef": ref}},
            headers=KUBELET,
            code=403,
        )
        assert "bound to a pod scheduled on a different node" in found["message"]


async def granted(session: aiohttp.ClientSession, name: str, *rules: dict[str, Any]) -> None:
    """Let jane do what the rules say."""
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    await create(session, f"{rbac}/clusterroles", {"metadata": {"name": name}, "rules": rules})
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    subject = {"kind": "User", "name": "jane", "apiGroup": ref["apiGroup"]}
    body = {"metadata": {"name": name}, "roleRef": ref, "subjects": [subject]}
    await create(session, f"{rbac}/clusterrolebindings", body)


async def test_approving_and_signing_are_granted_by_signer(tmp_path: Path) -> None:
    signer = "example.com/one"
    jane = {"Impersonate-User": "jane"}
    group = "certificates.k8s.io"
    async with client(tmp_path, enable_admission_plugins=("NodeRestriction",)) as session:
        rule = {
            "apiGroups": [group],
            "resources": [f"certificatesigningrequests/{part}" for part in ("approval", "status")],
            "verbs": ["update", "patch"],
        }
        await granted(session, "writes", rule)
        made = await create(session, REQUESTS, signing_request(group="crew", signer=signer))
        condition = {"type": "Approved", "status": "True", "reason": "R", "message": "m"}
        made["status"] = {"conditions": [condition]}
        for part, verb, done in (("approval", "approve", "approve"), ("status", "sign", "sign")):
            path = f"{REQUESTS}/r/{part}"
            if part == "status":
                failed = {"type": "Failed", "status": "True", "reason": "R", "message": "m"}
                made["status"]["conditions"].append(failed)
            told = f'not permitted to {done} requests with signerName "{signer}"'
            await says(session, path, made, jane, (403, told))
            rule = {"apiGroups": [group], "resources": ["signers"], "verbs": [verb]}
            await granted(session, verb, rule | {"resourceNames": ["example.com/*"]})
            kept = "Approved" if part == "approval" else "Failed"
            made = json.loads(await says(session, path, made, jane, (200, kept)))


async def says(
    session: aiohttp.ClientSession,
    path: str,
    body: Any,
    headers: dict[str, str],
    wanted: tuple[int, str],
) -> str:
    """What a PUT answers, once rules that were just made are known."""
    code, told = wanted
    for _ in range(200):
        async with session.put(path, json=body, headers=headers) as found:
            text = await found.text()
            if found.status == code and told in text.replace('\\"', '"'):
                return text
    raise AssertionError(text)


async def test_nobody_asks_for_a_master_key(tmp_path: Path) -> None:
    async with client(tmp_path, enable_admission_plugins=("NodeRestriction",)) as session:
        body = signing_request(group="system:masters", signer="kubernetes.io/kube-apiserver-client")
        found = await answer(session, "POST", REQUESTS, json=body, code=403)
        assert "with system:masters group is not allowed" in found["message"]


@pytest.mark.parametrize(
    ("plural", "told"),
    [
        ("selfsubjectaccessreviews", "must be empty"),
        ("subjectaccessreviews", "must be empty"),
        ("namespaces/default/localsubjectaccessreviews", "must be empty except for namespace"),
    ],
)
async def test_reviews_are_nothing_that_is_stored(tmp_path: Path, plural: str, told: str) -> None:
    async with client(tmp_path, enable_admission_plugins=("NodeRestriction",)) as session:
        asked: dict[str, Any] = {"verb": "get", "resource": "pods", "namespace": "default"}
        spec: dict[str, Any] = {"resourceAttributes": asked}
        if not plural.startswith("self"):
            spec["user"] = "jane"
        body = {"metadata": {"name": "a"}, "spec": spec}
        found = await answer(session, "POST", f"{REVIEWS}/{plural}", json=body, code=422)
        assert found["details"]["causes"][0]["field"] == "metadata"
        assert told in found["message"]


def test_an_unknown_admission_plugin_is_one_clear_line() -> None:
    with pytest.raises(SettingsError, match="no admission plugin Nonsense; there are Namespace"):
        admission_plugins(tokens=True, toleration_s=300, enable=["Nonsense"])


async def test_a_plugin_that_is_disabled_is_not_asked(tmp_path: Path) -> None:
    async with client(tmp_path, disable_admission_plugins=("ServiceAccount",)) as session:
        pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        made = await create(session, PODS, pod)
    assert "serviceAccountName" not in made["spec"]
