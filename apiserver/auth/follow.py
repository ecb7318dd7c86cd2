"""Keeps the RBAC index as the objects are, and makes the objects it begins with."""

import asyncio
from collections.abc import Callable

from apiserver.auth.bootstrap_policy import bootstrap_objects
from apiserver.auth.rbac import RBAC_TYPES, Rbac
from apiserver.registry.patience import patiently
from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, ListOptions, Request
from knarr.api.errors import AlreadyExistsError, ExpiredError
from knarr.api.kinds import kind_of
from knarr.api.structs import ApiStruct

WATCH_S = 3600
"""A watch that ends begins again from where it was."""

MADE_AT_ONCE_MAX = 32
"""Objects made side by side at the start."""


async def follow_roles(registry: Registry, rbac: Rbac, ready: asyncio.Event) -> None:
    """Feed every role and binding into the index until cancelled."""
    left = set(RBAC_TYPES)

    async def follow(object_type: type[ApiStruct]) -> None:
        revision = ""
        while True:
            try:
                revision = await _follow_once(registry, rbac, object_type, revision, loaded)
            except ExpiredError:
                revision = ""

    def loaded(object_type: type[ApiStruct]) -> None:
        left.discard(object_type)
        if not left:
            ready.set()

    async with asyncio.TaskGroup() as group:
        for object_type in RBAC_TYPES:
            group.create_task(follow(object_type), name=f"rbac {object_type.__name__}")


async def _follow_once(
    registry: Registry,
    rbac: Rbac,
    object_type: type[ApiStruct],
    revision: str,
    loaded: Callable[[type[ApiStruct]], None],
) -> str:
    request = Request(user=SYSTEM, kind=kind_of(object_type))
    if not revision:
        page = await registry.list(request, ListOptions(resource_version="0"))
        rbac.replace(object_type, [entry.object for entry in page.entries])
        revision = str(page.revision)
        loaded(object_type)
    options = ListOptions(resource_version=revision, timeout_s=WATCH_S, allow_bookmarks=True)
    async for batch in await registry.watch(request, options):
        for event in batch:
            revision = str(event.revision)
            if event.entry is None:
                continue
            if event.type == "DELETED":
                rbac.remove(event.entry.object)
            else:
                rbac.put(event.entry.object)
    return revision


async def make_roles(registry: Registry) -> None:
    """Make the roles and bindings every cluster begins with, as far as they are not there."""
    places = asyncio.Semaphore(MADE_AT_ONCE_MAX)

    async def make(obj: ApiStruct) -> None:
        meta = obj.metadata  # type: ignore[attr-defined]  # every kind has metadata
        request = Request(user=SYSTEM, kind=kind_of(type(obj)), namespace=meta.namespace)
        async with places:
            try:
                await patiently(lambda: registry.create(request, Body(obj)))
            except AlreadyExistsError:
                return

    async with asyncio.TaskGroup() as group:
        for obj in bootstrap_objects():
            group.create_task(make(obj), name="role")
