"""Custom resources, webhooks and policies, asked over TLS as users do."""

import base64
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from apiserver.server import Options, serve
from knarr.daemon.certificates import Authority, Wanted
from knarr.daemon.clock import SystemClock

MAPS = "/api/v1/namespaces/default/configmaps"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
BOATS = "/apis/sea.example.com/v1/namespaces/default/boats"

Answer = Callable[[dict[str, Any]], dict[str, Any]]


@asynccontextmanager
async def client(folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that is system:masters, of a server of its own."""
    tokens = folder / "tokens.csv"
    tokens.write_text('secret,admin,admin,"system:masters"\n')
    options = Options(secure_port=0, grpc_port=-1, token_auth_file=str(tokens))
    async with serve(options) as server:
        base = f"https://127.0.0.1:{server.address[1]}"
        headers = {"Authorization": "Bearer secret"}
        connector = aiohttp.TCPConnector(ssl=False)
        async with aiohttp.ClientSession(base, headers=headers, connector=connector) as session:
            yield session


@asynccontextmanager
async def webhook(folder: Path, answer: Answer) -> AsyncIterator[tuple[str, str]]:
    """A webhook that answers reviews; its URL and the authority of its certificate."""
    authority = Authority.at(folder / "ca", SystemClock())
    pair = authority.ensure(folder / "webhook", Wanted("webhook", hosts=("127.0.0.1",)))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)

    async def handle(request: web.Request) -> web.Response:
        review = await request.json()
        asked = review["request"]
        response = {"uid": asked["uid"], "allowed": True, **answer(asked)}
        return web.json_response({**review, "request": None, "response": response})

    app = web.Application()
    app.router.add_post("/review", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"https://127.0.0.1:{port}/review", base64.b64encode(authority.pem).decode()
    finally:
        await runner.cleanup()


def configuration(kind: str, url: str, bundle: str, **more: Any) -> dict[str, Any]:
    """A webhook configuration about ConfigMaps."""
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["configmaps"],
    }
    hook = {
        "name": "maps.example.com",
        "clientConfig": {"url": url, "caBundle": bundle},
        "rules": [rule],
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "matchConditions": [
            {"name": "mine", "expression": "!object.metadata.name.startsWith('kube-')"}
        ],
        **more,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "maps"},
        "webhooks": [hook],
    }


async def made(session: aiohttp.ClientSession, path: str, body: Any) -> dict[str, Any]:
    """What a POST answers."""
    async with session.post(path, json=body) as answer:
        found: dict[str, Any] = await answer.json()
        return found


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def definition(schema: dict[str, Any], **version: Any) -> dict[str, Any]:
    """A definition of boats."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "boats.sea.example.com"},
        "spec": {
            "group": "sea.example.com",
            "scope": "Namespaced",
            "names": {"plural": "boats", "kind": "Boat", "shortNames": ["bt"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    **version,
                }
            ],
        },
    }


def boat(called: str, **spec: Any) -> dict[str, Any]:
    meta = {"name": called}
    return {"apiVersion": "sea.example.com/v1", "kind": "Boat", "metadata": meta, "spec": spec}


async def established(session: aiohttp.ClientSession) -> None:
    """Wait until boats are served."""
    query = {"watch": "true", "timeoutSeconds": "10"}
    async with session.get(DEFINITIONS, params=query) as events:
        async for line in events.content:
            conditions = json.loads(line)["object"]["status"].get("conditions") or ()
            if any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
                return
    raise AssertionError("the definition was never established")


async def test_a_mutating_webhook_changes_what_is_stored_and_warns(tmp_path: Path) -> None:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        patch = [{"op": "add", "path": "/data/seen", "value": asked["userInfo"]["username"]}]
        text = base64.b64encode(json.dumps(patch).encode()).decode()
        return {"patchType": "JSONPatch", "patch": text, "warnings": ["seen"]}

    async with client(tmp_path) as session, webhook(tmp_path, answer) as (url, bundle):
        body = configuration("MutatingWebhookConfiguration", url, bundle)
        await made(session, f"{ADMISSION}/mutatingwebhookconfigurations", body)
        async with session.post(MAPS, json=config_map("a", x="y")) as answer_:
            found = await answer_.json()
            assert answer_.headers["Warning"] == '299 - "seen"'
        assert found["data"] == {"x": "y", "seen": "admin"}
        other = await made(session, MAPS, config_map("kube-b", x="y"))
        assert other["data"] == {"x": "y"}


async def test_a_validating_webhook_refuses_in_its_own_words(tmp_path: Path) -> None:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        return {"allowed": "bad" not in asked["object"]["data"], "status": {"message": "no bad"}}

    async with client(tmp_path) as session, webhook(tmp_path, answer) as (url, bundle):
        body = configuration("ValidatingWebhookConfiguration", url, bundle)
        await made(session, f"{ADMISSION}/validatingwebhookconfigurations", body)
        refused = await made(session, MAPS, config_map("a", bad="1"))
        assert refused["code"] == 400
        assert refused["message"] == (
            'admission webhook "maps.example.com" denied the request: no bad'
        )
        assert (await made(session, MAPS, config_map("a", good="1")))["data"] == {"good": "1"}


@pytest.mark.parametrize(("policy", "code"), [("Fail", 500), ("Ignore", 0)])
async def test_a_webhook_that_is_not_there_counts_as_its_policy_says(
    tmp_path: Path, policy: str, code: int
) -> None:
    async with client(tmp_path) as session:
        body = configuration(
            "ValidatingWebhookConfiguration", "https://127.0.0.1:1/x", "", failurePolicy=policy
        )
        body["webhooks"][0]["clientConfig"].pop("caBundle")
        await made(session, f"{ADMISSION}/validatingwebhookconfigurations", body)
        answer = await made(session, MAPS, config_map("a", x="y"))
        assert answer.get("code", 0) == code
        if code:
            assert answer["message"].startswith(
                'Internal error occurred: failed calling webhook "maps.example.com": failed to '
                'call webhook: Post "https://127.0.0.1:1/x?timeout=10s": '
            )


def policy(kind: str, **spec: Any) -> dict[str, Any]:
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["configmaps"],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "maps"},
        "spec": {"matchConstraints": {"resourceRules": [rule]}, **spec},
    }


def binding(kind: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "all"},
        "spec": {"policyName": "maps", **spec},
    }


async def test_a_validating_policy_refuses_by_its_parameter(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        await made(session, MAPS, config_map("limits", most="1"))
        body = policy(
            "ValidatingAdmissionPolicy",
            paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
            variables=[{"name": "most", "expression": "int(params.data.most)"}],
            validations=[
                {
                    "expression": "size(object.data) <= variables.most",
                    "messageExpression": "'at most ' + string(variables.most)",
                }
            ],
        )
        await made(session, f"{ADMISSION}/validatingadmissionpolicies", body)
        bound = binding(
            "ValidatingAdmissionPolicyBinding",
            validationActions=["Deny"],
            paramRef={
                "name": "limits",
                "namespace": "default",
                "parameterNotFoundAction": "Deny",
            },
        )
        await made(session, f"{ADMISSION}/validatingadmissionpolicybindings", bound)
        refused = await made(session, MAPS, config_map("a", x="1", y="2"))
        assert (refused["code"], refused["reason"]) == (422, "Invalid")
        assert refused["message"] == (
            "configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'maps' with binding "
            "'all' denied request: at most 1"
        )
        assert "code" not in await made(session, MAPS, config_map("a", x="1"))


async def test_a_mutating_policy_adds_a_label(tmp_path: Path) -> None:
    expression = 'Object{metadata: Object.metadata{labels: {"from": request.userInfo.username}}}'
    async with client(tmp_path) as session:
        body = policy(
            "MutatingAdmissionPolicy",
            failurePolicy="Fail",
            reinvocationPolicy="Never",
            mutations=[
                {
                    "patchType": "ApplyConfiguration",
                    "applyConfiguration": {"expression": expression},
                }
            ],
        )
        await made(session, f"{ADMISSION}/mutatingadmissionpolicies", body)
        bound = binding("MutatingAdmissionPolicyBinding")
        await made(session, f"{ADMISSION}/mutatingadmissionpolicybindings", bound)
        found = await made(session, MAPS, config_map("a", x="1"))
        assert found["metadata"]["labels"] == {"from": "admin"}


async def test_a_custom_resource_is_served_checked_and_goes_with_its_definition(
    tmp_path: Path,
) -> None:
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "sails": {"type": "integer", "minimum": 1, "default": 2},
                    "name": {
                        "type": "string",
                        "x-kubernetes-validations": [
                            {"rule": "self == oldSelf", "message": "boats keep their names"}
                        ],
                    },
                },
            }
        },
    }
    columns = [{"name": "Sails", "type": "integer", "jsonPath": ".spec.sails"}]
    async with client(tmp_path) as session:
        await made(session, DEFINITIONS, definition(schema, additionalPrinterColumns=columns))
        await established(session)
        assert (await made(session, BOATS, boat("a", name="Argo", rum=1)))["spec"] == {
            "name": "Argo",
            "sails": 2,
        }
        refused = await made(session, BOATS, boat("b", sails=0))
        assert refused["message"] == (
            'Boat.sea.example.com "b" is invalid: spec.sails: Invalid value: 0: spec.sails in '
            "body should be greater than or equal to 1"
        )
        merge = {"Content-Type": "application/merge-patch+json"}
        body = json.dumps({"spec": {"name": "Nautilus"}})
        async with session.patch(f"{BOATS}/a", data=body, headers=merge) as answer:
            assert "boats keep their names" in (await answer.json())["message"]
        table = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
        async with session.get(BOATS, headers=table) as answer:
            assert (await answer.json())["rows"][0]["cells"] == ["a", 2]
        async with session.delete(f"{DEFINITIONS}/boats.sea.example.com") as answer:
            assert answer.status == 200
        async with session.get(
            DEFINITIONS,
            params={"watch": "true", "timeoutSeconds": "10"},
        ) as events:
            async for line in events.content:
                if json.loads(line)["type"] == "DELETED":
                    break
        async with session.get(BOATS) as answer:
            assert answer.status == 404
