"""Whether a history could come from one store that does one thing after the other.

The store's own log gives each write its place, which makes deciding
linearizability easy: every call must fit between what had been seen before it
began and what began after it ended. Watchers must have been told just what
the log says: in order, once, all of it, nothing older than a bookmark.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from tests.history.record import Call, History, Seen, Write

FOREVER = 1 << 62

Interval = tuple[int, int, int, str | None]
"""Of a key: from revision, to revision, revision and value of the write that made it so."""


def violations(history: History) -> list[str]:
    """What is wrong, one line each; nothing when all is well."""
    keys = _Keys(history.log)
    return [
        *_log(history.log),
        *_writes(history, keys),
        *_order(history.calls, keys),
        *(line for notes in history.watchers for line in _watcher(notes, keys)),
    ]


class _Keys:
    """The log by key and as a whole."""

    def __init__(self, log: Sequence[Write]) -> None:
        self.log = log
        self.by_revision = {write.revision: write for write in log}
        self.by_value = {write.value: write for write in log if write.value is not None}
        self._intervals: dict[str, list[Interval]] = {}
        for write in log:
            of_key = self._intervals.setdefault(write.key, [(0, FOREVER, 0, None)])
            start, _, revision, value = of_key[-1]
            of_key[-1] = (start, write.revision - 1, revision, value)
            made = 0 if write.value is None else write.revision
            of_key.append((write.revision, FOREVER, made, write.value))

    def intervals(self, key: str) -> Sequence[Interval]:
        """What the key was, and when."""
        return self._intervals.get(key, [(0, FOREVER, 0, None)])

    def at(self, revision: int) -> dict[str, tuple[int, str]]:
        """All that was there at a revision."""
        found = {}
        for key, intervals in self._intervals.items():
            place = bisect_right(intervals, revision, key=lambda one: one[0]) - 1
            _, _, made, value = intervals[max(place, 0)]
            if value is not None:
                found[key] = (made, value)
        return found


def _log(log: Sequence[Write]) -> Iterator[str]:
    for before, after in pairwise(log):
        if after.revision <= before.revision:
            yield f"log: revision {after.revision} comes after {before.revision}"
    values = [write.value for write in log if write.value is not None]
    for value in {value for value in values if values.count(value) > 1}:
        yield f"log: {value} is written more than once"


def _writes(history: History, keys: _Keys) -> Iterator[str]:
    """Acknowledged writes are in the log, refused ones are not, nothing else is."""
    written: set[str] = set()
    for call in history.calls:
        if call.verb not in ("create", "update", "delete"):
            continue
        written.add(call.value)
        if call.outcome == "ok":
            yield from _acknowledged(call, keys)
        elif call.outcome != "unknown" and call.verb != "delete" and call.value in keys.by_value:
            yield f"{_named(call)} was refused ({call.outcome}) and yet is in the log"
    for value in keys.by_value.keys() - written:
        yield f"log: nobody asked for {value}"


def _acknowledged(call: Call, keys: _Keys) -> Iterator[str]:
    found = keys.by_revision.get(call.revision)
    wanted = None if call.verb == "delete" else call.value
    if found is None or (found.key, found.value) != (call.key, wanted):
        yield f"{_named(call)} was acknowledged at {call.revision} and is lost: {found}"
        return
    before = next(one for one in keys.intervals(call.key) if one[1] == call.revision - 1)
    if call.verb == "create" and before[3] is not None:
        yield f"{_named(call)} replaced what was there: {before}"
    if call.expected and before[2] != call.expected:
        yield f"{_named(call)} insisted on {call.expected} and replaced {before}"
    if call.verb == "delete" and before[3] is None:
        yield f"{_named(call)} deleted nothing"


def _order(calls: Sequence[Call], keys: _Keys) -> Iterator[str]:
    """Each call fits between what was seen before it and what began after it."""
    floors, ceilings = _bounds(calls, keys)
    for call in calls:
        if call.end == 0 or call.outcome == "unknown":
            yield from _late(call, floors[call.start], keys)
            continue
        window = (floors[call.start], ceilings[call.end])
        if not _fits(call, window, keys):
            saw = f"{call.outcome} {call.revision} {call.value!r}"
            yield f"{_named(call)} saw {saw}, not in {window}"


def _late(call: Call, floor: int, keys: _Keys) -> Iterator[str]:
    """A write whose answer was lost may be done at any time, but not before it was asked for."""
    found = keys.by_value.get(call.value)
    if call.verb in ("create", "update") and found is not None and found.revision <= floor:
        yield f"{_named(call)} is done at {found.revision}, before it was asked for at {floor}"


def _fits(call: Call, window: tuple[int, int], keys: _Keys) -> bool:
    floor, ceiling = window
    if call.verb == "list":
        return floor <= call.revision <= ceiling and call.items == keys.at(call.revision)
    if call.verb in ("create", "update", "delete") and call.outcome == "ok":
        return floor < call.revision <= ceiling
    shown = (one for one in keys.intervals(call.key) if one[1] >= floor and one[0] <= ceiling)
    match call.outcome:
        case "ok":
            return any((one[2], one[3]) == (call.revision, call.value) for one in shown)
        case "exists":
            return any(one[3] is not None for one in shown)
        case "absent":
            return any(one[3] is None for one in shown)
        case _:
            return any(one[2] != call.expected for one in shown)


def _bounds(calls: Sequence[Call], keys: _Keys) -> tuple[Mapping[int, int], Mapping[int, int]]:
    """For each start the newest revision seen before it; for each end the last before new writes.

    A write that began after a call ended cannot be what that call saw.
    """
    ends = sorted((call.end, _revision(call)) for call in calls if call.end)
    floors, newest, place = {}, 0, 0
    for call in sorted(calls, key=lambda one: one.start):
        while place < len(ends) and ends[place][0] < call.start:
            newest = max(newest, ends[place][1])
            place += 1
        floors[call.start] = newest
    starts = sorted(
        (call.start, found.revision)
        for call in calls
        if call.verb in ("create", "update", "delete") and (found := _done(call, keys)) is not None
    )
    ceilings, oldest, place = {}, FOREVER, len(starts)
    for call in sorted((one for one in calls if one.end), key=lambda one: -one.end):
        while place and starts[place - 1][0] > call.end:
            place -= 1
            oldest = min(oldest, starts[place][1])
        ceilings[call.end] = oldest - 1
    return floors, ceilings


def _done(call: Call, keys: _Keys) -> Write | None:
    if call.outcome == "ok":
        return keys.by_revision.get(call.revision)
    return keys.by_value.get(call.value) if call.verb != "delete" else None


def _revision(call: Call) -> int:
    return call.revision if call.outcome == "ok" else 0


def _watcher(notes: Sequence[Seen], keys: _Keys) -> Iterator[str]:
    """What a watcher was told is what the log says, from each of its lists to its last word."""
    since = reached = 0
    told: list[Write] = []
    for note in notes:
        match note.kind:
            case "listed":
                yield from _told(told, since, reached, keys)
                yield from _listed(note, reached, keys)
                told, since = [], note.revision
            case "resumed" if note.revision != reached:
                yield f"watch: resumed at {note.revision}, not at {reached}"
            case "put" | "delete":
                if note.revision <= reached:
                    yield f"watch: {note.kind} {note.revision} after {reached}"
                value = note.value if note.kind == "put" else None
                told.append(Write(note.revision, note.key, value))
        reached = max(reached, note.revision)
    yield from _told(told, since, reached, keys)


def _listed(note: Seen, reached: int, keys: _Keys) -> Iterator[str]:
    if note.items != keys.at(note.revision):
        yield f"watch: the list at {note.revision} is not what was there"
    if note.revision < reached:
        yield f"watch: a list at {note.revision} after {reached} was seen"


def _told(told: Sequence[Write], since: int, reached: int, keys: _Keys) -> Iterator[str]:
    wanted = {write for write in keys.log if since < write.revision <= reached}
    for write in wanted.difference(told):
        yield f"watch: {write} was not told"
    for write in set(told).difference(wanted):
        yield f"watch: {write} is not in the log"


def _named(call: Call) -> str:
    return f"client {call.client}: {call.verb} {call.key} {call.value} ({call.start}-{call.end})"
