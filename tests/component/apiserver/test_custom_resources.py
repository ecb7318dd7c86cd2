"""Custom resources as Kubernetes' conformance tests ask for them."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.component.apiserver.test_conformance import MERGE, answer, events
from tests.component.apiserver.test_conversion import served
from tests.component.apiserver.test_extensions import BOATS, DEFINITIONS, boat, definition
from tests.component.apiserver.test_rest import client, create

RESOURCES = "[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin]"
PUBLISH = "[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin]"
FIELDS = "[sig-api-machinery] FieldValidation"
DISCOVERY = "[sig-api-machinery] AggregatedDiscovery"
BOAT = f"{DEFINITIONS}/boats.sea.example.com"
AGGREGATED = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
APPLY = {"Content-Type": "application/apply-patch+yaml"}

Plain = dict[str, Any]


def schema(**properties: Any) -> Plain:
    return {"type": "object", "properties": properties}


SAILS = schema(
    spec=schema(
        sails={"type": "array", "items": schema(name={"type": "string"}, age={"type": "string"})}
    )
)
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
EMBEDDED = schema(
    spec=schema(
        template={
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            "x-kubernetes-preserve-unknown-fields": True,
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "metadata": {"type": "object"},
                "spec": OPEN,
            },
        }
    )
)


def named(plural: str, kind: str, group: str = "sea.example.com", **more: Any) -> Plain:
    """A definition of another kind."""
    body = definition(SAILS)
    body["metadata"] = {"name": f"{plural}.{group}", "labels": {"t": "x"}}
    body["spec"] |= {"group": group, "names": {"plural": plural, "kind": kind}, **more}
    return body


async def kept(session: aiohttp.ClientSession, path: str, body: Any) -> Any:
    """What is said of a definition once it is established."""
    await create(session, DEFINITIONS, body)
    await served(session, path)
    where = f"{DEFINITIONS}/{body['metadata']['name']}"
    async with asyncio.timeout(5):
        while True:
            found = await answer(session, "GET", where)
            conditions = {
                each["type"]: each["status"] for each in found["status"].get("conditions", ())
            }
            if conditions.get("Established") == "True":
                return found


@pytest.mark.conformance(
    f"{RESOURCES} Simple CustomResourceDefinition creating/deleting custom resource definition "
    "objects works",
    f"{RESOURCES} Simple CustomResourceDefinition listing custom resource definition objects works",
    f"{RESOURCES} Simple CustomResourceDefinition getting/updating/patching custom resource "
    "definition status sub-resource works",
)
async def test_definitions_come_and_go(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        for plural, kind in (("ships", "Ship"), ("rafts", "Raft"), ("punts", "Punt")):
            path = f"/apis/sea.example.com/v1/{plural}"
            found = await kept(session, path, named(plural, kind))
            assert found["status"]["storedVersions"] == ["v1"]
        mine = f"{DEFINITIONS}?labelSelector=t=x"
        listed = (await answer(session, "GET", mine))["items"]
        assert len(listed) == 3
        status = f"{DEFINITIONS}/ships.sea.example.com/status"
        found = await answer(session, "GET", status)
        note = {"type": "Noted", "status": "True", "reason": "R", "message": "m"}
        found["status"]["conditions"].append(note)
        found = await answer(session, "PUT", status, json=found)
        assert found["status"]["conditions"][-1]["type"] == "Noted"
        note = {"type": "Patched", "status": "True", "reason": "R", "message": "m"}
        change = {"status": {"conditions": [*found["status"]["conditions"], note]}}
        found = await answer(session, "PATCH", status, json=change, headers=MERGE)
        assert found["status"]["conditions"][-1]["type"] == "Patched"
        await answer(session, "DELETE", f"{DEFINITIONS}/ships.sea.example.com")
        await answer(session, "DELETE", mine)
        async with asyncio.timeout(5):
            while (await answer(session, "GET", mine))["items"]:
                await asyncio.sleep(0.01)


@pytest.mark.conformance(
    "[sig-api-machinery] CustomResourceDefinition Watch [Privileged:ClusterAdmin] "
    "CustomResourceDefinition Watch watch on custom resource definition objects"
)
async def test_custom_objects_are_watched(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        await kept(session, BOATS, definition(OPEN))
        start = (await answer(session, "GET", BOATS))["metadata"]["resourceVersion"]
        for name in ("a", "b"):
            await create(session, BOATS, boat(name))
        change = {"spec": {"x": 1}}
        await answer(session, "PATCH", f"{BOATS}/a", json=change, headers=MERGE)
        await answer(session, "DELETE", f"{BOATS}/b")
        await answer(session, "DELETE", f"{BOATS}/a")
        since = f"watch=1&resourceVersion={start}"
        one = await events(session, f"{BOATS}?{since}&fieldSelector=metadata.name=a", 3)
        assert one == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
        two = await events(session, f"{BOATS}?{since}&fieldSelector=metadata.name=b", 2)
        assert two == [("ADDED", "b"), ("DELETED", "b")]


@pytest.mark.conformance(
    f"{RESOURCES} custom resource defaulting for requests and from storage works"
)
async def test_defaults_are_filled_in(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        found = await kept(session, BOATS, definition(schema(a={"type": "string"})))
        await create(session, BOATS, {"metadata": {"name": "old"}, "a": "1"})
        whole = found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        whole["properties"]["b"] = {"type": "string", "default": "B"}
        await answer(session, "PUT", BOAT, json=found)
        async with asyncio.timeout(5):
            while (await answer(session, "GET", f"{BOATS}/old")).get("b") != "B":
                await asyncio.sleep(0.01)
        made = await create(session, BOATS, {"metadata": {"name": "new"}, "a": "1"})
        assert made["b"] == "B"
        listed = (await answer(session, "GET", BOATS))["items"]
        assert [each["b"] for each in listed] == ["B", "B"]
        found = await answer(session, "GET", BOAT)
        properties = found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
        properties["b"]["default"] = "C"
        await answer(session, "PUT", BOAT, json=found)
        change = {"a": "2"}
        async with asyncio.timeout(5):
            while (await answer(session, "GET", f"{BOATS}/old"))["b"] != "C":
                await asyncio.sleep(0.01)
        # What was written with the old default keeps it.
        changed = await answer(session, "PATCH", f"{BOATS}/new", json=change, headers=MERGE)
        assert changed["b"] == "B"


@pytest.mark.conformance(
    f"{RESOURCES} should include custom resource definition resources in discovery documents",
    f"{DISCOVERY} should support aggregated discovery interface",
    f"{DISCOVERY} should support aggregated discovery interface for CRDs",
    f"{DISCOVERY} should support raw aggregated discovery endpoint Accept headers",
    f"{DISCOVERY} should support raw aggregated discovery request for CRDs",
)
async def test_kinds_are_discovered(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        listed = await answer(session, "GET", "/apis")
        assert "apiextensions.k8s.io" in [each["name"] for each in listed["groups"]]
        group = await answer(session, "GET", "/apis/apiextensions.k8s.io")
        assert group["preferredVersion"]["version"] == "v1"
        found = await answer(session, "GET", "/apis/apiextensions.k8s.io/v1")
        assert found["resources"][0]["name"] == "customresourcedefinitions"
        for path, expected in (("/api", ""), ("/apis", "apps")):
            groups = await aggregated(session, path)
            assert expected in groups
        assert "sea.example.com" not in await aggregated(session, "/apis")
        body = definition(SAILS, subresources={"status": {}})
        await kept(session, BOATS, body)
        (version,) = (await aggregated(session, "/apis"))["sea.example.com"]["versions"]
        (resource,) = version["resources"]
        assert (version["version"], version["freshness"]) == ("v1", "Current")
        assert resource["resource"] == "boats"
        assert resource["responseKind"]["kind"] == "Boat"
        assert resource["shortNames"] == ["bt"]
        assert [each["subresource"] for each in resource["subresources"]] == ["status"]
        await answer(session, "DELETE", BOAT)
        async with asyncio.timeout(5):
            while "sea.example.com" in await aggregated(session, "/apis"):
                await asyncio.sleep(0.01)


async def aggregated(session: aiohttp.ClientSession, path: str) -> dict[str, Plain]:
    """What aggregated discovery says, by group."""
    async with session.get(path, headers=AGGREGATED) as found:
        assert "as=APIGroupDiscoveryList" in found.headers["Content-Type"]
        body = json.loads(await found.text())
    assert body["kind"] == "APIGroupDiscoveryList"
    return {each["metadata"].get("name", ""): each for each in body["items"]}


async def published(session: aiohttp.ClientSession) -> dict[str, Plain]:
    """The definitions of OpenAPI v2 that are of custom kinds."""
    found = await answer(session, "GET", "/openapi/v2")
    return {
        name: each for name, each in found["definitions"].items() if name.startswith("com.example")
    }


@pytest.mark.conformance(
    f"{PUBLISH} works for CRD with validation schema",
    f"{PUBLISH} works for CRD without validation schema",
    f"{PUBLISH} works for CRD preserving unknown fields at the schema root",
    f"{PUBLISH} works for CRD preserving unknown fields in an embedded object",
)
@pytest.mark.parametrize(
    ("given", "body", "is_taken"),
    [
        pytest.param(SAILS, {"spec": {"sails": [{"name": "x"}]}}, True, id="a schema"),
        pytest.param(SAILS, {"spec": {"sail": []}}, False, id="a schema broken"),
        pytest.param({"type": "object"}, {"spec": {"a": 1}}, False, id="no schema"),
        pytest.param(OPEN, {"any": {"thing": 1}}, True, id="open at the root"),
        pytest.param(
            EMBEDDED,
            {
                "spec": {
                    "template": {"apiVersion": "v1", "kind": "X", "metadata": {"name": "y"}, "a": 1}
                }
            },
            True,
            id="open inside",
        ),
    ],
)
async def test_schemas_are_published_and_kept(
    tmp_path: Path, given: Plain, body: Plain, *, is_taken: bool
) -> None:
    async with client(tmp_path) as session:
        await kept(session, BOATS, definition(given))
        found = (await published(session))["com.example.sea.v1.Boat"]
        kind = {"group": "sea.example.com", "version": "v1", "kind": "Boat"}
        assert found["x-kubernetes-group-version-kind"] == [kind]
        assert "properties" in found
        if given is SAILS:
            items = found["properties"]["spec"]["properties"]["sails"]["items"]
            assert set(items["properties"]) == {"name", "age"}
        index = json.loads(await (await session.get("/openapi/v3")).text())["paths"]
        where = index["apis/sea.example.com/v1"]["serverRelativeURL"]
        document = await answer(session, "GET", where)
        assert "com.example.sea.v1.Boat" in document["components"]["schemas"]
        whole = {**boat("a"), **body}
        code = 201 if is_taken else 400
        strict = f"{BOATS}?fieldValidation=Strict"
        await answer(session, "POST", strict, json=whole, code=code)


@pytest.mark.conformance(
    f"{PUBLISH} works for multiple CRDs of different groups",
    f"{PUBLISH} works for multiple CRDs of same group but different versions",
    f"{PUBLISH} works for multiple CRDs of same group and version but different kinds",
)
async def test_all_definitions_are_published(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        (version,) = definition(SAILS)["spec"]["versions"]
        other = {**version, "name": "v2", "storage": False}
        for body, path in (
            (definition(SAILS), BOATS),
            (named("ships", "Ship"), "/apis/sea.example.com/v1/ships"),
            (named("boats", "Boat", "lake.example.com"), "/apis/lake.example.com/v1/boats"),
            (
                named("rafts", "Raft", versions=[version, other]),
                "/apis/sea.example.com/v2/rafts",
            ),
        ):
            await kept(session, path, body)
        assert set(await published(session)) >= {
            "com.example.sea.v1.Boat",
            "com.example.sea.v1.Ship",
            "com.example.lake.v1.Boat",
            "com.example.sea.v1.Raft",
            "com.example.sea.v2.Raft",
        }


@pytest.mark.conformance(
    f"{PUBLISH} updates the published spec when one version gets renamed",
    f"{PUBLISH} removes definition from spec when one version gets changed to not be served",
)
@pytest.mark.parametrize("change", [{"name": "v3"}, {"served": False}])
async def test_what_is_published_follows_the_definition(tmp_path: Path, change: Plain) -> None:
    async with client(tmp_path) as session:
        body = definition(SAILS)
        (version,) = body["spec"]["versions"]
        body["spec"]["versions"] = [version, {**version, "name": "v2", "storage": False}]
        found = await kept(session, BOATS.replace("/v1/", "/v2/"), body)
        before = (await published(session))["com.example.sea.v1.Boat"]
        found["spec"]["versions"][1] |= change
        await answer(session, "PUT", BOAT, json=found)
        wanted = {"com.example.sea.v1.Boat"}
        if "name" in change:
            wanted.add("com.example.sea.v3.Boat")
        async with asyncio.timeout(10):
            while {name for name in await published(session) if "Boat" in name} - {
                "com.example.sea.v1.BoatList"
            } != wanted:
                await asyncio.sleep(0.05)
        assert (await published(session))["com.example.sea.v1.Boat"] == before


@pytest.mark.conformance(
    f"{FIELDS} should create/apply a CR with unknown fields for CRD with no validation schema",
    f"{FIELDS} should create/apply a valid CR for CRD with validation schema",
    f"{FIELDS} should create/apply an invalid CR with extra properties for CRD with validation "
    "schema",
)
@pytest.mark.parametrize(
    ("given", "spec", "unknown"),
    [
        (OPEN, {"anything": {"goes": 1}}, ""),
        (SAILS, {"sails": [{"name": "a"}]}, ""),
        (SAILS, {"sails": [{"name": "a", "odd": 1}]}, "spec.sails[0].odd"),
        (SAILS, {"oars": 2}, "spec.oars"),
    ],
)
async def test_unknown_fields_are_refused(
    tmp_path: Path, given: Plain, spec: Plain, unknown: str
) -> None:
    async with client(tmp_path) as session:
        await kept(session, BOATS, definition(given))
        body = boat("a", **spec)
        strict = "fieldValidation=Strict"
        applied = f"{BOATS}/b?fieldManager=me&{strict}"
        whole = json.dumps(boat("b", **spec))
        if not unknown:
            assert (await create(session, f"{BOATS}?{strict}", body))["spec"] == spec
            made = await answer(session, "PATCH", applied, data=whole, headers=APPLY, code=201)
            assert made["spec"] == spec
            return
        refused = await answer(session, "POST", f"{BOATS}?{strict}", json=body, code=400)
        assert f'unknown field "{unknown}"' in refused["message"]
        async with session.patch(applied, data=whole, headers=APPLY) as found:
            assert found.status >= 400
        async with session.post(f"{BOATS}?fieldValidation=Warn", json=body) as found:
            assert found.status == 201
            assert f'unknown field \\"{unknown}\\"' in found.headers["Warning"]


@pytest.mark.conformance(
    f"{FIELDS} should detect duplicates in a CR when preserving unknown fields",
    f"{FIELDS} should detect unknown metadata fields in both the root and embedded object of a CR",
)
async def test_duplicates_and_unknown_metadata_are_refused(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        await kept(session, BOATS, definition(OPEN))
        strict = f"{BOATS}?fieldValidation=Strict"
        head = '"apiVersion":"sea.example.com/v1","kind":"Boat","metadata":{"name":"a"%s}'
        as_json = {"Content-Type": "application/json"}
        text = f'{{{head % ""},"spec":{{"x":1,"x":2}}}}'
        refused = await answer(session, "POST", strict, data=text, headers=as_json, code=400)
        assert 'duplicate field "spec.x"' in refused["message"]
        found = await answer(session, "GET", BOAT)
        found["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = EMBEDDED
        await answer(session, "PUT", BOAT, json=found)
        odd = head % ',"odd":1'
        inner = '{"apiVersion":"v1","kind":"X","metadata":{"name":"y","odd":1}}'
        text = f'{{{odd},"spec":{{"template":{inner}}}}}'
        async with asyncio.timeout(5):
            while True:
                refused = await answer(
                    session, "POST", strict, data=text, headers=as_json, code=400
                )
                if "spec.template.metadata.odd" in refused["message"]:
                    break
                await asyncio.sleep(0.01)
        assert 'unknown field "metadata.odd"' in refused["message"]
