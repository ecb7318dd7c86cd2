"""A server of somebody else's answers for a group of its own."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from knarr.daemon.certificates import Authority, Wanted
from knarr.daemon.clock import SystemClock
from tests.component.apiserver.test_conformance import answer
from tests.component.apiserver.test_rest import client, create

SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
NAME = "v1alpha1.wardle.example.com"
GROUP = "/apis/wardle.example.com/v1alpha1"
FLUNDERS = f"{GROUP}/namespaces/default/flunders"
ADDRESS = "127.44.0.1"
DISCOVERY = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"


@dataclass
class Wardle:
    """An extension server that keeps flunders and remembers who asked."""

    port: int = 0
    bundle: str = ""
    folder: Path = Path()
    seen: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    flunders: dict[str, Any] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.Response:
        headers: dict[str, Any] = {name: request.headers.getall(name) for name in request.headers}
        peer = request.transport.get_extra_info("peercert")  # type: ignore[union-attr]
        headers["certificate"] = peer["subject"][-1][0][1] if peer else ""
        self.seen.append((f"{request.method} {request.path}", headers))
        if request.path == GROUP:
            kind = {"namespaced": True, "kind": "Flunder", "singularName": "flunder"}
            verbs = ["create", "get", "list", "delete"]
            resources = [
                {"name": "flunders", "verbs": verbs, "shortNames": ["fl"], **kind},
                {"name": "flunders/status", "verbs": ["get"], **kind},
            ]
            body = {"kind": "APIResourceList", "groupVersion": GROUP[6:], "resources": resources}
            return web.json_response(body)
        if request.path == "/openapi/v3":
            where = {"serverRelativeURL": f"/openapi/v3{GROUP}?hash=1"}
            return web.json_response({"paths": {GROUP[1:]: where, "apis/apps/v1": where}})
        if request.path == f"/openapi/v3{GROUP}":
            return web.json_response({"openapi": "3.0.0", "hash": request.query["hash"]})
        if request.path == "/openapi/v2":
            return web.json_response({"definitions": {"com.example.Flunder": {"type": "object"}}})
        return await self._flunder(request)

    async def _flunder(self, request: web.Request) -> web.Response:
        name = request.path.removeprefix(FLUNDERS).strip("/")
        if request.method == "POST":
            made = await request.json()
            self.flunders[made["metadata"]["name"]] = made
            return web.json_response(made, status=201)
        if request.method == "DELETE":
            return web.json_response(self.flunders.pop(name))
        if name:
            return web.json_response(self.flunders[name])
        return web.json_response({"kind": "FlunderList", "items": list(self.flunders.values())})


@asynccontextmanager
async def wardle(folder: Path) -> AsyncIterator[Wardle]:
    """One that runs, and believes the front proxy's authority."""
    authority = Authority.at(folder / "ca", SystemClock())
    pair = authority.ensure(folder / "wardle", Wanted("wardle", hosts=("wardle.default.svc",)))
    front = Authority.at(folder / "front", SystemClock())
    front.ensure(folder / "front-client", Wanted("front-proxy-client"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=front.pem.decode())
    context.load_cert_chain(pair.certificate, pair.key)
    context.verify_mode = ssl.CERT_REQUIRED
    found = Wardle(bundle=base64.b64encode(authority.pem).decode(), folder=folder)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, ADDRESS, 0, ssl_context=context)
    await site.start()
    found.port = runner.addresses[0][1]
    try:
        yield found
    finally:
        await runner.cleanup()


def options(folder: Path) -> dict[str, str]:
    return {
        "proxy_client_cert_file": str(folder / "front-client.crt"),
        "proxy_client_key_file": str(folder / "front-client.key"),
        "requestheader_client_ca_file": str(folder / "front" / "ca.crt"),
    }


async def register(session: aiohttp.ClientSession, found: Wardle) -> None:
    """Make the APIService and the Service that leads to the server."""
    spec = {
        "group": "wardle.example.com",
        "version": "v1alpha1",
        "groupPriorityMinimum": 2000,
        "versionPriority": 15,
        "caBundle": found.bundle,
        "service": {"namespace": "default", "name": "wardle", "port": 7443},
    }
    await create(session, SERVICES, {"metadata": {"name": NAME}, "spec": spec})
    service = {"ports": [{"port": 7443, "targetPort": found.port}]}
    await create(
        session,
        "/api/v1/namespaces/default/services",
        {"metadata": {"name": "wardle"}, "spec": service},
    )
    meta = {"name": "wardle", "labels": {"kubernetes.io/service-name": "wardle"}}
    body = {
        "metadata": meta,
        "addressType": "IPv4",
        "ports": [{"port": found.port, "protocol": "TCP", "name": ""}],
        "endpoints": [{"addresses": [ADDRESS], "conditions": {"ready": True}}],
    }
    await create(session, SLICES, body)


async def judged(session: aiohttp.ClientSession, status: str, reason: str) -> dict[str, Any]:
    """Wait until the APIService is judged so; what its condition says."""
    query = {"watch": "true", "timeoutSeconds": "20", "fieldSelector": f"metadata.name={NAME}"}
    async with asyncio.timeout(20), session.get(SERVICES, params=query) as events:
        async for line in events.content:
            for each in json.loads(line)["object"]["status"].get("conditions") or ():
                if (each["status"], each["reason"]) == (status, reason):
                    found: dict[str, Any] = each
                    return found
    raise AssertionError(f"never {status}, {reason}")


@pytest.mark.conformance(
    "[sig-api-machinery] Aggregator Should be able to support the 1.17 Sample API Server using "
    "the current Aggregator [LinuxOnly]"
)
async def test_a_server_of_users_answers_for_its_group(tmp_path: Path) -> None:
    async with wardle(tmp_path) as found, client(tmp_path, **options(tmp_path)) as session:
        await register(session, found)
        assert (await judged(session, "True", "Passed"))["message"] == "all checks passed"
        made = await create(session, FLUNDERS, {"metadata": {"name": "a"}})
        assert made == {"metadata": {"name": "a"}}
        listed = await answer(session, "GET", FLUNDERS)
        assert [each["metadata"]["name"] for each in listed["items"]] == ["a"]
        await answer(session, "DELETE", f"{FLUNDERS}/a")
        assert (await answer(session, "GET", FLUNDERS))["items"] == []
        # The APIService itself is changed and removed like any object.
        await answer(session, "DELETE", f"{SERVICES}/{NAME}")
        await answer(session, "GET", f"{SERVICES}/{NAME}", code=404)
        async with asyncio.timeout(5):
            while (await session.get(FLUNDERS)).status != 404:
                await asyncio.sleep(0.01)


async def test_the_server_is_told_for_whom(tmp_path: Path) -> None:
    async with wardle(tmp_path) as found, client(tmp_path, **options(tmp_path)) as session:
        await register(session, found)
        await judged(session, "True", "Passed")
        headers = {
            "X-Remote-User": "mallory",
            "X-Remote-Group": "system:masters",
            "Impersonate-User": "jane",
            "Impersonate-Group": "crew",
            "Impersonate-Extra-Acme.com%2Fproject": "x",
        }
        rule = {"apiGroups": ["wardle.example.com"], "resources": ["flunders"], "verbs": ["*"]}
        rbac = "/apis/rbac.authorization.k8s.io/v1"
        async with session.get(FLUNDERS, headers=headers) as refused:
            assert refused.status == 403
        await create(session, f"{rbac}/clusterroles", {"metadata": {"name": "r"}, "rules": [rule]})
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"}
        subject = {"kind": "Group", "name": "crew", "apiGroup": ref["apiGroup"]}
        body = {"metadata": {"name": "b"}, "roleRef": ref, "subjects": [subject]}
        await create(session, f"{rbac}/clusterrolebindings", body)
        async with asyncio.timeout(5):
            while (await session.get(FLUNDERS, headers=headers)).status != 200:
                await asyncio.sleep(0.01)
        asked, told = found.seen[-1]
        assert asked == f"GET {FLUNDERS}"
        assert told["certificate"] == "front-proxy-client"
        assert told["X-Remote-User"] == ["jane"]
        assert told["X-Remote-Group"] == ["crew", "system:authenticated"]
        assert told["X-Remote-Extra-acme.com%2Fproject"] == ["x"]
        assert "Authorization" not in told
        assert "Impersonate-User" not in told
        config = await answer(
            session,
            "GET",
            "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication",
        )
        assert "BEGIN CERTIFICATE" in config["data"]["requestheader-client-ca-file"]
        assert config["data"]["requestheader-allowed-names"] == '["front-proxy-client"]'


async def test_the_group_is_found_and_described(tmp_path: Path) -> None:
    async with wardle(tmp_path) as found, client(tmp_path, **options(tmp_path)) as session:
        await register(session, found)
        await judged(session, "True", "Passed")
        groups = (await answer(session, "GET", "/apis"))["groups"]
        assert "wardle.example.com" in [each["name"] for each in groups]
        one = await answer(session, "GET", "/apis/wardle.example.com")
        assert one["preferredVersion"]["version"] == "v1alpha1"
        assert (await answer(session, "GET", GROUP))["resources"][0]["name"] == "flunders"
        async with session.get("/apis", headers=DISCOVERY) as whole:
            items = json.loads(await whole.text())["items"]
        item = next(each for each in items if each["metadata"]["name"] == "wardle.example.com")
        (version,) = item["versions"]
        assert version["freshness"] == "Current"
        (resource,) = version["resources"]
        assert (resource["resource"], resource["shortNames"]) == ("flunders", ["fl"])
        assert [each["subresource"] for each in resource["subresources"]] == ["status"]
        async with session.get("/openapi/v3") as index:
            paths = json.loads(await index.text())["paths"]
        where = paths[GROUP[1:]]["serverRelativeURL"]
        assert (await answer(session, "GET", where))["hash"] == "1"
        assert "apps" in paths["apis/apps/v1"]["serverRelativeURL"]
        swagger = await answer(session, "GET", "/openapi/v2")
        assert "com.example.Flunder" in swagger["definitions"]


async def test_a_server_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        async with wardle(tmp_path) as found:
            await register(session, found)
            # It shows no certificate, for this server has none.
            told = await judged(session, "False", "FailedDiscoveryCheck")
            assert "failing or missing response from https://wardle.default.svc" in told["message"]
        async with session.get(FLUNDERS) as away:
            assert (away.status, await away.text()) == (503, "service unavailable\n")
        await answer(session, "DELETE", f"{SLICES}/wardle")
        told = await judged(session, "False", "EndpointsNotFound")
        assert told["message"] == 'cannot find endpointslices for service/wardle in "default"'
        await answer(session, "DELETE", "/api/v1/namespaces/default/services/wardle")
        told = await judged(session, "False", "ServiceNotFound")
        assert told["message"] == 'service/wardle in "default" is not present'
