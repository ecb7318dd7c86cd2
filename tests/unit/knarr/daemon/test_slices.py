"""Short turns are asked for, and nothing else of a thread changes."""

import os
import threading

import pytest

from knarr.daemon.slices import SLICE_NS, ask_for_short_turns, come_first, turn_ns


def test_turns_are_short_for_the_asking_thread_alone() -> None:
    before = turn_ns()
    found: list[object] = []

    def ask() -> None:
        found.append(ask_for_short_turns())
        found.append(turn_ns())
        found.append(os.getpriority(os.PRIO_PROCESS, 0))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    if not found[0]:
        pytest.skip("this kernel has turns of one length")
    assert found[1:] == [SLICE_NS, os.getpriority(os.PRIO_PROCESS, 0)]
    assert turn_ns() == before


def test_who_comes_first_does_so_alone() -> None:
    before = os.sched_getscheduler(0)
    found: list[object] = []

    def ask() -> None:
        try:
            come_first()
        except PermissionError as error:
            found.append(error)
            return
        found.append(os.sched_getscheduler(0))
        found.append(os.sched_getparam(0).sched_priority)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    if isinstance(found[0], PermissionError):
        pytest.skip("real-time priority needs root")
    assert found == [os.SCHED_RR, 1]
    assert os.sched_getscheduler(0) == before
