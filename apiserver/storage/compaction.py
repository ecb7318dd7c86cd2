"""Lets the store forget the past, so that it does not grow for ever."""

import asyncio
from collections.abc import Callable

import structlog

from apiserver.storage.store import Store, UnavailableError

COMPACT_EVERY_S = 300.0
"""Kubernetes' own: what is older than five minutes is forgotten within the next five."""

log = structlog.get_logger()


async def compact_regularly(
    store: Store,
    *,
    every_s: float = COMPACT_EVERY_S,
    forget: Callable[[int], None] = lambda revision: None,
) -> None:
    """Compact to the revision of one interval ago, each interval, until cancelled.

    `forget` is told of each revision that pages of lists may reach back to.

    Several API servers may do so on one store: each asks only for what is at
    least an interval old, and to compact twice does nothing.
    """
    previous = 0
    while True:
        try:
            newest = await store.revision()
            if previous:
                await store.compact(previous)
                forget(previous)
            previous = newest
        except UnavailableError as error:
            log.warning("cannot compact the store", error=str(error))
        await asyncio.sleep(every_s)
