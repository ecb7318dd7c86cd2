"""Admission policies over REST: what they refuse, change, warn of and note."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.component.apiserver.test_conformance import ADMISSION, MERGE, answer
from tests.component.apiserver.test_rest import MAPS, client, create

WORK = "/apis/apps/v1/namespaces/default/deployments"
LABELS = {"app": "web"}


def deployment(name: str, **spec: Any) -> dict[str, Any]:
    template = {
        "metadata": {"labels": LABELS},
        "spec": {"containers": [{"name": "c", "image": "example.org/web:1"}]},
    }
    spec = {"selector": {"matchLabels": LABELS}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def rules(group: str, resource: str) -> dict[str, Any]:
    """The constraints that match writes of a resource."""
    rule = {
        "apiGroups": [group],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": [resource],
    }
    return {"resourceRules": [rule]}


async def validating(
    session: aiohttp.ClientSession,
    spec: dict[str, Any],
    actions: Sequence[str] = ("Deny",),
    params: dict[str, Any] | None = None,
) -> None:
    """Make a validating policy and bind it."""
    path = f"{ADMISSION}/validatingadmissionpolicies"
    await create(session, path, {"metadata": {"name": "p.example.com"}, "spec": spec})
    binding: dict[str, Any] = {"policyName": "p.example.com", "validationActions": list(actions)}
    if params is not None:
        binding["paramRef"] = params
    body = {"metadata": {"name": "b"}, "spec": binding}
    await create(session, f"{path.removesuffix('ies')}ybindings", body)


async def mutating(session: aiohttp.ClientSession, **spec: Any) -> None:
    """Make a mutating policy of deployments and bind it."""
    path = f"{ADMISSION}/mutatingadmissionpolicies"
    whole = {
        "matchConstraints": rules("apps", "deployments"),
        "reinvocationPolicy": "Never",
        **spec,
    }
    await create(session, path, {"metadata": {"name": "m.example.com"}, "spec": whole})
    body = {"metadata": {"name": "b"}, "spec": {"policyName": "m.example.com"}}
    await create(session, f"{path.removesuffix('ies')}ybindings", body)


@pytest.mark.conformance(
    "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should validate "
    "against a Deployment",
    "[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should allow "
    "expressions to refer variables.",
)
async def test_a_policy_refuses_what_breaks_it(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        spec = {
            "matchConstraints": rules("apps", "deployments"),
            "variables": [
                {"name": "replicas", "expression": "object.spec.replicas"},
                {"name": "oddReplicas", "expression": "variables.replicas % 2 == 1"},
            ],
            "validations": [
                {"expression": "variables.replicas > 1"},
                {
                    "expression": "variables.oddReplicas",
                    "messageExpression": "'odd, not ' + string(variables.replicas)",
                    "reason": "Forbidden",
                },
            ],
        }
        await validating(session, spec)
        refused = await answer(session, "POST", WORK, json=deployment("a", replicas=1), code=422)
        assert refused["reason"] == "Invalid"
        assert refused["message"] == (
            "deployments.apps \"a\" is forbidden: ValidatingAdmissionPolicy 'p.example.com' with "
            "binding 'b' denied request: failed expression: variables.replicas > 1"
        )
        refused = await answer(session, "POST", WORK, json=deployment("a", replicas=2), code=403)
        assert refused["message"].endswith("denied request: odd, not 2")
        await create(session, WORK, deployment("a", replicas=3))
        scaled = {"spec": {"replicas": 4}}
        await answer(session, "PATCH", f"{WORK}/a", json=scaled, headers=MERGE, code=403)


@pytest.mark.conformance(
    "[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate a "
    "Deployment",
    "[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate a "
    "Deployment with annotations",
)
@pytest.mark.parametrize(
    "mutation",
    [
        pytest.param(
            {
                "patchType": "ApplyConfiguration",
                "applyConfiguration": {
                    "expression": "Object{metadata: Object.metadata{annotations: {'seen': "
                    "request.operation}}, spec: Object.spec{replicas: variables.wanted}}"
                },
            },
            id="a configuration",
        ),
        pytest.param(
            {
                "patchType": "JSONPatch",
                "jsonPatch": {
                    "expression": "[JSONPatch{op: 'add', path: '/metadata/annotations', value: "
                    "{'seen': request.operation}}, JSONPatch{op: 'replace', path: "
                    "'/spec/replicas', value: variables.wanted}]"
                },
            },
            id="a patch",
        ),
    ],
)
async def test_a_policy_changes_what_is_stored(tmp_path: Path, mutation: dict[str, Any]) -> None:
    async with client(tmp_path) as session:
        wanted = {"name": "wanted", "expression": "object.spec.replicas + 4"}
        await mutating(session, variables=[wanted], mutations=[mutation])
        made = await create(session, WORK, deployment("a", replicas=1))
        assert made["spec"]["replicas"] == 5
        assert made["metadata"]["annotations"]["seen"] == "CREATE"


@pytest.mark.parametrize(
    ("expression", "is_allowed"),
    [
        ("authorizer.group('').resource('secrets').check('get').allowed()", True),
        (
            "authorizer.group('').resource('secrets').namespace('default').name('s')"
            ".check('delete').allowed()",
            False,
        ),
        ("authorizer.group('').resource('pods').subresource('exec').check('get').allowed()", False),
        ("authorizer.path('/healthz').check('get').allowed()", True),
        ("authorizer.requestResource.check('create').allowed()", True),
        ("authorizer.requestResource.check('patch').allowed()", False),
        (
            "authorizer.serviceAccount('default', 'x').group('').resource('secrets').check('get')"
            ".allowed()",
            False,
        ),
        (
            "authorizer.group('').resource('secrets').check('get').errored() == false && "
            "authorizer.group('').resource('secrets').check('get').error() == ''",
            True,
        ),
    ],
)
async def test_expressions_ask_what_the_user_may(
    tmp_path: Path, expression: str, is_allowed: object
) -> None:
    async with client(tmp_path) as session:
        rbac = "/apis/rbac.authorization.k8s.io/v1"
        granted = [
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"]},
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]},
        ]
        body = {"metadata": {"name": "r"}, "rules": granted}
        await create(session, f"{rbac}/clusterroles", body)
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"}
        subject = {"kind": "User", "name": "jane", "apiGroup": ref["apiGroup"]}
        bound = {"metadata": {"name": "b"}, "roleRef": ref, "subjects": [subject]}
        await create(session, f"{rbac}/clusterrolebindings", bound)
        spec = {
            "matchConstraints": rules("", "configmaps"),
            "validations": [{"expression": expression, "message": "policy says no"}],
        }
        await validating(session, spec)
        jane = {"Authorization": "Bearer jane"}
        said = await _once_let_in(session, jane)
        assert ("policy says no" not in said) == is_allowed, said
        assert "resulted in error" not in said


async def _once_let_in(session: aiohttp.ClientSession, headers: dict[str, str]) -> str:
    """What a create answers once new roles are known."""
    async with asyncio.timeout(5):
        while True:
            body = {"metadata": {"name": "a"}}
            async with session.post(f"{MAPS}?dryRun=All", json=body, headers=headers) as found:
                said = await found.text()
                if "cannot create resource" not in said:
                    return said


async def test_what_a_policy_finds_is_noted(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    async with client(tmp_path, audit_log_path=str(log)) as session:
        spec = {
            "matchConstraints": rules("", "configmaps"),
            "validations": [{"expression": "has(object.data)", "message": "no data"}],
            "auditAnnotations": [{"key": "name", "valueExpression": "'map ' + request.name"}],
        }
        await validating(session, spec, ("Warn", "Audit"))
        async with session.post(MAPS, json={"metadata": {"name": "a"}}) as found:
            assert found.status == 201
            assert "no data" in found.headers["Warning"]
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (noted,) = [one["annotations"] for one in lines if one["requestURI"] == MAPS]
    assert noted["authorization.k8s.io/decision"] == "allow"
    assert noted["p.example.com/name"] == "map a"
    (failure,) = json.loads(noted["validation.policy.admission.k8s.io/validation_failure"])
    assert failure == {
        "message": "no data",
        "policy": "p.example.com",
        "binding": "b",
        "expressionIndex": "0",
        "validationActions": ["Warn", "Audit"],
    }


async def test_parameters_are_objects(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        spec = {
            "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
            "matchConstraints": rules("apps", "deployments"),
            "validations": [{"expression": "object.spec.replicas <= int(params.data.most)"}],
        }
        params = {"name": "limits", "namespace": "default", "parameterNotFoundAction": "Deny"}
        await validating(session, spec, params=params)
        refused = await answer(session, "POST", WORK, json=deployment("a"), code=422)
        assert "no params found for policy binding" in refused["message"]
        await create(session, MAPS, {"metadata": {"name": "limits"}, "data": {"most": "2"}})
        await create(session, WORK, deployment("a", replicas=2))
        await answer(session, "POST", WORK, json=deployment("b", replicas=3), code=422)
