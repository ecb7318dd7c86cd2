"""Keeps the RBAC index as the objects are, and makes the objects it begins with."""

import asyncio
from collections.abc import Sequence
from typing import Any

from apiserver.auth.bootstrap_policy import bootstrap_objects
from apiserver.auth.rbac import RBAC_TYPES, Rbac
from apiserver.registry.follow import follow
from apiserver.registry.patience import patiently
from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, Request
from knarr.api.errors import AlreadyExistsError
from knarr.api.kind_table import kind_of
from knarr.api.structs import ApiStruct

MADE_AT_ONCE_MAX = 32
"""Objects made side by side at the start."""


async def follow_roles(registry: Registry, rbac: Rbac, ready: asyncio.Event) -> None:
    """Feed every role and binding into the index until cancelled."""
    left = set(RBAC_TYPES)

    async def keep(object_type: type[ApiStruct]) -> None:
        async def replace(objects: Sequence[Any]) -> None:
            rbac.replace(object_type, objects)
            left.discard(object_type)
            if not left:
                ready.set()

        await follow(registry, object_type, replace=replace, change=change)

    async def change(found: Sequence[tuple[Any, bool]]) -> None:
        for obj, is_gone in found:
            if is_gone:
                rbac.remove(obj)
            else:
                rbac.put(obj)

    async with asyncio.TaskGroup() as group:
        for object_type in RBAC_TYPES:
            group.create_task(keep(object_type), name=f"rbac {object_type.__name__}")


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
