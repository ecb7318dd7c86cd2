"""A thread that does one job after the other for an event loop."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")

Done = Callable[[BaseException | None], None]
"""Called on the event loop with what went wrong, or None."""


class Writer:
    """Does jobs in order, and `idle` after each one, when its answer is on the way."""

    def __init__(self, idle: Callable[[], None]) -> None:
        self._idle = idle
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[tuple[Callable[[], object], Done] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[], object], done: Done) -> None:
        """Do a job, then call `done` on the event loop."""
        self._jobs.put((job, done))

    async def call(self, job: Callable[[], T]) -> T:
        """Do a job, wait for it and answer what it answers."""
        future: asyncio.Future[None] = self._loop.create_future()
        answer: list[T] = []

        def done(error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self.submit(lambda: answer.append(job()), done)
        await future
        return answer[0]

    async def close(self) -> None:
        """Finish the jobs at hand and end the thread."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while (item := self._jobs.get()) is not None:
            job, done = item
            error: BaseException | None = None
            try:
                job()
            except BaseException as raised:
                error = raised
            try:
                self._loop.call_soon_threadsafe(done, error)
            except RuntimeError:
                return  # The loop is closed: nobody waits for anything.
            self._idle()
