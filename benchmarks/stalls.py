"""Sees when the machine itself stands still.

A virtual machine is stopped now and then by the host under it, for milliseconds,
and whatever was to be answered meanwhile is late. A thread on each processor that
nothing else comes before, and that still wakes late, knows when that was.
"""

import multiprocessing
import os
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from msgspec import Struct

LOOK_S = 0.0005
"""How often each processor is looked at."""

LATE_S = 0.0005
"""Who wakes so much too late, before all others in line, was stopped."""


class Stalls(Struct):
    """When processors stood still, by time.perf_counter, which is one for all processes."""

    spans: list[tuple[float, float]]
    """Begin and end, in order of their ends."""

    def met(self, begin: float, end: float) -> bool:
        """Whether any was between these times, or so shortly before that it was felt still.

        What gathered in a stall takes as long again to be worked off, at most.
        """
        at = bisect_left(self.spans, begin - 0.1, key=lambda span: span[1])
        for stopped, went_on in self.spans[at:]:
            if stopped > end:
                return False
            if went_on + (went_on - stopped) >= begin:
                return True
        return False

    @property
    def seconds(self) -> float:
        """How long they were together, each processor's counted."""
        return sum(end - begin for begin, end in self.spans)


@contextmanager
def watched() -> Iterator[Stalls | None]:
    """Look while the block runs; what was seen is there after it. None without privilege."""
    if not may_come_first():
        yield None
        return
    stalls = Stalls([])
    pipes = []
    watchers = []
    for processor in sorted(os.sched_getaffinity(0)):
        ours, theirs = multiprocessing.Pipe()
        pipes.append(ours)
        watchers.append(multiprocessing.Process(target=look, args=(processor, theirs)))
        watchers[-1].start()
    try:
        yield stalls
    finally:
        for pipe in pipes:
            pipe.send("stop")
        for pipe in pipes:
            stalls.spans += pipe.recv()
        stalls.spans.sort(key=lambda span: span[1])
        for watcher in watchers:
            watcher.join()


def may_come_first() -> bool:
    """Whether a process of ours may run before all others."""
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return False
    os.sched_setscheduler(0, policy, priority)
    return True


def look(processor: int, pipe: Connection) -> None:
    """Watch one processor until told to stop; send what was seen."""
    os.sched_setaffinity(0, {processor})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
    spans = []
    while not pipe.poll():
        due = time.perf_counter() + LOOK_S
        time.sleep(LOOK_S)
        now = time.perf_counter()
        if now - due > LATE_S:
            spans.append((due, now))
    pipe.send(spans)
