"""Keeps a part of the server informed of one kind's objects, for as long as it runs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Never

import structlog

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, ListOptions, Request
from apiserver.storage.store import UnavailableError, UnknownOutcomeError
from knarr.api.errors import ExpiredError
from knarr.api.kind_table import kind_of
from knarr.api.structs import ApiStruct

log = structlog.get_logger()

WATCH_S = 3600
"""A watch that ends begins again from where it was."""

AGAIN_S = 1.0
"""When to go on after the store could not be reached."""

Replace = Callable[[Sequence[Any]], Awaitable[None]]
Change = Callable[[Sequence[tuple[Any, bool]]], Awaitable[None]]
"""With each object, whether it is gone."""


async def follow(
    registry: Registry, object_type: type[ApiStruct], *, replace: Replace, change: Change
) -> Never:
    """Tell all objects of a kind, then what changes, until cancelled.

    `replace` hears all there are, first and whenever changes may have been
    missed; `change` hears what came after, in its order. Either may raise that
    the store cannot be reached and is told the same again.
    """
    request = Request(user=SYSTEM, kind=kind_of(object_type))
    revision = ""
    while True:
        try:
            if not revision:
                page = await registry.list(request, ListOptions(resource_version="0"))
                await replace([entry.object for entry in page.entries])
                revision = str(page.revision)
            options = ListOptions(
                resource_version=revision, timeout_s=WATCH_S, allow_bookmarks=True
            )
            async for batch in await registry.watch(request, options):
                found = [
                    (e.entry.object, e.type == "DELETED") for e in batch if e.entry is not None
                ]
                if found:
                    await change(found)
                revision = str(batch[-1].revision)
        except ExpiredError:
            revision = ""
        except (UnavailableError, UnknownOutcomeError) as error:
            # From here or from what was told: it hears the same again.
            log.warning("cannot follow for now", kind=request.kind.name, error=str(error))
            await asyncio.sleep(AGAIN_S)
