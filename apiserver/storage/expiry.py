"""Keys that go by themselves: one timer for the next of them."""

import asyncio
import heapq
from collections.abc import Callable


class Expiry:
    """Calls back for each key whose time has come. Times are those of the event loop."""

    def __init__(self, expired: Callable[[str], None]) -> None:
        self._expired = expired
        self._deadlines: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self._timer: asyncio.TimerHandle | None = None

    def set(self, key: str, ttl_s: float) -> None:
        """Let a key go in so many seconds."""
        deadline = asyncio.get_running_loop().time() + ttl_s
        self._deadlines[key] = deadline
        heapq.heappush(self._heap, (deadline, key))
        if self._heap[0] == (deadline, key):
            self._arm()

    def drop(self, key: str) -> None:
        """Let a key stay, or it is gone already."""
        self._deadlines.pop(key, None)

    def remaining_s(self, key: str) -> float | None:
        """How long a key has left; None when it stays."""
        deadline = self._deadlines.get(key)
        return None if deadline is None else deadline - asyncio.get_running_loop().time()

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def _arm(self) -> None:
        self.close()
        if self._heap:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._heap[0][0], self._fire)

    def _fire(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._heap and self._heap[0][0] <= now:
            deadline, key = heapq.heappop(self._heap)
            # A key may have been given more time, or none, since.
            if self._deadlines.get(key) == deadline:
                del self._deadlines[key]
                self._expired(key)
        self._arm()
