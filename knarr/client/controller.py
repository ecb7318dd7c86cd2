"""Runs a controller: workers that take keys and have them reconciled.

A reconciler has three answers and no flags: it returns None (done) or seconds
(look again then), raises (again, with backoff), or raises TerminalError (only
a change can help).
"""

import asyncio
from collections.abc import Hashable
from typing import Protocol, TypeVar

import structlog

from knarr.api.errors import ApiError, ConflictError
from knarr.client.queue import WorkQueue

log = structlog.get_logger()

K = TypeVar("K", bound=Hashable)

WORKERS = 5
"""How many keys a controller works on at once, as Kubernetes' controllers do."""


class TerminalError(Exception):
    """Trying again is of no use; only a change of the object can help."""


class Reconciler(Protocol[K]):
    """Makes the world match what one object wants."""

    @property
    def name(self) -> str:
        """The controller's name in logs and metrics."""
        ...

    @property
    def queue(self) -> WorkQueue[K]:
        """The keys to look at; whoever makes the reconciler feeds it."""
        ...

    async def reconcile(self, key: K) -> float | None:
        """Read the present and make it match; answer in how many seconds to look again."""
        ...


async def run_controller(reconciler: Reconciler[K], *, workers: int = WORKERS) -> None:
    """Reconcile key after key until cancelled. The informers should be listed by then."""
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(workers):
                group.create_task(_work(reconciler), name=f"{reconciler.name}-{number}")
    finally:
        reconciler.queue.close()


async def _work(reconciler: Reconciler[K]) -> None:
    while True:
        async with reconciler.queue.take() as key:
            await _reconcile_once(reconciler, key)


async def _reconcile_once(reconciler: Reconciler[K], key: K) -> None:
    queue = reconciler.queue
    try:
        again_after_s = await reconciler.reconcile(key)
    except TerminalError as error:
        log.warning("reconcile gave up", controller=reconciler.name, key=str(key), error=str(error))
        queue.forget(key)
    except ConflictError:
        queue.retry(key)  # Someone else was faster; the informer will show us what they did.
    except ApiError as error:
        # The server's refusal says all there is to say: no traceback.
        log.warning("reconcile failed", controller=reconciler.name, key=str(key), error=str(error))
        queue.retry(key)
    except Exception:
        log.exception("reconcile failed", controller=reconciler.name, key=str(key))
        queue.retry(key)
    else:
        queue.forget(key)
        if again_after_s is not None:
            queue.add_after(key, again_after_s)
