"""Finds the processes of a container, and what they use, in /proc."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from kubelet.runtime.runtime import Usage

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

FRESH_S = 0.5
"""A look at all processes is good for so long."""


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


class Uses:
    """What the processes of each session use together; one look serves all for a moment."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, int]] = {}
        self._at: datetime | None = None

    def of(self, session: int, now: datetime) -> Usage:
        """What one session uses."""
        if self._at is None or now - self._at > timedelta(seconds=FRESH_S) or now < self._at:
            self._seen, self._at = _look(), now
        ticks, pages = self._seen.get(session, (0, 0))
        resident = pages * _PAGE_BYTES
        return Usage(self._at, ticks * 1_000_000_000 // _TICKS_PER_S, resident, resident)


def _look() -> dict[int, tuple[int, int]]:
    """Ticks and pages of all sessions."""
    seen: dict[int, tuple[int, int]] = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            text = Path(f"/proc/{entry.name}/stat").read_text()
        except OSError:
            continue
        fields = text[text.rindex(")") + 2 :].split()
        session = int(fields[3])
        ticks, pages = seen.get(session, (0, 0))
        seen[session] = (ticks + int(fields[11]) + int(fields[12]), pages + int(fields[21]))
    return seen
