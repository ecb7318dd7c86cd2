"""When a container that ended may start again.

The delay is 10 s at the first restart, doubles to 300 s, and is forgotten
after ten minutes without a restart, as Kubernetes does it.
"""

from datetime import datetime, timedelta

from msgspec import Struct

FIRST_S = 10.0
"""Delay before the second start in a row."""

MAX_S = 300.0
"""No delay is longer."""


class _Delay(Struct, frozen=True):
    seconds: float
    since: datetime


class RestartBackoff:
    """The delays of one pod's containers."""

    def __init__(self, *, first_s: float = FIRST_S, max_s: float = MAX_S) -> None:
        self._first_s = min(first_s, max_s)
        self._max_s = max_s
        self._delays: dict[str, _Delay] = {}

    def seconds(self, name: str) -> float:
        """The present delay of a container, 0 when it has none."""
        delay = self._delays.get(name)
        return delay.seconds if delay else 0.0

    def wait_s(self, name: str, *, ended: datetime, now: datetime) -> float:
        """Seconds until a container that ended may start again, 0 when it may now."""
        delay = self._delays.get(name)
        if delay is None or now - delay.since > timedelta(seconds=2 * self._max_s):
            return 0.0
        return max(0.0, delay.seconds - (now - ended).total_seconds())

    def restarted(self, name: str, now: datetime) -> None:
        """Note a restart: the next one waits twice as long."""
        delay = self._delays.get(name)
        if delay is None or now - delay.since > timedelta(seconds=2 * self._max_s):
            self._delays[name] = _Delay(self._first_s, now)
        else:
            self._delays[name] = _Delay(min(delay.seconds * 2, self._max_s), now)
