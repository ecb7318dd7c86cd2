"""Custom resources of several versions that a program converts into one another."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.component.apiserver.test_conformance import MERGE, answer
from tests.component.apiserver.test_extensions import DEFINITIONS, client, webhook
from tests.component.apiserver.test_rest import create

HOSTS = "/apis/sea.example.com/%s/namespaces/default/lights"


def _split(plain: dict[str, Any], version: str) -> dict[str, Any]:
    """v1 says `hostPort`, v2 says `host` and `port`."""
    made = {**plain, "apiVersion": version}
    if version.endswith("/v2") and "hostPort" in made:
        made["host"], _, made["port"] = made.pop("hostPort").partition(":")
    elif version.endswith("/v1") and "host" in made:
        made["hostPort"] = f"{made.pop('host')}:{made.pop('port')}"
    return made


def _convert(asked: dict[str, Any]) -> dict[str, Any]:
    made = [_split(each, asked["desiredAPIVersion"]) for each in asked["objects"]]
    return {"convertedObjects": made, "result": {"status": "Success"}}


def _version(name: str, *fields: str, stored: bool) -> dict[str, Any]:
    properties = {field: {"type": "string"} for field in fields}
    return {
        "name": name,
        "served": True,
        "storage": stored,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}},
        "selectableFields": [{"jsonPath": f".{field}"} for field in fields],
    }


def definition(url: str, bundle: str, *, stored: str = "v1") -> dict[str, Any]:
    return {
        "metadata": {"name": "lights.sea.example.com"},
        "spec": {
            "group": "sea.example.com",
            "scope": "Namespaced",
            "names": {"plural": "lights", "kind": "Light"},
            "versions": [
                _version("v1", "hostPort", stored=stored == "v1"),
                _version("v2", "host", "port", stored=stored == "v2"),
            ],
            "conversion": {
                "strategy": "Webhook",
                "webhook": {
                    "clientConfig": {"url": url, "caBundle": bundle},
                    "conversionReviewVersions": ["v1"],
                },
            },
        },
    }


@asynccontextmanager
async def lights(
    folder: Path, convert: Callable[[dict[str, Any]], dict[str, Any]] = _convert
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a server that serves lights in v1, which is stored, and v2."""
    async with webhook(folder, convert) as (url, bundle), client(folder) as session:
        await create(session, DEFINITIONS, definition(url, bundle))
        await served(session, HOSTS % "v2")
        yield session


async def served(session: aiohttp.ClientSession, path: str) -> None:
    """Wait until a path leads somewhere."""
    async with asyncio.timeout(5):
        while True:
            async with session.get(path) as found:
                if found.status == 200:
                    return
            await asyncio.sleep(0.01)


def light(version: str, name: str, **fields: str) -> dict[str, Any]:
    meta = {"name": name}
    return {"apiVersion": f"sea.example.com/{version}", "kind": "Light", "metadata": meta, **fields}


@pytest.mark.conformance(
    "[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able "
    "to convert from CR v1 to CR v2",
    "[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able "
    "to convert a non homogeneous list of CRs",
)
async def test_objects_are_shown_in_every_version(tmp_path: Path) -> None:
    async with lights(tmp_path) as session:
        one, two = HOSTS % "v1", HOSTS % "v2"
        await create(session, one, light("v1", "a", hostPort="x:80"))
        made = await create(session, two, light("v2", "b", host="y", port="81"))
        assert (made["host"], made["port"]) == ("y", "81")
        found = await answer(session, "GET", f"{two}/a")
        assert (found["apiVersion"], found["host"], found["port"]) == (
            "sea.example.com/v2",
            "x",
            "80",
        )
        listed = (await answer(session, "GET", one))["items"]
        assert [each["hostPort"] for each in listed] == ["x:80", "y:81"]
        # Objects stored from now on are of v2, those that are there stay as they are.
        stored = await answer(session, "GET", f"{DEFINITIONS}/lights.sea.example.com")
        for version in stored["spec"]["versions"]:
            version["storage"] = version["name"] == "v2"
        stored = await answer(session, "PUT", f"{DEFINITIONS}/lights.sea.example.com", json=stored)
        assert stored["status"]["storedVersions"] == ["v1", "v2"]
        await create(session, one, light("v1", "c", hostPort="z:82"))
        for path, shown in ((one, ["x:80", "y:81", "z:82"]), (two, ["80", "81", "82"])):
            listed = (await answer(session, "GET", path))["items"]
            assert [each.get("hostPort") or each["port"] for each in listed] == shown
        patched = await answer(session, "PATCH", f"{two}/a", json={"port": "90"}, headers=MERGE)
        assert (patched["host"], patched["port"]) == ("x", "90")
        assert (await answer(session, "GET", f"{one}/a"))["hostPort"] == "x:90"
        await answer(session, "DELETE", f"{two}/b")
        assert len((await answer(session, "GET", one))["items"]) == 2


@pytest.mark.conformance(
    "[sig-api-machinery] CustomResourceFieldSelectors [Privileged:ClusterAdmin] "
    "CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector"
)
async def test_each_version_has_fields_of_its_own(tmp_path: Path) -> None:
    async with lights(tmp_path) as session:
        one, two = HOSTS % "v1", HOSTS % "v2"
        start = await answer(session, "GET", one)
        since = f"watch=1&resourceVersion={start['metadata']['resourceVersion']}"
        await create(session, one, light("v1", "a", hostPort="x:80"))
        await create(session, two, light("v2", "b", host="x", port="81"))
        await create(session, two, light("v2", "c", host="y", port="80"))
        for path, selector, names in (
            (one, "hostPort=x:80", ["a"]),
            (two, "host=x", ["a", "b"]),
            (two, "host=x,port!=80", ["b"]),
        ):
            listed = await answer(session, "GET", f"{path}?fieldSelector={selector}")
            assert [each["metadata"]["name"] for each in listed["items"]] == names
        await answer(session, "GET", f"{one}?fieldSelector=host=x", code=400)
        await answer(session, "PATCH", f"{one}/a", json={"hostPort": "z:80"}, headers=MERGE)
        async with session.get(f"{two}?{since}&fieldSelector=host=x") as watch:
            lines = [json.loads(await watch.content.readline()) for _ in range(3)]
        told = [(each["type"], each["object"]["metadata"]["name"]) for each in lines]
        assert told == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")]
        assert lines[0]["object"]["host"] == "x"


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        pytest.param(
            {"result": {"status": "Failed", "message": "no idea"}},
            "conversion webhook for sea.example.com/v1, Kind=Light failed: no idea",
            id="it says no",
        ),
        pytest.param(
            {"result": {"status": "Success"}, "convertedObjects": []},
            "returned 0 objects, expected 1",
            id="it loses objects",
        ),
        pytest.param(
            {
                "result": {"status": "Success"},
                "convertedObjects": [light("v2", "other", host="x")],
            },
            "must have the same name: a != other",
            id="it renames",
        ),
    ],
)
async def test_a_program_that_errs_is_not_believed(
    tmp_path: Path, broken: dict[str, Any], told: str
) -> None:
    async with lights(tmp_path, lambda asked: broken) as session:
        await create(session, HOSTS % "v1", light("v1", "a", hostPort="x:80"))
        found = await answer(session, "GET", f"{HOSTS % 'v2'}/a", code=500)
        assert told in found["message"]
        assert (await answer(session, "GET", f"{HOSTS % 'v1'}/a"))["hostPort"] == "x:80"


async def test_defaults_reach_what_is_stored(tmp_path: Path) -> None:
    async with lights(tmp_path) as session:
        path = f"{DEFINITIONS}/lights.sea.example.com"
        await create(session, HOSTS % "v1", light("v1", "a", hostPort="x:80"))
        changed = await answer(session, "GET", path)
        schema = changed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        schema["properties"]["color"] = {"type": "string", "default": "red"}
        await answer(session, "PUT", path, json=changed)
        async with asyncio.timeout(5):
            while (await answer(session, "GET", f"{HOSTS % 'v1'}/a")).get("color") != "red":
                await asyncio.sleep(0.01)
