"""Where wall-clock time, uids and chance come from.

Every other module takes them as arguments, so that a whole cluster runs under
virtual time with a seed and does the same thing twice.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

SIMULATION_START = datetime(2030, 1, 1, tzinfo=UTC)
"""The moment at which virtual time begins where nobody asks for another."""

UidSource = Callable[[], str]
"""Answers a uid that nobody got before."""


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime:
        """The present moment in UTC, time zone included."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)


class LoopClock:
    """A clock that goes as the running event loop's time goes.

    Under a loop with virtual time it is virtual too. `start` is what it says
    when the loop's time is `loop_start_s`.
    """

    def __init__(self, start: datetime = SIMULATION_START, *, loop_start_s: float = 0.0) -> None:
        self._start = start
        self._loop_start_s = loop_start_s

    def now(self) -> datetime:
        """The present moment by the loop's time."""
        passed_s = asyncio.get_running_loop().time() - self._loop_start_s
        return self._start + timedelta(seconds=passed_s)


def seeded(seed: int | str | None = None) -> random.Random:
    """A source of chance: the same for the same seed, unforeseeable without one."""
    return random.Random(seed)


def uid_source(chance: random.Random | None = None) -> UidSource:
    """A source of random (version 4) UUIDs; with seeded chance always the same ones."""
    bits = (chance or random.SystemRandom()).getrandbits

    def next_uid() -> str:
        return str(UUID(int=bits(128), version=4))

    return next_uid
