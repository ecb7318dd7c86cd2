"""The paper that descriptions are written on: indented lines whose tabs become columns."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from knarr.api import times
from knarr.cli.session import Session

Json = dict[str, Any]

GAP = 2
NONE = "<none>"
UNSET = "<unset>"
_LONG = 140


def tabbed(text: str, gap: int = GAP) -> str:
    """Text whose tabs became columns, as wide as the lines next to each other need."""
    lines = [line.split("\t") for line in text.split("\n")]
    out: list[str] = []

    def write(first: int, last: int, widths: list[int]) -> None:
        for line in lines[first:last]:
            cells = [
                cell.ljust(widths[place]) if place < len(widths) else cell
                for place, cell in enumerate(line)
            ]
            out.append("".join(cells).rstrip())

    def layout(first: int, last: int, widths: list[int]) -> None:
        column, at = len(widths), first
        while at < last:
            if column >= len(lines[at]) - 1:
                at += 1
                continue
            write(first, at, widths)
            first = at
            while at < last and column < len(lines[at]) - 1:
                at += 1
            width = max(len(line[column]) + gap for line in lines[first:at])
            layout(first, at, [*widths, width])
            first = at
        write(first, last, widths)

    layout(0, len(lines), [])
    return "\n".join(out)


class Sheet:
    """Collects lines; two spaces a level of indentation."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def line(self, text: str = "", level: int = 0) -> None:
        """Add a line."""
        self._lines.append("  " * level + text)

    def field(self, name: str, value: Any, level: int = 0) -> None:
        """Add `Name:  value`."""
        self.line(f"{name}:\t{value}", level)

    def text(self) -> str:
        """The sheet, its columns aligned."""
        return tabbed("\n".join(self._lines) + "\n")

    def map(self, name: str, values: Mapping[str, str] | None, level: int = 0) -> None:
        """Add labels, one a line."""
        pad = "  " * level
        if not values:
            self._lines.append(f"{pad}{name}:\t{NONE}")
            return
        for place, key in enumerate(sorted(values)):
            head = f"{pad}{name}:" if place == 0 else pad
            self._lines.append(f"{head}\t{key}={values[key]}")

    def annotations(self, values: Mapping[str, str] | None, level: int = 0) -> None:
        """Add annotations, one a line; long and many-lined values stand below their key."""
        pad = "  " * level
        kept = {key: value for key, value in (values or {}).items() if key not in _HIDDEN}
        if not kept:
            self._lines.append(f"{pad}Annotations:\t{NONE}")
            return
        for place, key in enumerate(sorted(kept)):
            head = f"{pad}Annotations:" if place == 0 else pad
            value = kept[key].removesuffix("\n")
            if "\n" in value or len(key) + len(value) + 2 > _LONG:
                self._lines.append(f"{head}\t{key}:")
                shown = [
                    one[: _LONG - 2] + ("..." if len(one) > _LONG - 2 else "")
                    for one in value.split("\n")
                ]
                self._lines += [f"{pad}\t  {one}" for one in shown]
            else:
                self._lines.append(f"{head}\t{key}: {value}")

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[Any]], level: int = 0) -> None:
        """Add a table with a line of dashes below its headers."""
        self.line("\t".join(headers), level)
        self.line("\t".join("-" * len(header) for header in headers), level)
        for row in rows:
            self.line("\t".join(str(cell) for cell in row), level)


_HIDDEN = {"kubectl.kubernetes.io/last-applied-configuration"}


class About(Struct, frozen=True):
    """What a writer knows besides the object: the cluster, the time, the object's events."""

    session: Session
    now: datetime
    events: Sequence[Json] | None
    """None when none are to be shown."""

    def age(self, moment: str | None) -> str:
        """How long ago a moment was."""
        return "<unknown>" if not moment else times.age(times.seconds_between(moment, self.now))


Writer = Callable[[Sheet, Json, About], None]
"""Writes what is to be said of an object of one kind."""


def head(sheet: Sheet, obj: Json, *, namespaced: bool = True) -> None:
    """The lines most descriptions begin with."""
    meta = obj["metadata"]
    sheet.field("Name", meta["name"])
    if namespaced:
        sheet.field("Namespace", meta.get("namespace", ""))
    sheet.map("Labels", meta.get("labels"))
    sheet.annotations(meta.get("annotations"))


def events(sheet: Sheet, about: About) -> None:
    """The object's events."""
    if about.events is None:
        return
    if not about.events:
        sheet.line(f"Events:\t{NONE}")
        return
    sheet.line("Events:")
    rows = [_event(one, about) for one in about.events]
    sheet.line("Type\tReason\tAge\tFrom\tMessage", 1)
    sheet.line("----\t------\t----\t----\t-------", 1)
    for row in rows:
        sheet.line("\t".join(row), 1)


def _event(event: Json, about: About) -> list[str]:
    first = event.get("firstTimestamp") or event.get("eventTime")
    series = event.get("series") or {}
    last = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    count = int(series.get("count") or event.get("count") or 1)
    age = about.age(last or first or event["metadata"].get("creationTimestamp"))
    if count > 1:
        age = f"{age} (x{count} over {about.age(first)})"
    source = (event.get("source") or {}).get("component") or event.get("reportingComponent", "")
    message = str(event.get("message", "")).strip()
    return [event.get("type", ""), event.get("reason", ""), age, source, message]


def local_time(moment: str | None) -> str:
    """A moment as descriptions show it."""
    if not moment:
        return UNSET
    return times.parse(moment).astimezone().strftime("%a, %d %b %Y %H:%M:%S %z")


def words(values: Sequence[str] | None) -> str:
    """Words with commas between."""
    return ",".join(values or ()) or NONE
