"""Gives up long work for a pod that is about to end."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from kubelet.runtime.runtime import RuntimeFailureError

T = TypeVar("T")


async def unless(leaving: asyncio.Event, work: Coroutine[Any, Any, T]) -> T:
    """What the work answers. Raise RuntimeFailureError as it does, or once the pod is to end."""
    async with asyncio.TaskGroup() as group:
        working = group.create_task(_outcome(work))
        watching = group.create_task(_cancel_when(leaving, working))
        working.add_done_callback(lambda _: watching.cancel())
    if working.cancelled():
        raise RuntimeFailureError("ContainerCreating", "the pod ends")
    outcome = working.result()
    if isinstance(outcome, RuntimeFailureError):
        raise outcome
    return outcome


async def _outcome(work: Coroutine[Any, Any, T]) -> T | RuntimeFailureError:
    """A failure as an answer, so that no group of failures is made of it."""
    try:
        return await work
    except RuntimeFailureError as error:
        return error


async def _cancel_when(leaving: asyncio.Event, working: "asyncio.Task[T]") -> None:
    await leaving.wait()
    working.cancel()
