"""Finds the processes of a container, and what they use, in /proc."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from kubelet.runtime.runtime import Usage

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def belonging_to(mark: str) -> Iterator[int]:
    """The pids of all processes that were started with `mark` in their environment."""
    wanted = mark.encode()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                environment = Path(f"/proc/{entry.name}/environ").read_bytes()
            except OSError:
                continue
            if wanted in environment.split(b"\0"):
                yield int(entry.name)


def usage_of(session: int, at: datetime) -> Usage:
    """What all processes of a session use together."""
    ticks = pages = 0
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            text = Path(f"/proc/{entry.name}/stat").read_text()
        except OSError:
            continue
        fields = text[text.rindex(")") + 2 :].split()
        if int(fields[3]) == session:
            ticks += int(fields[11]) + int(fields[12])
            pages += int(fields[21])
    nanoseconds = ticks * 1_000_000_000 // _TICKS_PER_S
    resident = pages * _PAGE_BYTES
    return Usage(at, nanoseconds, resident, resident)
