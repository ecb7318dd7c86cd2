"""What concurrent clients of a cluster asked and saw, in the order in which it happened.

Ticks order it: one counter for the whole process, read when a call begins and
when its answer is there. Call A happened before call B where A's end is
before B's start; calls that overlap may have happened in either order.
"""

from itertools import count
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

Verb = Literal["create", "update", "delete", "get", "list"]

Outcome = Literal["ok", "exists", "conflict", "absent", "unknown"]
"""What came of a call: done; refused as the key was there, had changed, was not there; lost."""


class Call(Struct):
    """One call of one client."""

    client: int
    verb: Verb
    key: str
    """Empty for a list."""
    start: int
    value: str = ""
    """What was written, or read; written values are all different."""
    expected: int = 0
    """The revision that an update or delete insisted on, 0 for none."""
    end: int = 0
    """0 while there is no answer."""
    outcome: Outcome = "unknown"
    lost: str = ""
    """Why the outcome is unknown."""
    revision: int = 0
    """That of the write, of the object read, of the list."""
    items: dict[str, tuple[int, str]] = field(default_factory=dict)
    """What a list showed: revision and value by key."""


class Seen(Struct):
    """One thing a watcher was told."""

    kind: Literal["put", "delete", "bookmark", "listed", "resumed"]
    """`listed`: began afresh from a list; `resumed`: asked again for what follows `revision`."""
    revision: int
    key: str = ""
    value: str = ""
    items: dict[str, tuple[int, str]] = field(default_factory=dict)


class Write(Struct, frozen=True):
    """One write as the store keeps it; the value of a delete is None."""

    revision: int
    key: str
    value: str | None


class History(Struct):
    """All of a run."""

    seed: int = 0
    calls: list[Call] = field(default_factory=list)
    watchers: list[list[Seen]] = field(default_factory=list)
    log: list[Write] = field(default_factory=list)
    """Every write in order, as the store itself tells when all is over."""

    def saved(self) -> bytes:
        """The history as JSON, to be looked at when a check fails."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1)


class Recorder:
    """Takes down a history while it happens."""

    def __init__(self, seed: int) -> None:
        self.history = History(seed=seed)
        self.succeeded = 0
        self._ticks = count(1)

    def begin(self, client: int, verb: Verb, key: str = "", **more: Any) -> Call:
        """Note that a call begins."""
        call = Call(client, verb, key, next(self._ticks), **more)
        self.history.calls.append(call)
        return call

    def end(self, call: Call, outcome: Outcome, revision: int = 0, value: str = "") -> None:
        """Note what came of it."""
        call.end = next(self._ticks)
        call.outcome = outcome
        self.succeeded += outcome == "ok"
        call.revision = revision
        call.value = value or call.value

    def watcher(self) -> list[Seen]:
        """A new watcher's notes."""
        self.history.watchers.append([])
        return self.history.watchers[-1]
