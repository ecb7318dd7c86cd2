"""Runs a daemon: one coroutine that a signal cancels.

`async with` blocks unwind from the inside out, a bug in any task ends the
process with status 1, and whoever supervises it starts it again.
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog
import uvloop

from knarr.daemon.settings import SettingsError

log = structlog.get_logger()

T = TypeVar("T")

SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""What asks a daemon to stop. The second one ends it at once."""


YOUNG_OBJECTS_MAX = 50_000
"""New objects before Python looks for cycles among them. A write makes hundreds and no cycles;
with Python's own 700 the looking costs a third of the time of a cluster in one process."""


def spare_collections() -> None:
    """Leave alone what the process began with, and look for cycles less often."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(YOUNG_OBJECTS_MAX, 20, 50)


async def _supervise(name: str, main: Coroutine[Any, Any, None]) -> None:
    """Await `main`; the first signal cancels it, the second one kills."""
    this = asyncio.current_task()
    assert this is not None, "a coroutine runs in a task"
    loop = asyncio.get_running_loop()
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if stopping:
            os._exit(1)
        stopping = True
        this.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        await main
    except asyncio.CancelledError:
        if not stopping:
            raise
    log.info("stopped", daemon=name)


def run_daemon(name: str, main: Coroutine[Any, Any, None]) -> None:
    """Run `main` until it fails or the process is told to stop.

    A wrong setting is one line on standard error and status 1; any other
    failure is logged with where it came from, and status 1 too.
    """
    spare_collections()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_supervise(name, main))
    except Exception as error:
        told = setting_at_fault(error)
        if told is None:
            log.exception("failed", daemon=name)
        else:
            sys.stderr.write(f"{name}: {told}\n")
        raise SystemExit(1) from None


def setting_at_fault(error: BaseException) -> SettingsError | None:
    """The wrong setting that a failure comes down to, if it is one."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error if isinstance(error, SettingsError) else None


def run_once(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a command to its end and answer what it answers."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())
