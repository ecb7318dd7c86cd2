"""What Kubernetes' conformance tests ask of an API server, over REST."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.component.apiserver.requests import signing_request
from tests.component.apiserver.test_rest import (
    MAPS,
    TABLE,
    client,
    create,
    served_with_registry,
)

MERGE = {"Content-Type": "application/merge-patch+json"}
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
FLOW = "/apis/flowcontrol.apiserver.k8s.io/v1"
RULES: dict[str, Any] = {
    "resourceRules": [
        {"apiGroups": ["x"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["y"]}
    ]
}
LEVEL = {
    "type": "Limited",
    "limited": {"nominalConcurrencyShares": 1, "limitResponse": {"type": "Reject"}},
}
POLICY = {
    "matchConstraints": RULES,
    "validations": [{"expression": "true"}],
    "failurePolicy": "Ignore",
}
MUTATION = {
    "matchConstraints": RULES,
    "reinvocationPolicy": "Never",
    "failurePolicy": "Ignore",
    "mutations": [
        {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{}"}}
    ],
}


async def answer(
    session: aiohttp.ClientSession, method: str, path: str, *, code: int = 200, **more: Any
) -> Any:
    async with session.request(method, path, **more) as found:
        body = await found.json()
        assert found.status == code, body
        return body


async def events(session: aiohttp.ClientSession, path: str, count: int) -> list[tuple[str, str]]:
    async with session.get(path) as watch:
        lines = [json.loads(await watch.content.readline()) for _ in range(count)]
    return [(one["type"], one["object"]["metadata"]["name"]) for one in lines]


@pytest.mark.conformance(
    "[sig-api-machinery] API priority and fairness should support FlowSchema API operations",
    "[sig-api-machinery] API priority and fairness should support PriorityLevelConfiguration "
    "API operations",
    "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support "
    "ValidatingAdmissionPolicy API operations",
    "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support "
    "ValidatingAdmissionPolicyBinding API operations",
    "[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support "
    "MutatingAdmissionPolicy API operations",
    "[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support "
    "MutatingAdmissionPolicyBinding API operations",
)
@pytest.mark.parametrize(
    ("path", "spec"),
    [
        (f"{FLOW}/prioritylevelconfigurations", LEVEL),
        (f"{FLOW}/flowschemas", {"priorityLevelConfiguration": {"name": "global-default"}}),
        (f"{ADMISSION}/validatingadmissionpolicies", POLICY),
        (
            f"{ADMISSION}/validatingadmissionpolicybindings",
            {"policyName": "a", "validationActions": ["Deny"]},
        ),
        (f"{ADMISSION}/mutatingadmissionpolicies", MUTATION),
        (f"{ADMISSION}/mutatingadmissionpolicybindings", {"policyName": "a"}),
    ],
)
async def test_a_kind_has_all_operations(tmp_path: Path, path: str, spec: Any) -> None:
    group, _, plural = path.rpartition("/")
    async with client(tmp_path) as session:
        listed = await answer(session, "GET", group)
        verbs = next(one["verbs"] for one in listed["resources"] if one["name"] == plural)
        assert {"create", "delete", "deletecollection", "get", "list", "patch"} <= set(verbs)
        for name in ("a", "b", "c"):
            await create(
                session, path, {"metadata": {"name": name, "labels": {"t": "x"}}, "spec": spec}
            )
        mine = f"{path}?labelSelector=t=x"
        found = await answer(session, "GET", mine)
        assert [one["metadata"]["name"] for one in found["items"]] == ["a", "b", "c"]
        start = found["metadata"]["resourceVersion"]
        patch = {"metadata": {"annotations": {"patched": "true"}}}
        await answer(session, "PATCH", f"{path}/a", json=patch, headers=MERGE)
        body = await answer(session, "GET", f"{path}/a")
        assert body["metadata"]["annotations"]["patched"] == "true"
        body["metadata"]["annotations"]["updated"] = "true"
        await answer(session, "PUT", f"{path}/a", json=body)
        await answer(session, "DELETE", f"{path}/a")
        watched = await events(session, f"{mine}&watch=1&resourceVersion={start}", 3)
        assert watched == [("MODIFIED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
        await answer(session, "DELETE", mine)
        assert (await answer(session, "GET", mine))["items"] == []


@pytest.mark.conformance(
    "[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup",
    "[sig-api-machinery] Discovery should locate the groupVersion and a resource within each "
    "APIGroup",
    "[sig-api-machinery] server version should find the server version",
)
async def test_groups_are_found(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        groups = (await answer(session, "GET", "/apis"))["groups"]
        assert groups
        for group in groups:
            assert group["preferredVersion"] in group["versions"]
            for version in group["versions"]:
                found = await answer(session, "GET", f"/apis/{version['groupVersion']}")
                assert found["groupVersion"] == version["groupVersion"]
                assert found["resources"]
        assert int((await answer(session, "GET", "/version"))["major"]) == 1


@pytest.mark.conformance(
    "[sig-api-machinery] Servers with support for API chunking should return chunks of results "
    "for list calls",
    "[sig-api-machinery] Servers with support for Table transformation should return a 406 for a "
    "backend which does not implement metadata",
)
async def test_lists_come_in_chunks_and_reviews_not_as_tables(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        for number in range(40):
            await create(session, MAPS, {"metadata": {"name": f"m{number:02}"}})
        seen: list[str] = []
        token, revision = "", ""
        while True:
            page = await answer(session, "GET", f"{MAPS}?limit=17&continue={token}")
            seen += [one["metadata"]["name"] for one in page["items"]]
            assert revision in ("", page["metadata"]["resourceVersion"])
            revision, token = page["metadata"]["resourceVersion"], page["metadata"].get("continue")
            if not token:
                break
            left = page["metadata"]["remainingItemCount"]
            assert left == 40 - len(seen)
        assert seen == [f"m{number:02}" for number in range(40)]
        review = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        await answer(session, "POST", path, json=review, headers=TABLE, code=406)


@pytest.mark.conformance(
    "[sig-api-machinery] Watchers should be able to start watching from a specific resource "
    "version",
    "[sig-api-machinery] Watchers should be able to restart watching from the last resource "
    "version observed by the previous watch",
    "[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on "
    "configmaps",
    "[sig-api-machinery] Watchers should observe an object deletion if it stops meeting the "
    "requirements of the selector",
    "[sig-api-machinery] Watchers should receive events on concurrent watches in same order",
)
async def test_watches(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        labels = {"labels": {"w": "a"}}
        made = await create(session, MAPS, {"metadata": {"name": "a", **labels}})
        revision = made["metadata"]["resourceVersion"]
        change = {"data": {"x": "1"}}
        second = await answer(session, "PATCH", f"{MAPS}/a", json=change, headers=MERGE)
        leaves = {"metadata": {"labels": {"w": "b"}}}
        await answer(session, "PATCH", f"{MAPS}/a", json=leaves, headers=MERGE)
        await answer(session, "DELETE", f"{MAPS}/a")
        everything = f"{MAPS}?watch=1&resourceVersion={revision}"
        told = [("MODIFIED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
        assert await events(session, everything, 3) == told
        assert await events(session, everything, 3) == told
        selected = f"{everything}&labelSelector=w=a"
        assert await events(session, selected, 2) == [("MODIFIED", "a"), ("DELETED", "a")]
        later = second["metadata"]["resourceVersion"]
        assert await events(session, f"{MAPS}?watch=1&resourceVersion={later}", 2) == told[1:]


@pytest.mark.conformance(
    "[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed "
    "object",
    "[sig-api-machinery] FieldValidation should detect unknown metadata fields of a typed object",
)
async def test_fields_are_validated(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        path = "/apis/apps/v1/namespaces/default/deployments?fieldValidation=Strict"
        body = (
            '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","odd":1},"spec":'
            '{"replicas":1,"replicas":2,"unknown":1,"selector":{"matchLabels":{"a":"b"}},"template":'
            '{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}'
        )
        as_json = {"Content-Type": "application/json"}
        refused = await answer(session, "POST", path, data=body, headers=as_json, code=400)
        for word in ('"metadata.odd"', '"spec.unknown"', 'duplicate field "spec.replicas"'):
            assert word in refused["message"]


@pytest.mark.conformance(
    "[sig-api-machinery] Namespaces [Serial] should apply a finalizer to a Namespace",
    "[sig-api-machinery] Namespaces [Serial] should apply an update to a Namespace",
    "[sig-api-machinery] Namespaces [Serial] should apply changes to a namespace status",
    "[sig-api-machinery] Namespaces [Serial] should patch a Namespace",
    "[sig-api-machinery] ResourceQuota should apply changes to a resourcequota status",
)
async def test_namespaces_and_quotas_are_changed(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        await create(session, "/api/v1/namespaces", {"metadata": {"name": "n"}})
        path = "/api/v1/namespaces/n"
        label = {"metadata": {"labels": {"l": "1"}}}
        found = await answer(session, "PATCH", path, json=label, headers=MERGE)
        assert found["metadata"]["labels"]["l"] == "1"
        found["metadata"]["labels"]["m"] = "2"
        found = await answer(session, "PUT", path, json=found)
        assert found["metadata"]["labels"]["m"] == "2"
        found["spec"]["finalizers"].append("example.org/mine")
        found = await answer(session, "PUT", f"{path}/finalize", json=found)
        assert "example.org/mine" in found["spec"]["finalizers"]
        condition = {"type": "Mine", "status": "True", "reason": "R", "message": "m"}
        status = {"status": {"conditions": [condition]}}
        found = await answer(session, "PATCH", f"{path}/status", json=status, headers=MERGE)
        assert found["status"]["conditions"][0]["type"] == "Mine"
        quotas = "/api/v1/namespaces/default/resourcequotas"
        await create(session, quotas, {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}})
        used = {"status": {"hard": {"pods": "1"}, "used": {"pods": "0"}}}
        found = await answer(session, "PATCH", f"{quotas}/q/status", json=used, headers=MERGE)
        assert found["status"]["used"] == {"pods": "0"}


@pytest.mark.conformance(
    "[sig-instrumentation] Events should manage the lifecycle of an event",
    "[sig-instrumentation] Events should delete a collection of events",
    "[sig-instrumentation] Events API should delete a collection of events",
    "[sig-instrumentation] Events API should ensure that an event can be fetched, patched, "
    "deleted, and listed",
)
@pytest.mark.parametrize(
    "base",
    ["/api/v1/namespaces/default/events", "/apis/events.k8s.io/v1/namespaces/default/events"],
)
async def test_events_live(tmp_path: Path, base: str) -> None:
    reference = {"kind": "Pod", "namespace": "default", "name": "p"}
    body = {
        "reason": "R",
        "type": "Normal",
        "action": "Do",
        "reportingController": "example.org/c",
        "reportingInstance": "i",
        "eventTime": "2024-01-02T03:04:05.000000Z",
    }
    about = "involvedObject" if "/api/v1" in base else "regarding"
    async with client(tmp_path) as session:
        for name in ("a", "b"):
            meta = {"name": name, "namespace": "default", "labels": {"t": "x"}}
            reporter = {"reportingComponent": "example.org/c"} if "/api/v1" in base else {}
            await create(session, base, {**body, **reporter, "metadata": meta, about: reference})
        patched = await answer(
            session, "PATCH", f"{base}/a", json={"metadata": {"labels": {"u": "y"}}}, headers=MERGE
        )
        assert patched["metadata"]["labels"] == {"t": "x", "u": "y"}
        everywhere = base.replace("/namespaces/default", "")
        assert len((await answer(session, "GET", f"{everywhere}?labelSelector=t"))["items"]) == 2
        await answer(session, "DELETE", f"{base}/a")
        await answer(session, "DELETE", f"{base}?labelSelector=t")
        assert (await answer(session, "GET", base))["items"] == []


@pytest.mark.conformance(
    "[sig-auth] ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of "
    "service account issuer",
    "[sig-auth] ServiceAccounts should create a serviceAccountToken and ensure a successful "
    "TokenReview",
    "[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount",
    "[sig-auth] ServiceAccounts should update a ServiceAccount",
    "[sig-auth] SubjectReview should support SubjectReview API operations",
)
async def test_accounts_and_their_tokens(tmp_path: Path) -> None:
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    async with client(tmp_path) as session:
        await create(session, accounts, {"metadata": {"name": "s"}})
        off = {"automountServiceAccountToken": False}
        found = await answer(session, "PATCH", f"{accounts}/s", json=off, headers=MERGE)
        assert found["automountServiceAccountToken"] is False
        made = await create(session, f"{accounts}/s/token", {"spec": {}})
        token = made["status"]["token"]
        review = await create(
            session, "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token}}
        )
        assert review["status"]["user"]["username"] == "system:serviceaccount:default:s"
        user = {"user": "jane", "resourceAttributes": {"verb": "get", "resource": "pods"}}
        base = "/apis/authorization.k8s.io/v1"
        asked = await create(session, f"{base}/subjectaccessreviews", {"spec": user})
        assert asked["status"]["allowed"] is False
        user["resourceAttributes"] |= {"namespace": "default"}  # type: ignore[operator]
        local = f"{base}/namespaces/default/localsubjectaccessreviews"
        asked = await create(session, local, {"spec": user, "metadata": {"namespace": "default"}})
        assert asked["status"]["allowed"] is False
        known = await answer(session, "GET", "/.well-known/openid-configuration")
        keys = await answer(session, "GET", "/openid/v1/jwks")
        assert known["issuer"] == "https://kubernetes.default.svc"
        assert keys["keys"]
        await answer(session, "DELETE", f"{accounts}/s")
        await answer(session, "GET", f"{accounts}/s", code=404)


@pytest.mark.conformance(
    "[sig-api-machinery] Servers with support for API chunking should support continue listing "
    "from the last key if the original version has been compacted away, though the list is "
    "inconsistent [Slow]"
)
async def test_a_list_goes_on_after_its_version_is_compacted(tmp_path: Path) -> None:
    async with served_with_registry(tmp_path) as (session, registry):
        for number in range(40):
            await create(session, MAPS, {"metadata": {"name": f"m{number:02}"}})
        first = await answer(session, "GET", f"{MAPS}?limit=15")
        token = first["metadata"]["continue"]
        assert first["metadata"]["remainingItemCount"] == 25
        newest = await create(session, MAPS, {"metadata": {"name": "m99"}})
        revision = int(newest["metadata"]["resourceVersion"])
        await registry.core.store.compact(revision)
        registry.forget(revision)
        refused = await answer(session, "GET", f"{MAPS}?limit=15&continue={token}", code=410)
        assert refused["reason"] == "Expired"
        token = refused["metadata"]["continue"]
        second = await answer(session, "GET", f"{MAPS}?limit=15&continue={token}")
        assert [one["metadata"]["name"] for one in second["items"]][:2] == ["m15", "m16"]
        assert second["metadata"]["remainingItemCount"] == 11
        assert second["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]
        rest = await answer(
            session, "GET", f"{MAPS}?limit=15&continue={second['metadata']['continue']}"
        )
        assert [one["metadata"]["name"] for one in rest["items"]][-1] == "m99"
        assert rest["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]


@pytest.mark.conformance(
    "[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations"
)
async def test_requests_for_certificates_have_all_operations(tmp_path: Path) -> None:
    group = "/apis/certificates.k8s.io/v1"
    path = f"{group}/certificatesigningrequests"
    async with client(tmp_path) as session:
        listed = await answer(session, "GET", group)
        verbs = {one["name"]: set(one["verbs"]) for one in listed["resources"]}
        for part in ("approval", "status"):
            wanted = {"get", "patch", "update"}
            assert verbs[f"certificatesigningrequests/{part}"] == wanted
        for name in ("a", "b"):
            body = signing_request(group="crew", signer="example.com/one")
            body["metadata"] = {"name": name, "labels": {"t": "x"}}
            await create(session, path, body)
        start = (await answer(session, "GET", f"{path}?labelSelector=t=x"))["metadata"]
        note = {"metadata": {"annotations": {"patched": "yes"}}}
        found = await answer(session, "PATCH", f"{path}/a", json=note, headers=MERGE)
        found["metadata"]["annotations"]["updated"] = "yes"
        found = await answer(session, "PUT", f"{path}/a", json=found)
        assert found["metadata"]["annotations"] == {"patched": "yes", "updated": "yes"}
        for part, kind in (("approval", "Approved"), ("status", "Failed")):
            where = f"{path}/a/{part}"
            condition = {"type": kind, "status": "True", "reason": "R", "message": "m"}
            conditions = [*found.get("status", {}).get("conditions", ()), condition]
            change = {"status": {"conditions": conditions}}
            found = await answer(session, "PATCH", where, json=change, headers=MERGE)
            assert found["status"]["conditions"][-1]["type"] == kind
            found = await answer(session, "PUT", where, json=found)
            assert (await answer(session, "GET", where))["status"] == found["status"]
        await answer(session, "DELETE", f"{path}/a")
        await answer(session, "DELETE", f"{path}?labelSelector=t=x")
        assert (await answer(session, "GET", f"{path}?labelSelector=t=x"))["items"] == []
        since = f"watch=1&resourceVersion={start['resourceVersion']}"
        told = await events(session, f"{path}?{since}&fieldSelector=metadata.name=b", 1)
        assert told == [("DELETED", "b")]
