"""Follows the APIServices and keeps what is known of the servers they name.

A task a server asks it what it serves: at once, when the endpoints of its
Service change, and from time to time; what came of it is its condition.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

import structlog
from msgspec.structs import replace

from apiserver.aggregation.connection import ExtensionConnections, UnreachableError
from apiserver.aggregation.extension import Extension
from apiserver.registry import failures
from apiserver.registry.follow import WATCH_S, follow
from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, ListOptions, Request, User
from apiserver.storage.store import UnavailableError, UnknownOutcomeError
from knarr.api.apiregistration.api_service import APIService, APIServiceCondition
from knarr.api.conditions import set_condition
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.errors import ApiError
from knarr.api.foreign import Foreign
from knarr.api.kind_table import kind_of

log = structlog.get_logger()

LOOK_AGAIN_S = 30.0
"""How often a server that answers is asked again."""

RETRY_S = 2.0
"""How often one is asked that does not answer."""


class Extensions:
    """The servers that answer for groups of their own."""

    def __init__(self, registry: Registry, connections: ExtensionConnections) -> None:
        self._registry = registry
        self.connections = connections
        self.table: Mapping[str, Extension] = {}
        """By group and version, as `group/version`."""
        self.changes = 0
        """Grows whenever discovery or documents are others than before."""
        self.loaded = asyncio.Event()
        """Set when what is registered at the start is known."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None

    def of(self, raw: str) -> Extension | None:
        """The server that answers for a path, None when we do."""
        if not self.table or not raw.startswith("/apis/"):
            return None
        group_version = "/".join(raw.split("/", 4)[2:4])
        return self.table.get(group_version)

    async def ask(self, user: User, foreign: Foreign) -> bytes:
        """What one of the servers answers a user. Raise ApiError."""
        extension = self.table.get(f"{foreign.group}/{foreign.version}")
        if extension is None:
            raise failures.nobody_answers(foreign)
        if not extension.available:
            raise failures.nobody_reached(foreign)
        return await extension.read(self.connections, user, foreign)

    async def run(self) -> None:
        """Follow the APIServices until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await follow(self._registry, APIService, replace=self._replace, change=self._change)

    async def _replace(self, services: Sequence[APIService]) -> None:
        for name in set(self._tasks) - {each.metadata.name for each in services}:
            self._drop(name)
        for each in services:
            await self._take(each)
        self.loaded.set()

    async def _change(self, found: Sequence[tuple[APIService, bool]]) -> None:
        for service, is_gone in found:
            if is_gone:
                self._drop(service.metadata.name)
            else:
                await self._take(service)

    async def _take(self, service: APIService) -> None:
        name, spec = service.metadata.name, service.spec
        known = self.table.get(f"{spec.group}/{spec.version}")
        if spec.service is None:
            self._drop(name)
            if not service.status.conditions:
                told = "Local APIServices are always available"
                await self._say(name, is_available=True, reason="Local", message=told)
            return
        if known is not None and known.spec == spec:
            return
        self._drop(name)
        extension = Extension(name, spec)
        self.table = {**self.table, extension.group_version: extension}
        self.changes += 1
        assert self._group is not None, "APIServices are followed while the server runs"
        self._tasks[name] = self._group.create_task(self._keep(extension), name=f"check {name}")

    def _drop(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            self.table = {key: each for key, each in self.table.items() if each.name != name}
            self.changes += 1

    async def _keep(self, extension: Extension) -> None:
        while True:
            try:
                await self._check(extension)
            except (UnavailableError, UnknownOutcomeError) as error:
                log.warning("cannot say what became of it", name=extension.name, error=str(error))
            rest_s = LOOK_AGAIN_S if extension.available else RETRY_S
            with suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._endpoints_change(extension)

    async def _check(self, extension: Extension) -> None:
        before = (extension.available, extension.resources, extension.open_api)
        reason, message = "Passed", "all checks passed"
        try:
            await extension.check(self.connections)
            extension.available = True
        except UnreachableError as error:
            extension.available = False
            reason, message = error.reason, error.message
        if extension.available and (not before[0] or before[1] != extension.resources):
            await extension.describe(self.connections)
        if (extension.available, extension.resources, extension.open_api) != before:
            self.changes += 1
        await self._say(
            extension.name, is_available=extension.available, reason=reason, message=message
        )

    async def _say(self, name: str, *, is_available: bool, reason: str, message: str) -> None:
        """Write the condition where it is another than before."""
        core = self._registry.core
        wanted = APIServiceCondition(
            type="Available",
            status="True" if is_available else "False",
            reason=reason,
            message=message,
        )
        while True:
            found: APIService | None = await core.get_live(APIService, "", name)
            if found is None:
                return
            conditions = set_condition(found.status.conditions, wanted, core.clock.now())
            if conditions == found.status.conditions:
                return
            status = replace(found.status, conditions=conditions)
            if await core.write_status(replace(found, status=status)):
                log.info("an extension is judged", name=name, available=is_available, why=message)
                return

    async def _endpoints_change(self, extension: Extension) -> None:
        """Return when what the Service leads to is another than now."""
        reference = extension.spec.service
        assert reference is not None, "only servers elsewhere are watched"
        request = Request(user=SYSTEM, kind=kind_of(EndpointSlice), namespace=reference.namespace)
        selector = f"kubernetes.io/service-name={reference.name}"
        try:
            page = await self._registry.list(request, ListOptions(label_selector=selector))
            options = ListOptions(
                label_selector=selector, resource_version=str(page.revision), timeout_s=WATCH_S
            )
            async for batch in await self._registry.watch(request, options):
                if batch:
                    return
        except ApiError:
            await asyncio.sleep(RETRY_S)
