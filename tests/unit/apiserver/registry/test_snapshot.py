"""A snapshot put back: what is missing comes, what is more goes, the machinery stays."""

import asyncio
import json
from typing import Any

import pytest

from apiserver.registry import snapshot
from apiserver.storage.memory import MemoryStore

Json = dict[str, Any]


def value(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def node(taints: list[Json], labels: Json, heard: str) -> bytes:
    return value(metadata={"name": "n", "labels": labels}, spec={"taints": taints}, status=heard)


BEFORE = {
    "/registry/namespaces/default": value(a=1),
    "/registry/configmaps/default/kept": value(a=1),
    "/registry/configmaps/default/changed": value(a=1),
    "/registry/pods/default/gone": value(a=1),
}


async def changed_store() -> MemoryStore:
    store = MemoryStore()
    for key, what in BEFORE.items():
        await store.create(key, what)
    await store.create("/registry/events/default/e", value(a=1))
    return store


def test_it_goes_back() -> None:
    async def story() -> None:
        store = await changed_store()
        kept = dict(await snapshot.save(store))
        assert kept == BEFORE, "events are not kept"
        gone = await store.get("/registry/pods/default/gone")
        old = await store.get("/registry/configmaps/default/changed")
        assert gone is not None
        assert old is not None
        await store.delete(gone.key, expected=gone.revision)
        await store.update(old.key, value(a=2), expected=old.revision)
        for key in ("pods/default/new", "deployments/default/new", "namespaces/new"):
            await store.create(f"/registry/{key}", value(a=1))
        done = await snapshot.restore(store, kept)
        assert (done.written, done.removed) == (2, 3)
        assert dict(await snapshot.save(store)) == BEFORE
        assert await store.get("/registry/events/default/e") is None
        again = await snapshot.restore(store, kept)
        assert (again.written, again.removed) == (0, 0), "nothing is left to do"

    asyncio.run(story())


def test_rules_that_a_role_gathers_stay() -> None:
    async def story() -> None:
        role = {"metadata": {"name": "view"}, "aggregationRule": {"a": 1}, "rules": []}
        key, store = "/registry/clusterroles/view", MemoryStore()
        made = await store.create(key, value(**role))
        wanted = dict(await snapshot.save(store))
        made = await store.update(key, value(**{**role, "rules": [1]}), expected=made)
        assert (await snapshot.restore(store, wanted)).written == 0
        await store.update(key, value(**{**role, "aggregationRule": {}}), expected=made)
        assert (await snapshot.restore(store, wanted)).written == 1

    asyncio.run(story())


@pytest.mark.parametrize(
    "key",
    [
        "leases/kube-node-lease/n",
        "services/specs/default/kubernetes",
        "services/endpoints/kube-system/kube-dns",
        "endpointslices/kube-system/kube-dns-x1",
        "configmaps/default/kube-root-ca.crt",
        "serviceaccounts/default/default",
        "minions/another",
        "clusterroles/system:made-later",
    ],
)
def test_the_clusters_own_stays(key: str) -> None:
    async def story() -> None:
        store = await changed_store()
        await store.create(f"/registry/{key}", value(metadata={}, now=1))
        wanted = {**BEFORE, f"/registry/{key}": value(metadata={}, before=1)}
        if key.startswith(("configmaps", "serviceaccounts", "minions", "clusterroles")):
            wanted = BEFORE
        done = await snapshot.restore(store, wanted)
        assert (done.written, done.removed) == (0, 0)

    asyncio.run(story())


def test_a_node_keeps_what_it_says_and_loses_what_people_did() -> None:
    async def story() -> None:
        store = MemoryStore()
        ours = {"key": "a", "effect": "NoSchedule"}
        own = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
        await store.create("/registry/minions/n", node([ours], {"x": "y"}, "now"))
        await snapshot.restore(store, {"/registry/minions/n": node([own], {"z": "1"}, "before")})
        found = await store.get("/registry/minions/n")
        assert found is not None
        assert json.loads(found.value) == {
            "metadata": {"name": "n", "labels": {"z": "1"}}, "spec": {}, "status": "now",
        }  # fmt: skip

    asyncio.run(story())
