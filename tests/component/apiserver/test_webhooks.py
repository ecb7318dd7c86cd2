"""Admission webhooks as Kubernetes' conformance tests ask for them, over a Service."""

import asyncio
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

from knarr.daemon.certificates import Authority, Wanted
from knarr.daemon.clock import SystemClock
from tests.component.apiserver.test_conformance import ADMISSION, MERGE, answer
from tests.component.apiserver.test_conversion import served
from tests.component.apiserver.test_extensions import BOATS, DEFINITIONS, boat, definition
from tests.component.apiserver.test_rest import MAPS, PODS, client, create, make_pod

PRIVILEGED = "[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin]"
ADDRESS = "127.45.0.1"
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}

Plain = dict[str, Any]
Answers = dict[str, Callable[[Plain], Plain]]
"""By path: what is answered to a request."""


class Hooks:
    """Webhooks behind the Service `hooks`, and what they were asked."""

    def __init__(self, session: aiohttp.ClientSession, bundle: str) -> None:
        self._session = session
        self._bundle = bundle
        self.asked: list[Plain] = []

    async def register(self, sort: str, path: str, *resources: str, **more: Any) -> Plain:
        """Ask the webhook at a path about writes of these resources: `group/plural`."""
        found: Plain = await create(
            self._session, configurations(sort), self.configuration(sort, path, *resources, **more)
        )
        return found

    def configuration(self, sort: str, path: str, *resources: str, **more: Any) -> Plain:
        operations = more.pop("operations", ["CREATE", "UPDATE", "DELETE"])
        rules = [
            {
                "apiGroups": [group],
                "apiVersions": ["*"],
                "operations": operations,
                "resources": [plural],
            }
            for group, _, plural in (each.partition("|") for each in resources)
        ]
        service = {"namespace": "default", "name": "hooks", "path": path, "port": 8443}
        hook = {
            "name": f"{path[1:]}.example.com",
            "clientConfig": {"service": service, "caBundle": self._bundle},
            "rules": rules,
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            **more,
        }
        return {"metadata": {"name": path[1:], "labels": {"t": sort}}, "webhooks": [hook]}


def configurations(sort: str) -> str:
    return f"{ADMISSION}/{sort}webhookconfigurations"


@asynccontextmanager
async def hooks(
    folder: Path, answers: Answers, **options: Any
) -> AsyncIterator[tuple[aiohttp.ClientSession, Hooks]]:
    """A server, and webhooks that a Service leads to."""
    authority = Authority.at(folder / "ca", SystemClock())
    pair = authority.ensure(folder / "hooks", Wanted("hooks", hosts=("hooks.default.svc",)))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    asked: list[Plain] = []

    async def handle(request: web.Request) -> web.Response:
        review = await request.json()
        asked.append(review["request"])
        said = answers[request.path](review["request"])
        response = {"uid": review["request"]["uid"], "allowed": True, **said}
        return web.json_response({**review, "response": response})

    app = web.Application()
    app.router.add_post("/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, ADDRESS, 0, ssl_context=context).start()
    port = runner.addresses[0][1]
    try:
        async with client(folder, **options) as session:
            await _lead_to(session, port)
            found = Hooks(session, base64.b64encode(authority.pem).decode())
            found.asked = asked
            yield session, found
    finally:
        await runner.cleanup()


async def _lead_to(session: aiohttp.ClientSession, port: int) -> None:
    spec = {"ports": [{"port": 8443, "targetPort": port}]}
    body: Plain = {"metadata": {"name": "hooks"}, "spec": spec}
    await create(session, "/api/v1/namespaces/default/services", body)
    body = {
        "metadata": {"name": "hooks", "labels": {"kubernetes.io/service-name": "hooks"}},
        "addressType": "IPv4",
        "ports": [{"port": port, "protocol": "TCP", "name": ""}],
        "endpoints": [{"addresses": [ADDRESS], "conditions": {"ready": True}}],
    }
    await create(session, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", body)


def patch(*operations: Plain) -> Plain:
    text = base64.b64encode(json.dumps(operations).encode()).decode()
    return {"patchType": "JSONPatch", "patch": text}


def deny(asked: Plain) -> Plain:
    return {"allowed": False, "status": {"message": f"no {asked['operation'].lower()} here"}}


def deny_marked(asked: Plain) -> Plain:
    """Refuse what is marked as bad, before or after the change."""
    either = asked["object"] or asked["oldObject"]
    return {"allowed": either["metadata"].get("labels", {}).get("is") != "bad"}


def add_data(asked: Plain) -> Plain:
    if "first" in (asked["object"].get("data") or {}):
        return patch({"op": "add", "path": "/data/second", "value": "yes"})
    return patch({"op": "add", "path": "/data", "value": {"first": "yes"}})


def marked(name: str, **more: Any) -> Plain:
    return {"metadata": {"name": name, "labels": {"is": "bad"}}, **more}


async def boats(session: aiohttp.ClientSession, schema: Plain) -> None:
    await create(session, DEFINITIONS, definition({"type": "object", "properties": schema}))
    await served(session, BOATS)


@pytest.mark.conformance(
    f"{PRIVILEGED} listing mutating webhooks should work",
    f"{PRIVILEGED} listing validating webhooks should work",
    f"{PRIVILEGED} patching/updating a mutating webhook should work",
    f"{PRIVILEGED} patching/updating a validating webhook should work",
)
@pytest.mark.parametrize("sort", ["mutating", "validating"])
async def test_configurations_are_listed_and_changed(tmp_path: Path, sort: str) -> None:
    answers: Answers = {"/marked": deny_marked, "/deny": deny}
    async with hooks(tmp_path, answers) as (session, found):
        path = configurations(sort)
        for name in ("/marked", "/deny"):
            await found.register(sort, name, "|configmaps", operations=["CREATE"])
        listed = (await answer(session, "GET", f"{path}?labelSelector=t={sort}"))["items"]
        assert [each["metadata"]["name"] for each in listed] == ["deny", "marked"]
        await answer(session, "POST", MAPS, json={"metadata": {"name": "a"}}, code=400)
        # Updated so that creates are none of its business, and patched back.
        body = listed[0]
        body["webhooks"][0]["rules"][0]["operations"] = ["UPDATE"]
        await answer(session, "PUT", f"{path}/deny", json=body)
        await create(session, MAPS, {"metadata": {"name": "a"}})
        body["webhooks"][0]["rules"][0]["operations"] = ["CREATE"]
        change = {"webhooks": body["webhooks"]}
        await answer(session, "PATCH", f"{path}/deny", json=change, headers=MERGE)
        await answer(session, "POST", MAPS, json={"metadata": {"name": "b"}}, code=400)
        await answer(session, "DELETE", f"{path}?labelSelector=t={sort}")
        await create(session, MAPS, {"metadata": {"name": "b"}})


@pytest.mark.conformance(
    f"{PRIVILEGED} should be able to create and update mutating webhook configurations with match "
    "conditions",
    f"{PRIVILEGED} should be able to create and update validating webhook configurations with "
    "match conditions",
    f"{PRIVILEGED} should reject mutating webhook configurations with invalid match conditions",
    f"{PRIVILEGED} should reject validating webhook configurations with invalid match conditions",
    f"{PRIVILEGED} should mutate everything except 'skip-me' configmaps",
)
@pytest.mark.parametrize("sort", ["mutating", "validating"])
async def test_match_conditions_are_checked_and_asked(tmp_path: Path, sort: str) -> None:
    async with hooks(tmp_path, {"/deny": deny, "/add": add_data}) as (session, found):
        wrong = [{"name": "w", "expression": "object.metadata.name =="}]
        body = found.configuration(sort, "/deny", "|configmaps", matchConditions=wrong)
        refused = await answer(session, "POST", configurations(sort), json=body, code=422)
        assert "webhooks[0].matchConditions[0].expression" in refused["message"]
        condition = {"name": "one", "expression": "object.metadata.name != 'skip-me'"}
        path = "/deny" if sort == "validating" else "/add"
        made = await found.register(
            sort, path, "|configmaps", matchConditions=[condition], operations=["CREATE"]
        )
        assert made["webhooks"][0]["matchConditions"] == [condition]
        skipped = await create(session, MAPS, {"metadata": {"name": "skip-me"}})
        assert "data" not in skipped
        if sort == "validating":
            await answer(session, "POST", MAPS, json={"metadata": {"name": "a"}}, code=400)
        else:
            seen = await create(session, MAPS, {"metadata": {"name": "a"}})
            assert seen["data"] == {"first": "yes"}
        two = [condition, {"name": "two", "expression": "object.metadata.name != 'me-too'"}]
        made["webhooks"][0]["matchConditions"] = two
        where = f"{configurations(sort)}/{path[1:]}"
        changed = await answer(session, "PUT", where, json=made)
        assert changed["webhooks"][0]["matchConditions"] == two
        assert "data" not in await create(session, MAPS, {"metadata": {"name": "me-too"}})


@pytest.mark.conformance(
    f"{PRIVILEGED} should be able to deny pod and configmap creation",
    f"{PRIVILEGED} should be able to deny custom resource creation, update and deletion",
    f"{PRIVILEGED} should deny crd creation",
)
async def test_writes_are_denied(tmp_path: Path) -> None:
    answers: Answers = {"/marked": deny_marked}
    async with hooks(tmp_path, answers) as (session, found):
        account = {"metadata": {"name": "default"}}
        await create(session, "/api/v1/namespaces/default/serviceaccounts", account)
        await boats(session, {"spec": OPEN})
        await create(session, BOATS, boat("good"))
        resources = (
            "|configmaps",
            "|pods",
            "sea.example.com|boats",
            "apiextensions.k8s.io|customresourcedefinitions",
        )
        await found.register("validating", "/marked", *resources)
        bad_pod = marked("p", spec={"containers": [{"name": "c", "image": "i"}]})
        bad_boat = boat("bad") | marked("bad")
        other = definition(OPEN)
        other["metadata"] = {"name": "ships.sea.example.com", "labels": {"is": "bad"}}
        other["spec"]["names"] = {"plural": "ships", "kind": "Ship"}
        for path, body in (
            (MAPS, marked("a")),
            (PODS, bad_pod),
            (BOATS, bad_boat),
            (DEFINITIONS, other),
        ):
            refused = await answer(session, "POST", path, json=body, code=400)
            assert 'admission webhook "marked.example.com" denied the request' in refused["message"]
        bad = {"metadata": {"labels": {"is": "bad"}}}
        await answer(session, "PATCH", f"{BOATS}/good", json=bad, headers=MERGE, code=400)
        await answer(session, "DELETE", configurations("validating"))
        await answer(session, "PATCH", f"{BOATS}/good", json=bad, headers=MERGE)
        await found.register("validating", "/marked", *resources)
        await answer(session, "DELETE", f"{BOATS}/good", code=400)


@pytest.mark.conformance(f"{PRIVILEGED} should be able to deny attaching pod")
@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ("attach", "PodAttachOptions"),
        ("exec", "PodExecOptions"),
        ("portforward", "PodPortForwardOptions"),
        ("proxy", "PodProxyOptions"),
    ],
)
async def test_connections_are_denied(tmp_path: Path, part: str, kind: str) -> None:
    async with hooks(tmp_path, {"/deny": deny}) as (session, found):
        await make_pod(session)
        await found.register("validating", "/deny", f"|pods/{part}", operations=["CONNECT"])
        path = f"{PODS}/p/{part}?command=a&stdin=1&stdout=1"
        refused = await answer(session, "POST", path, code=400)
        assert refused["message"].endswith("denied the request: no connect here")
        (asked,) = found.asked
        assert asked["kind"]["kind"] == asked["object"]["kind"] == kind
        assert (asked["resource"]["resource"], asked["subResource"]) == ("pods", part)
        assert asked["name"] == "p"


@pytest.mark.parametrize(
    ("part", "body"),
    [
        ("eviction", {"metadata": {"name": "p"}}),
        ("binding", {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}}),
    ],
)
async def test_what_is_posted_to_a_part_is_denied(tmp_path: Path, part: str, body: Plain) -> None:
    async with hooks(tmp_path, {"/deny": deny}) as (session, found):
        await make_pod(session)
        await found.register("validating", "/deny", f"|pods/{part}", operations=["CREATE"])
        await answer(session, "POST", f"{PODS}/p/{part}", json=body, code=400)
        assert found.asked[0]["object"]["kind"].lower() == part
        assert (await answer(session, "GET", f"{PODS}/p"))["metadata"]["name"] == "p"


@pytest.mark.conformance(
    f"{PRIVILEGED} should mutate configmap",
    f"{PRIVILEGED} should mutate pod and apply defaults after mutation",
)
async def test_what_is_stored_is_changed_and_then_defaulted(tmp_path: Path) -> None:
    def add_container(asked: Plain) -> Plain:
        container = {"name": "side", "image": "example.org/side"}
        return patch({"op": "add", "path": "/spec/initContainers", "value": [container]})

    answers: Answers = {"/add": add_data, "/again": add_data, "/side": add_container}
    async with hooks(tmp_path, answers) as (session, found):
        account = {"metadata": {"name": "default"}}
        await create(session, "/api/v1/namespaces/default/serviceaccounts", account)
        for path in ("/add", "/again"):
            await found.register("mutating", path, "|configmaps", operations=["CREATE"])
        await found.register("mutating", "/side", "|pods", operations=["CREATE"])
        made = await create(session, MAPS, {"metadata": {"name": "a"}})
        assert made["data"] == {"first": "yes", "second": "yes"}
        spec = {"containers": [{"name": "c", "image": "i"}]}
        pod = await create(session, PODS, {"metadata": {"name": "p"}, "spec": spec})
        (side,) = pod["spec"]["initContainers"]
        assert (side["imagePullPolicy"], side["terminationMessagePolicy"]) == ("Always", "File")


async def test_a_webhook_is_asked_again_when_others_change_what_it_saw(tmp_path: Path) -> None:
    def count(asked: Plain) -> Plain:
        seen = str(int((asked["object"].get("data") or {}).get("seen", "0")) + 1)
        data = {**(asked["object"].get("data") or {}), "seen": seen}
        return patch({"op": "add", "path": "/data", "value": data})

    def once(asked: Plain) -> Plain:
        if "z" in asked["object"]["data"]:
            return {}
        return patch({"op": "add", "path": "/data/z", "value": "1"})

    async with hooks(tmp_path, {"/a": count, "/b": count, "/z": once}) as (session, found):
        policies = {"/a": "IfNeeded", "/b": "Never", "/z": "Never"}
        for path, policy in policies.items():
            await found.register("mutating", path, "|configmaps", reinvocationPolicy=policy)
        made = await create(session, MAPS, {"metadata": {"name": "m"}})
        assert made["data"] == {"seen": "3", "z": "1"}


@pytest.mark.conformance(
    f"{PRIVILEGED} should mutate custom resource",
    f"{PRIVILEGED} should mutate custom resource with pruning",
)
async def test_custom_objects_are_changed_and_pruned(tmp_path: Path) -> None:
    async with hooks(tmp_path, {"/add": add_data, "/again": add_data}) as (session, found):
        data = {"type": "object", "properties": {"first": {"type": "string"}}}
        await boats(session, {"data": data})
        for path in ("/add", "/again"):
            await found.register("mutating", path, "sea.example.com|boats", operations=["CREATE"])
        made = await create(session, BOATS, boat("a"))
        assert made["data"] == {"first": "yes"}, "the second is unknown to the schema"


@pytest.mark.conformance(
    f"{PRIVILEGED} should mutate custom resource with different stored version"
)
async def test_custom_objects_are_changed_in_whatever_version(tmp_path: Path) -> None:
    async with hooks(tmp_path, {"/add": add_data}) as (session, found):
        whole = definition({"type": "object", "properties": {"data": OPEN}})
        (one,) = whole["spec"]["versions"]
        whole["spec"]["versions"] = [one, {**one, "name": "v2", "storage": False}]
        await create(session, DEFINITIONS, whole)
        newer = BOATS.replace("/v1/", "/v2/")
        await served(session, newer)
        await create(session, BOATS, boat("a"))
        await found.register("mutating", "/add", "sea.example.com|boats")
        path = f"{DEFINITIONS}/boats.sea.example.com"
        whole = await answer(session, "GET", path)
        for version in whole["spec"]["versions"]:
            version["storage"] = version["name"] == "v2"
        await answer(session, "PUT", path, json=whole)
        change = {"metadata": {"labels": {"a": "b"}}}
        changed = await answer(session, "PATCH", f"{BOATS}/a", json=change, headers=MERGE)
        assert changed["data"] == {"first": "yes"}
        assert (await answer(session, "GET", f"{newer}/a"))["data"] == {"first": "yes"}


@pytest.mark.conformance(
    f"{PRIVILEGED} should not be able to mutate or prevent deletion of webhook configuration "
    "objects"
)
async def test_webhooks_are_not_asked_about_webhooks(tmp_path: Path) -> None:
    def label(asked: Plain) -> Plain:
        return patch({"op": "add", "path": "/metadata/labels", "value": {"changed": "yes"}})

    async with hooks(tmp_path, {"/deny": deny, "/label": label}) as (session, found):
        mine = "admissionregistration.k8s.io|*"
        await found.register("validating", "/deny", mine)
        await found.register("mutating", "/label", mine)
        for sort in ("validating", "mutating"):
            body = found.configuration(sort, "/x", "|none")
            made = await create(session, configurations(sort), body)
            assert made["metadata"]["labels"] == {"t": sort}
            await answer(session, "DELETE", f"{configurations(sort)}/x")
        assert not found.asked


@pytest.mark.conformance(
    f"{PRIVILEGED} should unconditionally reject operations on fail closed webhook",
    f"{PRIVILEGED} should honor timeout",
)
async def test_a_webhook_that_does_not_answer_counts_as_it_says(tmp_path: Path) -> None:
    async with hooks(tmp_path, {}) as (session, found):
        for policy, code in (("Fail", 500), ("Ignore", 201)):
            body = found.configuration("validating", "/slow", "|configmaps", failurePolicy=policy)
            service = body["webhooks"][0]["clientConfig"]["service"]
            body["webhooks"][0]["timeoutSeconds"] = 1
            service |= {"name": "silent", "port": 443}
            await create(session, configurations("validating"), body)
            told = await answer(session, "POST", MAPS, json={"metadata": {"name": "a"}}, code=code)
            if code == 500:
                assert 'failed calling webhook "slow.example.com"' in told["message"]
                assert 'service "silent" not found' in told["message"]
            await answer(session, "DELETE", f"{configurations('validating')}/slow")


async def test_a_slow_webhook_is_given_its_time_and_no_more(tmp_path: Path) -> None:
    async with hooks(tmp_path, {}) as (session, found):
        # A listener that accepts and never says anything.
        async with _silent() as port:
            hook = found.configuration("validating", "/slow", "|configmaps", timeoutSeconds=1)
            config = {"url": f"https://{ADDRESS}:{port}/x", "caBundle": found._bundle}
            hook["webhooks"][0]["clientConfig"] = config
            await create(session, configurations("validating"), hook)
            told = await answer(session, "POST", MAPS, json={"metadata": {"name": "a"}}, code=500)
            assert "context deadline exceeded" in told["message"]
            assert "timeout=1s" in told["message"]


@asynccontextmanager
async def _silent() -> AsyncIterator[int]:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, ADDRESS, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.conformance(f"{PRIVILEGED} should include webhook resources in discovery documents")
async def test_configurations_are_discovered(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        groups = {each["name"]: each for each in (await answer(session, "GET", "/apis"))["groups"]}
        assert "v1" in [
            each["version"] for each in groups["admissionregistration.k8s.io"]["versions"]
        ]
        group = await answer(session, "GET", "/apis/admissionregistration.k8s.io")
        assert group["preferredVersion"]["version"] == "v1"
        listed = await answer(session, "GET", ADMISSION)
        names = {each["name"] for each in listed["resources"]}
        assert {"mutatingwebhookconfigurations", "validatingwebhookconfigurations"} <= names


async def test_webhooks_annotate_the_audit_log(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"

    def note(asked: Plain) -> Plain:
        return {"auditAnnotations": {"seen": asked["operation"]}}

    answers: Answers = {"/note": note}
    async with hooks(tmp_path, answers, audit_log_path=str(log)) as (session, found):
        await found.register("validating", "/note", "|configmaps")
        await create(session, MAPS, {"metadata": {"name": "a"}})
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (noted,) = [one["annotations"] for one in lines if one["requestURI"] == MAPS]
    assert noted["note.example.com/seen"] == "CREATE"
