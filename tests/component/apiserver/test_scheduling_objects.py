"""LimitRanges and PriorityClasses over REST, as Kubernetes' conformance tests use them."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.component.apiserver.test_rest import PODS, client

CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"
MERGE = {"Content-Type": "application/merge-patch+json"}
LIMITS = {
    "type": "Container",
    "min": {"cpu": "50m", "memory": "100Mi"},
    "max": {"cpu": "500m", "memory": "500Mi"},
    "default": {"cpu": "500m", "memory": "500Mi"},
    "defaultRequest": {"cpu": "100m", "memory": "200Mi"},
}


async def ask(
    session: aiohttp.ClientSession, method: str, path: str, *, code: int = 200, **more: Any
) -> Any:
    async with session.request(method, path, **more) as found:
        body = await found.json()
        assert found.status == code, body
        return body


def limit_range(name: str, **limits: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {"set": name}},
        "spec": {"limits": [{**LIMITS, **limits}]},
    }


def pod(name: str, **resources: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "pause", "resources": resources}
    return {"metadata": {"name": name}, "spec": {"containers": [container]}}


async def make_pod(session: aiohttp.ClientSession, *, code: int = 201, **wanted: Any) -> Any:
    return await ask(session, "POST", PODS, code=code, json=pod(**wanted))


def resources_of(made: Any) -> Any:
    return made["spec"]["containers"][0]["resources"]


@pytest.mark.conformance(
    "[sig-scheduling] LimitRange should create a LimitRange with defaults and ensure pod has "
    "those defaults applied.",
)
async def test_a_limit_range_fills_in_and_refuses(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        ranges = "/api/v1/namespaces/default/limitranges"
        account = {"metadata": {"name": "default"}}
        await ask(
            session, "POST", "/api/v1/namespaces/default/serviceaccounts", code=201, json=account
        )
        made = await ask(session, "POST", ranges, code=201, json=limit_range("a"))
        assert made["spec"]["limits"] == [LIMITS]
        assert await ask(session, "GET", f"{ranges}/a") == made

        none = await make_pod(session, name="none")
        assert resources_of(none) == {
            "requests": LIMITS["defaultRequest"],
            "limits": LIMITS["default"],
        }
        part = await make_pod(session, name="part", requests={"cpu": "300m"})
        assert resources_of(part) == {
            "requests": {"cpu": "300m", "memory": "200Mi"},
            "limits": LIMITS["default"],
        }
        for name, cpu in (("small", "10m"), ("large", "600m")):
            refused = await make_pod(
                session, name=name, code=403, requests={"cpu": cpu}, limits={"cpu": cpu}
            )
            assert "cpu usage per Container is" in refused["message"]

        wider = {"spec": {"limits": [{**LIMITS, "min": {"cpu": "5m"}}]}}
        await ask(session, "PATCH", f"{ranges}/a", json=wider, headers=MERGE)
        await make_pod(session, name="small", requests={"cpu": "10m"}, limits={"cpu": "10m"})
        await ask(session, "DELETE", f"{ranges}/a")
        assert resources_of(await make_pod(session, name="free")) == {}


@pytest.mark.conformance(
    "[sig-scheduling] LimitRange should list, patch and delete a LimitRange by collection",
)
async def test_limit_ranges_are_found_and_removed_by_label(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        for namespace in ("one", "two"):
            body = {"metadata": {"name": namespace}}
            await ask(session, "POST", "/api/v1/namespaces", code=201, json=body)
            path = f"/api/v1/namespaces/{namespace}/limitranges"
            await ask(session, "POST", path, code=201, json=limit_range("a"))
        both = "/api/v1/limitranges?labelSelector=set=a"
        assert len((await ask(session, "GET", both))["items"]) == 2

        first = "/api/v1/namespaces/one/limitranges"
        change = {"metadata": {"labels": {"patched": "yes"}}, "spec": {"limits": [LIMITS]}}
        patched = await ask(session, "PATCH", f"{first}/a", json=change, headers=MERGE)
        assert patched["metadata"]["labels"] == {"set": "a", "patched": "yes"}
        assert patched["spec"]["limits"] == [LIMITS]

        await ask(session, "DELETE", f"{first}?labelSelector=patched=yes")
        left = (await ask(session, "GET", both))["items"]
        assert [each["metadata"]["namespace"] for each in left] == ["two"]


@pytest.mark.conformance(
    "[sig-scheduling] SchedulerPreemption [Serial] PriorityClass endpoints verify PriorityClass "
    "endpoints can be operated with different HTTP methods",
)
async def test_of_a_priority_class_only_words_change(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        for name, value in (("p1", 1), ("p2", 2)):
            body = {"metadata": {"name": name}, "value": value, "description": name}
            await ask(session, "POST", CLASSES, code=201, json=body)
        listed = {
            each["metadata"]["name"] for each in (await ask(session, "GET", CLASSES))["items"]
        }
        assert {"p1", "p2", "system-cluster-critical", "system-node-critical"} <= listed

        change = {"description": "patched"}
        patched = await ask(session, "PATCH", f"{CLASSES}/p1", json=change, headers=MERGE)
        assert (patched["value"], patched["description"]) == (1, "patched")
        updated = await ask(
            session, "PUT", f"{CLASSES}/p2", json={**(await one(session, "p2")), **change}
        )
        assert (updated["value"], updated["description"]) == (2, "patched")

        writes: list[tuple[str, Any, dict[str, str]]] = [
            ("PATCH", {"value": 20}, MERGE),
            ("PUT", {**(await one(session, "p2")), "value": 20}, {}),
        ]
        for method, body, headers in writes:
            refused = await ask(
                session, method, f"{CLASSES}/p2", code=422, json=body, headers=headers
            )
            assert "may not be changed in an update" in refused["message"]
        assert (await one(session, "p2"))["value"] == 2


async def one(session: aiohttp.ClientSession, name: str) -> Any:
    return await ask(session, "GET", f"{CLASSES}/{name}")
