"""Follows the CustomResourceDefinitions, and serves the kinds they define.

A definition whose names are free is established and served at once; a changed
one is served as it now is; one that is deleted goes when its objects are gone.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from msgspec.structs import replace

from apiserver.custom.api_services import APIServices
from apiserver.custom.conditions import CLEANUP, is_established, judged, terminating
from apiserver.custom.versions import (
    custom_versions,
    kind_of_version,
    open_api_schema,
    stored_version,
)
from apiserver.extensions.calls import Calls
from apiserver.registry.follow import WATCH_S, follow
from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, ListOptions, Request
from knarr.api.apiextensions.custom_resource_definition import (
    CustomResourceDefinition,
    CustomResourceDefinitionSpec,
)
from knarr.api.errors import ApiError
from knarr.api.kind import Kind
from knarr.api.meta.options import DeleteOptions

log = structlog.get_logger()

LOOK_AGAIN_S = 5
"""How long a cleanup that was disturbed rests before it looks again."""

Schemas = Mapping[tuple[str, str, str], dict[str, Any]]


class CustomResources:
    """The kinds that are defined, as the registry serves them."""

    def __init__(self, registry: Registry, calls: Calls) -> None:
        self._registry = registry
        self._calls = calls
        self._known: dict[str, CustomResourceDefinition] = {}
        self._served: dict[str, CustomResourceDefinitionSpec] = {}
        self._rows: dict[str, tuple[Kind, ...]] = {}
        self._cleaning: set[str] = set()
        self.api_services = APIServices(registry)
        self._group: asyncio.TaskGroup | None = None
        self.loaded = asyncio.Event()
        """Set when what is defined at the start is served."""

    def schemas(self) -> Schemas:
        """The schemas of all kinds served, by group, version and kind."""
        found = {}
        for name in self._rows:
            definition = self._known[name]
            for version in definition.spec.versions:
                kind = kind_of_version(definition, version)
                found[kind.group, kind.version, kind.name] = open_api_schema(version)
        return found

    async def run(self) -> None:
        """Follow the definitions until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await follow(
                self._registry,
                CustomResourceDefinition,
                replace=self._replace,
                change=self._change,
            )

    async def _replace(self, definitions: Sequence[CustomResourceDefinition]) -> None:
        present = {each.metadata.name for each in definitions}
        for name in [name for name in self._known if name not in present]:
            await self._gone(self._known[name])
        # Those that hold their names already come before those that only ask.
        for definition in sorted(definitions, key=is_established, reverse=True):
            self._known[definition.metadata.name] = definition
        for definition in sorted(definitions, key=is_established, reverse=True):
            await self._changed(definition)
        self.loaded.set()
        await self.api_services.keep()

    async def _change(self, found: Sequence[tuple[CustomResourceDefinition, bool]]) -> None:
        for definition, is_gone in found:
            if is_gone:
                await self._gone(definition)
            else:
                await self._changed(definition)
        await self.api_services.keep()

    async def _gone(self, definition: CustomResourceDefinition) -> None:
        name = definition.metadata.name
        self._known.pop(name, None)
        self._withdraw(name)
        for other in self._of_group(definition):
            await self._changed(other)

    def _of_group(self, definition: CustomResourceDefinition) -> list[CustomResourceDefinition]:
        return [
            each
            for name, each in self._known.items()
            if each.spec.group == definition.spec.group and name != definition.metadata.name
        ]

    async def _changed(self, definition: CustomResourceDefinition) -> None:
        name = definition.metadata.name
        self._known[name] = definition
        if definition.metadata.deletion_timestamp is not None:
            self._clean_up(definition)
            if not is_established(definition):
                return
        else:
            core = self._registry.core
            status = judged(definition, self._of_group(definition), core.time_text())
            if status != definition.status:
                definition = replace(definition, status=status)
                if not await core.write_status(definition):
                    return  # Somebody changed it, and that will be seen.
                self._known[name] = definition
        if is_established(definition):
            await self._serve(definition)

    async def _serve(self, definition: CustomResourceDefinition) -> None:
        name = definition.metadata.name
        core = self._registry.core
        versions, enrich = custom_versions(definition, core, self._calls)
        served = {each.name for each in definition.spec.versions if each.served}
        rows = tuple(each.kind for each in versions if each.kind.version in served)
        if self._served.get(name) == definition.spec and self._rows.get(name) == rows:
            return
        stored = next(
            each for each in versions if each.kind.version == stored_version(definition).name
        )
        await core.serve_custom(stored, versions, enrich)
        kinds = self._registry.kinds
        for row in self._rows.get(name, ()):
            kinds.remove(row)
        for row in rows:
            kinds.add(row)
        self._rows[name], self._served[name] = rows, definition.spec

    def _withdraw(self, name: str) -> None:
        for row in self._rows.pop(name, ()):
            self._registry.kinds.remove(row)
            self._registry.core.withdraw(row)
        self._served.pop(name, None)

    def _clean_up(self, definition: CustomResourceDefinition) -> None:
        name = definition.metadata.name
        if CLEANUP not in definition.metadata.finalizers or name in self._cleaning:
            return
        assert self._group is not None, "definitions are followed while the server runs"
        self._cleaning.add(name)
        self._group.create_task(self._cleaned(definition), name=f"cleanup of {name}")

    async def _cleaned(self, definition: CustomResourceDefinition) -> None:
        name = definition.metadata.name
        try:
            while (found := self._known.get(name)) is not None:
                try:
                    await self._clean(found)
                except ApiError as error:
                    log.warning("cannot clean up", definition=name, error=str(error))
                    await asyncio.sleep(LOOK_AGAIN_S)
                else:
                    return
        finally:
            self._cleaning.discard(name)

    async def _clean(self, definition: CustomResourceDefinition) -> None:
        """Delete the objects, wait until the last is gone, let the definition go."""
        told = "CustomResource deletion is in progress"
        await self._say(definition, "InstanceDeletionInProgress", told, status="True")
        kind = next(iter(self._rows.get(definition.metadata.name, ())), None)
        if kind is not None:
            await self._delete_all(kind)
        await self._say(
            definition, "InstanceDeletionCompleted", "removed all instances", status="False"
        )

    async def _delete_all(self, kind: Kind) -> None:
        request = Request(user=SYSTEM, kind=kind)
        page = await self._registry.list(request, ListOptions())
        for entry in page.entries:
            meta = entry.object.metadata  # type: ignore[attr-defined]  # every object has metadata
            one = replace_place(request, meta.namespace, meta.name)
            await self._registry.delete(one, DeleteOptions())
        left = {entry.key for entry in page.entries}
        options = ListOptions(resource_version=str(page.revision), timeout_s=WATCH_S)
        if not left:
            return
        async for batch in await self._registry.watch(request, options):
            left -= {event.entry.key for event in batch if event.type == "DELETED" and event.entry}
            if not left:
                return

    async def _say(
        self, definition: CustomResourceDefinition, reason: str, message: str, *, status: str
    ) -> None:
        """Note how far the deletion is; with the last word the finalizer goes too."""
        core = self._registry.core
        resource = core.resource(CustomResourceDefinition)
        while True:
            entry = await core.newest(resource, resource.key("", definition.metadata.name))
            if entry is None:
                return
            found: Any = entry.object
            made = replace(
                found, status=terminating(found, reason, message, core.time_text(), status=status)
            )
            if status == "True":
                if await core.write_status(made):
                    return
            elif await self._let_go(made):
                return

    async def _let_go(self, definition: CustomResourceDefinition) -> bool:
        core = self._registry.core
        resource = core.resource(CustomResourceDefinition)
        meta = definition.metadata
        left = tuple(each for each in meta.finalizers if each != CLEANUP)
        made = replace(definition, metadata=replace(meta, finalizers=left))
        if left:
            return await core.write_status(made)
        return await core.erase(resource, resource.key("", meta.name), made)


def replace_place(request: Request, namespace: str, name: str) -> Request:
    """The same request about one object."""
    return Request(user=request.user, kind=request.kind, namespace=namespace, name=name)
