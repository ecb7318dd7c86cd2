"""Hands the changes of one resource to those who watch it.

A watcher stands in exactly one bucket (its name, its indexed field, its
namespace), and a change looks only into the buckets it can concern, so its cost
does not grow with the watchers it does not concern. A watcher that reads slowly
is not waited for: past a limit it reads on from the recent past, and is cut off
with CompactedError when that no longer reaches back to it.
"""

import asyncio
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from apiserver.storage.entry import Event
from apiserver.storage.ring import Ring
from apiserver.storage.selection import Changed, Selection
from apiserver.storage.store import CompactedError, StoreError

WATCH_EVENTS_BEHIND_MAX = 1_000
"""Events kept for one watcher; one further behind reads on from the recent past."""

EVENTS_KEPT_MAX = 10_000
"""Past changes kept for a resource, for watches that resume. Older ones are answered with 410."""

EVENT_BYTES_KEPT_MAX = 16 << 20
"""Bytes of JSON kept with them."""


class Watchers:
    """The recent past of a resource and those who watch it."""

    def __init__(self, indexed: Sequence[str]) -> None:
        self.revision = 0
        self.recent: Ring[Changed] = Ring(
            after=0, count_max=EVENTS_KEPT_MAX, bytes_max=EVENT_BYTES_KEPT_MAX
        )
        self._indexed = tuple(indexed)
        self._buckets: dict[tuple[str, str], dict[Watch, None]] = {}
        self._bookmark: Event | None = None

    def watch(self, selection: Selection, *, after: int, bookmarks: bool) -> "Watch":
        """Begin to watch after a revision. Raise CompactedError."""
        if after < self.recent.complete_after:
            raise CompactedError(self.recent.complete_after + 1)
        watch = Watch(self, selection, after=after, bookmarks=bookmarks)
        self._buckets.setdefault(selection.bucket(), {})[watch] = None
        return watch

    def remove(self, watch: "Watch") -> None:
        """Forget a watcher; one that is not there is ignored."""
        bucket = watch.selection.bucket()
        watches = self._buckets.get(bucket, {})
        watches.pop(watch, None)
        if not watches:
            self._buckets.pop(bucket, None)

    def publish(self, revision: int, changes: Sequence[tuple[Changed, int]]) -> None:
        """Take the changes, with their sizes, up to a revision."""
        woken: dict[Watch, None] = {}
        for changed, size in changes:
            self.recent.append(changed, size)
            for watch in self._concerned(changed):
                if watch.push(changed):
                    woken[watch] = None
        self.revision = revision
        for watch in woken:
            watch.wake()

    def restart(self, revision: int) -> None:
        """Begin anew at a revision, what was between is not known: cut off all who watch."""
        self.revision = revision
        self.recent.restart(revision)
        for watch in self:
            watch.stop(CompactedError(revision + 1))

    def stop(self, error: StoreError | None = None) -> None:
        """End all watches, with an error or as if all were said."""
        for watch in self:
            watch.stop(error)

    def want_bookmarks(self) -> bool:
        """Whether anybody wants to know how far the cache is."""
        return any(watch.bookmarks for watch in self)

    def send_bookmarks(self, *, to_all: bool = True) -> None:
        """Tell those who want to know how far the cache is; or of them those without a choice.

        The latter are few, whereas there is one for each node that chooses its pods.
        """
        for watch in self if to_all else tuple(self._buckets.get(("namespace", ""), ())):
            if watch.bookmarks:
                watch.want_bookmark()

    def bookmark(self) -> Event:
        """Says that everything up to the revision of the cache is known."""
        if self._bookmark is None or self._bookmark.revision != self.revision:
            self._bookmark = Event("BOOKMARK", None, self.revision)
        return self._bookmark

    def __iter__(self) -> Iterator["Watch"]:
        return iter([watch for watches in self._buckets.values() for watch in watches])

    def __len__(self) -> int:
        return sum(len(watches) for watches in self._buckets.values())

    def _concerned(self, changed: Changed) -> Iterator["Watch"]:
        buckets = self._buckets
        yield from buckets.get(("namespace", ""), ())
        if changed.namespace:
            yield from buckets.get(("namespace", changed.namespace), ())
        yield from buckets.get(("name", changed.name), ())
        for field in self._indexed:
            before = changed.previous.fields.get(field) if changed.previous else None
            after = changed.entry.fields.get(field) if changed.entry else None
            if after is not None:
                yield from buckets.get((field, after), ())
            if before is not None and before != after:
                yield from buckets.get((field, before), ())


class Watch:
    """One watch: batches of events, in order, none left out. To be used in a `with` block."""

    def __init__(
        self, watchers: Watchers, selection: Selection, *, after: int, bookmarks: bool
    ) -> None:
        self.selection = selection
        self.bookmarks = bookmarks
        self._bookmark_due = False
        self._watchers = watchers
        self._reached = after
        self._behind = True
        self._pending: list[Event] = []
        self._waiter: asyncio.Future[None] | None = None
        self._stopped = False
        self._error: StoreError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._watchers.remove(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Sequence[Event]:
        """The next events, all that there are. Raise CompactedError when cut off.

        Raise UnavailableError when nothing is known of what happens from now on.
        """
        while True:
            if self._stopped:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            events = self._take()
            if events:
                return events
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def push(self, changed: Changed) -> bool:
        """Take a change; answer whether there is something to wake up for."""
        if self._behind or changed.revision <= self._reached:
            return self._behind
        event = self.selection.event(changed)
        if event is None:
            return False
        if len(self._pending) < WATCH_EVENTS_BEHIND_MAX:
            self._pending.append(event)
        else:
            self._behind = True
        return True

    def want_bookmark(self) -> None:
        """Tell how far the cache is, after all that there is to tell up to there."""
        self._bookmark_due = True
        self.wake()

    def wake(self) -> None:
        """Let the reader look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing more to come."""
        return self._stopped

    def stop(self, error: StoreError | None) -> None:
        """End the watch, with an error or as if all were said."""
        self._stopped = True
        self._error = error
        self._pending.clear()
        self._watchers.remove(self)
        self.wake()

    def _take(self) -> Sequence[Event]:
        events, self._pending = self._pending, []
        if events:
            # Those kept are delivered first; what came after them is in the past.
            self._reached = events[-1].revision
            return events
        if self._behind:
            events = self._catch_up()
        if not events and self._bookmark_due:
            self._bookmark_due = False
            if self._watchers.revision >= self._reached:
                events = [self._watchers.bookmark()]
        return events

    def _catch_up(self) -> list[Event]:
        event_of = self.selection.event
        past = self._watchers.recent.after(self._reached)
        self._behind = False
        self._reached = max(self._reached, self._watchers.revision)
        return [event for changed in past if (event := event_of(changed)) is not None]
