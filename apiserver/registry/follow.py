"""Keeps a part of the server informed of one kind's objects, for as long as it runs."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Never

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, ListOptions, Request
from knarr.api.errors import ExpiredError
from knarr.api.kinds import kind_of
from knarr.api.structs import ApiStruct

WATCH_S = 3600
"""A watch that ends begins again from where it was."""

Replace = Callable[[Sequence[Any]], Awaitable[None]]
Change = Callable[[Sequence[tuple[Any, bool]]], Awaitable[None]]
"""With each object, whether it is gone."""


async def follow(
    registry: Registry, object_type: type[ApiStruct], *, replace: Replace, change: Change
) -> Never:
    """Tell all objects of a kind, then what changes, until cancelled.

    `replace` hears all there are, first and whenever changes may have been
    missed; `change` hears what came after, in its order.
    """
    revision = ""
    while True:
        try:
            revision = await _follow(registry, object_type, revision, replace, change)
        except ExpiredError:
            revision = ""


async def _follow(
    registry: Registry,
    object_type: type[ApiStruct],
    revision: str,
    replace: Replace,
    change: Change,
) -> str:
    request = Request(user=SYSTEM, kind=kind_of(object_type))
    if not revision:
        page = await registry.list(request, ListOptions(resource_version="0"))
        await replace([entry.object for entry in page.entries])
        revision = str(page.revision)
    options = ListOptions(resource_version=revision, timeout_s=WATCH_S, allow_bookmarks=True)
    async for batch in await registry.watch(request, options):
        found = [(e.entry.object, e.type == "DELETED") for e in batch if e.entry is not None]
        if found:
            await change(found)
        revision = str(batch[-1].revision)
    return revision
