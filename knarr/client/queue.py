"""A queue of keys to look at.

It promises:

1. One worker a key: a key that is worked on is not handed out until that is done.
2. Nothing is lost, nothing piles up: a key added while it waits stays there
   once; a key added while it is worked on comes again afterwards, once.
3. First come, first served: keys come out in the order in which they were added.
4. A failing key waits longer each time and holds up no other.
5. Of several times to look again the earliest counts, and `close` ends them all.

It owns no task: delays are the loop's timers, so virtual time just works. It
holds at most one entry a key, hence is bounded by the number of objects.
"""

import asyncio
from collections import deque
from collections.abc import Hashable
from types import TracebackType
from typing import Generic, TypeVar

from knarr.daemon.metrics import QueueMetrics

K = TypeVar("K", bound=Hashable)

BACKOFF_MIN_S = 0.005
"""What a key waits after its first failure; doubled with each further one."""

BACKOFF_MAX_S = 30.0
"""The longest wait of a failing key, so that what heals is noticed within half a minute."""


class WorkQueue(Generic[K]):
    """Keys to look at, each at most once at a time; see the module for the promises."""

    def __init__(
        self,
        name: str = "",
        *,
        backoff_min_s: float = BACKOFF_MIN_S,
        backoff_max_s: float = BACKOFF_MAX_S,
    ) -> None:
        self._backoff_min_s = backoff_min_s
        self._backoff_max_s = backoff_max_s
        self._waiting: deque[K] = deque()
        self._wanted: dict[K, float] = {}
        """When each key was added that is to be worked on: waiting, or again once done."""
        self._working: dict[K, float] = {}
        self._failures: dict[K, int] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._takers: deque[asyncio.Future[None]] = deque()
        self._closed = False
        self._metrics = QueueMetrics(name) if name else None

    def __len__(self) -> int:
        """How many keys wait for a worker; those that are timed or worked on do not count."""
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether no key waits and none is worked on; timers may still be running."""
        return not self._waiting and not self._working

    def add(self, key: K) -> None:
        """Have a key looked at soon."""
        if self._closed or key in self._wanted:
            return
        self._wanted[key] = asyncio.get_running_loop().time()
        if self._metrics:
            self._metrics.adds.inc()
        if key not in self._working:
            self._hand_out(key)

    def add_after(self, key: K, delay_s: float) -> None:
        """Have a key looked at in a while; an earlier time that is set already stays."""
        if self._closed:
            return
        if delay_s <= 0:
            self.add(key)
            return
        loop = asyncio.get_running_loop()
        running = self._timers.get(key)
        if running is not None:
            if running.when() <= loop.time() + delay_s:
                return
            running.cancel()
        self._timers[key] = loop.call_later(delay_s, self._time_is_up, key)

    def retry(self, key: K) -> None:
        """Have a key looked at again after its backoff: it failed."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        if self._metrics:
            self._metrics.retries.inc()
        # The exponent is bounded, for a float has an end.
        self.add_after(key, min(self._backoff_min_s * 2 ** min(failures, 60), self._backoff_max_s))

    def forget(self, key: K) -> None:
        """Count the failures of a key from zero again: it went well, or is given up."""
        self._failures.pop(key, None)

    def failures(self, key: K) -> int:
        """How often a key failed in a row."""
        return self._failures.get(key, 0)

    def take(self) -> "_Taken[K]":
        """Wait for the next key: `async with queue.take() as key`. Leaving the block is done."""
        return _Taken(self)

    def close(self) -> None:
        """Stop all timers and take no key more; what waits is still handed out."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _time_is_up(self, key: K) -> None:
        del self._timers[key]
        self.add(key)

    def _hand_out(self, key: K) -> None:
        self._waiting.append(key)
        if self._metrics:
            self._metrics.depth.set(len(self._waiting))
        self._wake_one()

    def _wake_one(self) -> None:
        while self._takers:
            taker = self._takers.popleft()
            if not taker.done():
                taker.set_result(None)
                return

    async def _next(self) -> K:
        while not self._waiting:
            taker = asyncio.get_running_loop().create_future()
            self._takers.append(taker)
            try:
                await taker
            except asyncio.CancelledError:
                if taker.done() and not taker.cancelled() and self._waiting:
                    self._wake_one()  # The key we were woken for is for someone else then.
                raise
        key = self._waiting.popleft()
        now = asyncio.get_running_loop().time()
        added = self._wanted.pop(key)
        self._working[key] = now
        if self._metrics:
            self._metrics.depth.set(len(self._waiting))
            self._metrics.queue_s.observe(now - added)
        return key

    def _done(self, key: K) -> None:
        began = self._working.pop(key)
        if self._metrics:
            self._metrics.work_s.observe(asyncio.get_running_loop().time() - began)
        if key in self._wanted:
            self._hand_out(key)


class _Taken(Generic[K]):
    """A key in a worker's hands."""

    __slots__ = ("_key", "_queue")

    def __init__(self, queue: WorkQueue[K]) -> None:
        self._queue = queue

    async def __aenter__(self) -> K:
        self._key = await self._queue._next()  # noqa: SLF001  # one noun in two classes
        return self._key

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._queue._done(self._key)  # noqa: SLF001  # one noun in two classes
