"""How long to wait before something that failed is tried anew, for many things by name."""

from collections import OrderedDict
from datetime import datetime, timedelta

from msgspec import Struct

REMEMBERED_MAX = 10_000
"""Names remembered; the one that failed longest ago is forgotten first."""


class _Wait(Struct):
    seconds: float
    since: datetime


class Backoff:
    """Waits that double with each failure and are forgotten after a quiet time."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._waits: OrderedDict[str, _Wait] = OrderedDict()

    def left(self, name: str, now: datetime) -> float:
        """Seconds until it may be tried; 0 when it may be now."""
        wait = self._waits.get(name)
        if wait is None:
            return 0.0
        until = wait.since + timedelta(seconds=wait.seconds)
        return max(0.0, (until - now).total_seconds())

    def failed(self, name: str, now: datetime) -> None:
        """Note a failure: the next wait begins, twice as long as the last."""
        before = self._waits.pop(name, None)
        seconds = self._first_s
        if before is not None and (now - before.since).total_seconds() <= 2 * self._longest_s:
            seconds = min(before.seconds * 2, self._longest_s)
        self._waits[name] = _Wait(seconds, now)
        if len(self._waits) > REMEMBERED_MAX:
            self._waits.popitem(last=False)
