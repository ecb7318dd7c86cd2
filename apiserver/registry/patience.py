"""Waits at the start for a store that is not there yet, as etcd while it elects a leader."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from apiserver.storage.store import UnavailableError, UnknownOutcomeError

TRIES_MAX = 60
"""So often, a second apart; then the process had better end and say why."""

AGAIN_S = 1.0

log = structlog.get_logger()


async def patiently(write: Callable[[], Awaitable[object]]) -> None:
    """Do what may be done twice, again while the store cannot be reached."""
    for _ in range(TRIES_MAX):
        try:
            await write()
        except (UnavailableError, UnknownOutcomeError) as error:
            log.warning("waiting for the store", error=str(error))
            await asyncio.sleep(AGAIN_S)
        else:
            return
    await write()
