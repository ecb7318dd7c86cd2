"""Has the kernel let us in sooner where others use all processors.

Who answers within a millisecond needs little time but needs it at once. Linux 6.12
and later let a process ask for short turns, without any privilege: it then interrupts
those with longer ones when there is something to do, for a fair share as before.
Where Linux lets others go on until its next tick all the same, only real-time
priority is at once; that needs privilege, and takes a share from all others.
"""

import ctypes
import os
import struct
from pathlib import Path

import structlog

log = structlog.get_logger()

SLICE_NS = 100_000
"""The shortest turn the kernel knows."""

SCHED_SETATTR = {"x86_64": 314, "aarch64": 274, "riscv64": 274}
"""The number of the system call, which the C library has no name for, by processor."""

_ATTRIBUTES = struct.Struct("IIQiIQQQII")
"""Size, policy, flags, niceness, priority, turn, deadline, period, bounds of utilisation."""


def ask_for_short_turns() -> bool:
    """Ask for this thread and those it starts from now on; answer whether we are heard."""
    number = SCHED_SETATTR.get(os.uname().machine)
    if number is None or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return False
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    fields = (_ATTRIBUTES.size, os.SCHED_OTHER, 0, nice, 0, SLICE_NS, 0, 0, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, 0, _ATTRIBUTES.pack(*fields), 0):
        log.debug("turns are as long as others'", error=os.strerror(ctypes.get_errno()))
        return False
    return turn_ns() == SLICE_NS


def come_first() -> None:
    """Have this thread, and those it starts from now on, run before all of ordinary priority.

    Raise PermissionError without root or CAP_SYS_NICE.
    """
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def turn_ns() -> int | None:
    """How long our turns are; None where the kernel does not tell."""
    try:
        lines = Path("/proc/thread-self/sched").read_text().splitlines()
    except OSError:
        return None
    found = [line.rpartition(":")[2] for line in lines if line.startswith("se.slice")]
    return int(found[0]) if found else None
