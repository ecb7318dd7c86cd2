"""What moves on a terminal: tables that change in place, and what is being waited for.

rich draws them. It is imported only where standard output (for waits standard
error) is a terminal; anywhere else plain lines are written, or nothing.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from knarr.api import times
from knarr.cli.output.table import TableText
from knarr.cli.selecting import Found
from knarr.cli.session import Session
from knarr.client.dynamic import Change, Selection
from knarr.daemon.clock import SystemClock

Json = dict[str, Any]

FRAMES_PER_S = 4
"""So often ages and colours are drawn anew."""

FRESH_S = 3.0
"""A change is shown in colour for so long, and so long a row that went away stays to be seen."""

_COLOURS = {
    "Running": "green", "Completed": "green", "Ready": "green", "Bound": "green",
    "Active": "green", "Succeeded": "green", "Pending": "yellow", "ContainerCreating": "yellow",
    "PodInitializing": "yellow", "Terminating": "yellow", "Unknown": "red", "Failed": "red",
    "Error": "red", "CrashLoopBackOff": "red", "ImagePullBackOff": "red", "ErrImagePull": "red",
    "NotReady": "red", "OOMKilled": "red", "Evicted": "red", "Lost": "red",
}  # fmt: skip

_STATUSES = ("initContainerStatuses", "containerStatuses")

Tell = Callable[[str], None]
"""Says anew what is waited for."""


def is_live(*, wanted: bool = True) -> bool:
    """Whether standard output is a terminal on which things may move."""
    return wanted and sys.stdout.isatty()


class _Row:
    """One object's line."""

    def __init__(self, cells: list[str], created: str) -> None:
        self.cells = cells
        self.created = created
        self.changed_at = float("-inf")
        self.gone_at = float("inf")


class LiveTable:
    """The rows of a watch: each object's in its place, as it is now."""

    def __init__(self, table: TableText, now_s: Callable[[], float]) -> None:
        self._table = table
        self._now_s = now_s
        self._rows: dict[tuple[str, str], _Row] = {}

    def take(self, change: Change, *, is_first: bool = False) -> None:
        """Put a change where it belongs."""
        self._table.learn(change.object)
        for row in change.object.get("rows") or []:
            meta = (row.get("object") or {}).get("metadata") or {}
            key = (str(meta.get("namespace", "")), str(meta.get("name", "")))
            fresh = _Row(self._table.cells(row), str(meta.get("creationTimestamp") or ""))
            old = self._rows.get(key)
            if not is_first and (old is None or old.cells != fresh.cells):
                fresh.changed_at = self._now_s()
            elif old is not None:
                fresh.changed_at = old.changed_at
            if change.type == "DELETED":
                fresh.gone_at = self._now_s()
            self._rows[key] = fresh

    def lines(self) -> tuple[list[str], list[tuple[list[str], str]]]:
        """The headers, and each row's cells with how it is to look: `fresh`, `gone` or nothing."""
        now = self._now_s()
        headers = self._table.headers()
        shown = []
        for key, row in list(self._rows.items()):
            if now - row.gone_at > FRESH_S:
                del self._rows[key]
                continue
            look = "fresh" if now - row.changed_at <= FRESH_S else ""
            look = "gone" if row.gone_at <= now else look
            shown.append((_aged(headers, row), look))
        return headers, shown

    def drawn(self) -> Any:
        """The table as rich draws it."""
        headers, rows = self.lines()
        return table_of(headers, rows)


def _aged(headers: Sequence[str], row: _Row) -> list[str]:
    """The cells, the age counted anew."""
    if "AGE" not in headers or not row.created:
        return row.cells
    place = headers.index("AGE")
    seconds = times.seconds_between(row.created, SystemClock().now())
    return [*row.cells[:place], times.age(seconds), *row.cells[place + 1 :]]


def table_of(headers: Sequence[str], rows: Iterable[tuple[Sequence[str], str]]) -> Any:
    """A table in rich's own form."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in headers:
        table.add_column(header, no_wrap=True)
    styles = {"fresh": "bold", "gone": "dim strike", "": ""}
    for cells, look in rows:
        coloured = [
            Text(cell, style="" if look == "gone" else _COLOURS.get(cell, "")) for cell in cells
        ]
        table.add_row(*coloured, style=styles[look])
    return table


@contextmanager
def drawing(draw: Callable[[], Any]) -> Iterator[None]:
    """Draw what `draw` answers, again and again, until the block ends; it stays to be read."""
    from rich.live import Live  # noqa: PLC0415

    with Live(get_renderable=draw, refresh_per_second=FRAMES_PER_S) as live:
        yield
        live.refresh()


@contextmanager
def waiting(about: str) -> Iterator[Tell]:
    """Say on a terminal what is waited for; the words go away when the block ends."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415

    with Console(stderr=True).status(escape(f"waiting for {about}")) as status:
        yield lambda words: status.update(escape(f"waiting for {about}: {words}"))


def changes_of(
    session: Session, found: Found, about: str, *, after: int, timeout_s: float | None
) -> Iterator[Change]:
    """The changes of one object; on a terminal its state is shown while it is waited for."""
    selection = Selection(fields=f"metadata.name={found.name}")
    watched = session.client.watch(
        found.kind, found.namespace, selection, after=after, timeout_s=timeout_s
    )
    with waiting(about) as tell:
        tell(state_of(found.object))
        for change in watched:
            if change.type != "BOOKMARK":
                tell(state_of(change.object))
                yield change


def state_of(obj: Json) -> str:
    """An object's state in a few words, for those who wait."""
    status, spec = obj.get("status") or {}, obj.get("spec") or {}
    if (obj.get("metadata") or {}).get("deletionTimestamp"):
        finalizers = obj["metadata"].get("finalizers") or []
        return f"ending, kept by {', '.join(finalizers)}" if finalizers else "ending"
    for one in [one for key in _STATUSES for one in status.get(key) or []]:
        reason = ((one.get("state") or {}).get("waiting") or {}).get("reason")
        if reason:
            return f"{status.get('phase', '')}, {one['name']}: {reason}"
    if "replicas" in spec:
        return f"{status.get('readyReplicas', 0)} of {spec['replicas']} ready"
    if status.get("phase"):
        return str(status["phase"])
    known = [one for one in status.get("conditions") or [] if one.get("status") == "True"]
    return ", ".join(str(one["type"]) for one in known) or "no condition yet"
