"""Garbage collection, Namespaces and quotas know the kinds that users define."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from apiserver.custom.controller import CustomResources
from apiserver.extensions.calls import Calls
from apiserver.registry.request import SYSTEM, Body, ListOptions, PatchType, Request
from knarr.api.apiextensions.custom_resource_definition import CustomResourceDefinition
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.namespace import Namespace
from knarr.api.core.resource_quota import ResourceQuota
from knarr.api.errors import ForbiddenError, NotFoundError
from knarr.api.keys import Key
from knarr.api.kind import Kind
from knarr.api.kind_table import kind_of
from knarr.api.meta.options import DeleteOptions
from tests.simulation.faults import Weather
from tests.simulation.virtual import run
from tests.simulation.world import World, world

WIDGETS = Kind("example.com", "v1", "widgets", "Widget", "")
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget", "singular": "widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
    },
}


class Widgets:
    """A world in which there are widgets."""

    def __init__(self, made: World) -> None:
        self.world = made

    async def create(self, kind: Kind, manifest: dict[str, Any]) -> str:
        """Make an object and answer its uid."""
        namespace = manifest["metadata"].get("namespace", "")
        request = Request(user=SYSTEM, kind=kind, namespace=namespace)
        answer = await self.world.registry.create(request, Body(json.dumps(manifest).encode()))
        found: str = json.loads(answer.body)["metadata"]["uid"]
        return found

    async def widget(
        self,
        name: str,
        namespace: str = "default",
        owner: dict[str, Any] | None = None,
        **meta: Any,
    ) -> str:
        owners = {"ownerReferences": [owner]} if owner else {}
        metadata = {"name": name, "namespace": namespace, **owners, **meta}
        manifest = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata}
        return await self.create(WIDGETS, manifest)

    async def config_map(self, name: str, owner: dict[str, Any] | None = None) -> str:
        owners = {"ownerReferences": [owner]} if owner else {}
        metadata = {"name": name, "namespace": "default", **owners}
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        return await self.create(kind_of(ConfigMap), manifest)

    async def count(self) -> int:
        page = await self.world.registry.list(Request(user=SYSTEM, kind=WIDGETS), ListOptions())
        return len(page.entries)

    async def delete(self, name: str, namespace: str = "default") -> None:
        request = Request(user=SYSTEM, kind=WIDGETS, namespace=namespace, name=name)
        await self.world.registry.delete(request, DeleteOptions())

    async def is_gone(self, object_type: Any, key: Key) -> bool:
        try:
            await self.world.client.get(object_type, key)
        except NotFoundError:
            return True
        return False


@asynccontextmanager
async def widgets() -> AsyncIterator[Widgets]:
    async with world(1, Weather()) as made:
        custom = made.group.create_task(CustomResources(made.registry, Calls()).run())
        own = Widgets(made)
        await own.create(kind_of(CustomResourceDefinition), DEFINITION)
        row = ("example.com", "v1", "widgets")
        while made.registry.kinds.by_resource(*row) is None:
            await asyncio.sleep(0.1)
        await asyncio.sleep(2.0)
        try:
            yield own
        finally:
            custom.cancel()


def story(tell: Callable[[Widgets], Awaitable[None]]) -> None:
    """Run it in virtual time."""

    async def main() -> None:
        async with widgets() as own:
            await tell(own)

    run(main())


def reference(kind: str, name: str, uid: str) -> dict[str, Any]:
    api_version = "v1" if kind == "ConfigMap" else "example.com/v1"
    return {"apiVersion": api_version, "kind": kind, "name": name, "uid": uid}


def test_what_a_custom_object_owns_goes_with_it() -> None:
    async def tell(own: Widgets) -> None:
        uid = await own.widget("owner")
        await own.widget("dependent", owner=reference("Widget", "owner", uid))
        await own.config_map("dependent", owner=reference("Widget", "owner", uid))
        await own.config_map("lost", owner=reference("Widget", "never", "no-such-uid"))
        await asyncio.sleep(5.0)
        assert await own.is_gone(ConfigMap, Key("default", "lost"))
        assert await own.count() == 2
        await own.delete("owner")
        await asyncio.sleep(5.0)
        assert await own.count() == 0
        assert await own.is_gone(ConfigMap, Key("default", "dependent"))

    story(tell)


def test_what_a_custom_object_owned_stays_when_it_is_to() -> None:
    async def tell(own: Widgets) -> None:
        uid = await own.widget("owner")
        await own.widget("dependent", owner=reference("Widget", "owner", uid))
        await asyncio.sleep(2.0)
        request = Request(user=SYSTEM, kind=WIDGETS, namespace="default", name="owner")
        await own.world.registry.delete(request, DeleteOptions(propagation_policy="Orphan"))
        await asyncio.sleep(40.0)
        assert await own.count() == 1

    story(tell)


def test_custom_objects_go_with_their_owner() -> None:
    async def tell(own: Widgets) -> None:
        uid = await own.config_map("owner")
        await own.widget("dependent", owner=reference("ConfigMap", "owner", uid))
        await own.world.client.delete(ConfigMap, Key("default", "owner"))
        await asyncio.sleep(5.0)
        assert await own.count() == 0

    story(tell)


def test_what_custom_objects_own_goes_with_their_definition() -> None:
    async def tell(own: Widgets) -> None:
        uid = await own.widget("owner")
        await own.config_map("dependent", owner=reference("Widget", "owner", uid))
        await asyncio.sleep(2.0)
        await own.world.client.delete(CustomResourceDefinition, Key("", "widgets.example.com"))
        await asyncio.sleep(10.0)
        assert await own.is_gone(ConfigMap, Key("default", "dependent"))
        await own.create(kind_of(CustomResourceDefinition), DEFINITION)
        await asyncio.sleep(5.0)
        uid = await own.widget("again")
        await own.config_map("again", owner=reference("Widget", "again", uid))
        await asyncio.sleep(2.0)
        await own.delete("again")
        await asyncio.sleep(5.0)
        assert await own.is_gone(ConfigMap, Key("default", "again"))

    story(tell)


def test_a_namespace_waits_for_its_custom_objects() -> None:
    async def tell(own: Widgets) -> None:
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "full"}}
        await own.create(kind_of(Namespace), manifest)
        await own.widget("held", "full", finalizers=["example.com/hold"])
        await own.widget("free", "full")
        await own.world.client.delete(Namespace, Key("", "full"))
        await asyncio.sleep(10.0)
        assert await own.count() == 1
        left = await own.world.client.get(Namespace, Key("", "full"))
        told = [each.message for each in left.status.conditions if each.status == "True"]
        assert told == [
            "Some resources are remaining: widgets.example.com has 1 resource instances",
            "Some content in the namespace has finalizers remaining: "
            "example.com/hold in 1 resource instances",
        ]
        request = Request(user=SYSTEM, kind=WIDGETS, namespace="full", name="held")
        free = Body(b'{"metadata":{"finalizers":null}}')
        await own.world.registry.patch(request, PatchType.MERGE, free)
        await asyncio.sleep(10.0)
        assert await own.is_gone(Namespace, Key("", "full"))

    story(tell)


def test_a_quota_counts_custom_objects() -> None:
    async def tell(own: Widgets) -> None:
        counted = "count/widgets.example.com"
        await own.create(
            kind_of(ResourceQuota),
            {
                "apiVersion": "v1",
                "kind": "ResourceQuota",
                "metadata": {"name": "few", "namespace": "default"},
                "spec": {"hard": {counted: "2"}},
            },
        )

        async def used() -> str:
            await asyncio.sleep(5.0)
            found = await own.world.client.get(ResourceQuota, Key("default", "few"))
            return str(found.status.used.get(counted))

        assert await used() == "0"
        await own.widget("a")
        await own.widget("b")
        with pytest.raises(ForbiddenError, match="exceeded quota: few"):
            await own.widget("c")
        assert await used() == "2"
        await own.delete("a")
        assert await used() == "1"

    story(tell)
