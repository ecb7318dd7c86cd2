"""The watch cache: all objects of one resource, ready to be sent.

One task (`run`) follows the store; everything else is plain memory. Reads cost
what they answer; a change costs the same however many objects there are and
however many watch something else. Whoever wants to read what is certainly not
older than now waits for `consistent` first. Between a list and a watch after
its revision there is no gap and nothing twice, as long as nothing is awaited
in between or the recent past reaches back to it.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

from apiserver.storage.entry import Entry
from apiserver.storage.selection import AtRevision, Changed, Decode, Selection
from apiserver.storage.sorted_keys import SortedKeys
from apiserver.storage.store import (
    Batch,
    Change,
    CompactedError,
    FutureRevisionError,
    Store,
    Stored,
    UnavailableError,
)
from apiserver.storage.watchers import Watch, Watchers

BOOKMARK_EVERY_S = 60.0
"""How often those who want bookmarks get one; Kubernetes does it about once a minute."""

RETRY_S = 1.0
"""How long to wait for a store that cannot be reached."""

PAGE_MAX = 1_000
"""Objects asked of the store at once: bounded answers, and few of them."""

PRIMED_MAX = 1_000
"""Entries that writers handed in and the follow has not yet reached; more are dropped."""

log = structlog.get_logger()

Enrich = Callable[[Sequence[Entry]], Awaitable[None]]
"""Adds to entries what selectors may ask for and only somebody else can tell."""


class Cache:
    """All objects of the resource below `prefix`, such as `/registry/pods/`."""

    def __init__(
        self,
        store: Store,
        prefix: str,
        decode: Decode,
        *,
        at_revision: AtRevision | None = None,
        indexed: Sequence[str] = (),
        enrich: Enrich | None = None,
    ) -> None:
        self.prefix = prefix
        self._store = store
        self._decode = decode
        self._at_revision = at_revision
        self._enrich = enrich
        self._entries: dict[str, Entry] = {}
        self._keys = SortedKeys()
        self._by_field: dict[str, dict[str, dict[str, Entry]]] = {field: {} for field in indexed}
        self._watchers = Watchers(indexed)
        self._primed: dict[int, Entry] = {}
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._waited = 0
        self._ready = asyncio.Event()
        self._oldest = 0
        self._reaching_back = asyncio.Lock()
        self._cut_off: UnavailableError | None = None

    async def run(self) -> None:
        """Follow the store until it is closed. Raise what it cannot be recovered from."""
        try:
            async with asyncio.TaskGroup() as group:
                bookmarks = group.create_task(self._send_bookmarks())
                await self._follow()
                bookmarks.cancel()
        finally:
            self._watchers.stop()

    async def ready(self) -> None:
        """Wait until the cache holds what the store holds."""
        await self._ready.wait()

    @property
    def revision(self) -> int:
        """The revision which the cache shows; nothing up to there is missing."""
        return self._watchers.revision

    @property
    def watching(self) -> int:
        """How many watch."""
        return len(self._watchers)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Entry | None:
        """The object at a key of the store."""
        return self._entries.get(key)

    def keys(self, namespace: str = "", *, start: str = "") -> Sequence[str]:
        """The keys in a namespace or in all, in order, from a key on."""
        return self._keys.below(self._below(namespace), start)

    def entries(self, namespace: str = "", *, start: str = "") -> list[Entry]:
        """The objects in a namespace or in all, in order of their keys, from a key on."""
        entries = self._entries
        if not entries:
            return []  # As most kinds are that every write asks for: policies, webhooks, quotas.
        return [entries[key] for key in self.keys(namespace, start=start)]

    def having(self, field: str, value: str, namespace: str = "") -> list[Entry]:
        """The objects with an indexed field, in order; costs as much as there are of them."""
        found = self._by_field[field].get(value, {})
        below = self._below(namespace)
        return [found[key] for key in sorted(found) if key.startswith(below)]

    async def entries_at(
        self, revision: int, namespace: str = "", *, start: str = ""
    ) -> list[Entry]:
        """The objects at exactly a revision. Raise CompactedError or FutureRevisionError."""
        if revision < self._oldest:
            raise CompactedError(self._oldest)
        await self.caught_up(revision)
        if revision >= self._watchers.recent.complete_after:
            return self._entries_in_past(revision, namespace, start)
        page = await self._store.range(self._below(namespace), start=start, revision=revision)
        return [self._decode(stored) for stored in page.items]

    def forget(self, revision: int) -> None:
        """Show what was at a revision only from this one on, as the store does."""
        self._oldest = max(self._oldest, revision)

    async def caught_up(self, revision: int) -> None:
        """Wait until the cache shows a revision. Raise FutureRevisionError if there is none."""
        if self.revision >= revision:
            return
        newest = await self._store.revision(self.prefix)
        if newest < revision:
            raise FutureRevisionError(newest)
        if self.revision < revision:
            await self._reached(revision)

    async def consistent(self) -> int:
        """Wait until the cache shows all that was written before the call; answer the revision."""
        revision = await self._store.revision(self.prefix)
        if self.revision < revision:
            await self._reached(revision)
        return self.revision

    async def tell(self) -> None:
        """Send those who watch all objects a bookmark that covers what was written by now."""
        await self.consistent()
        self._watchers.send_bookmarks(to_all=False)

    def watch(self, selection: Selection, *, after: int, bookmarks: bool = False) -> Watch:
        """Watch what changes after a revision. Raise CompactedError when it is too long ago.

        Raise UnavailableError when the store is silent: there would be nothing to tell.
        Use it as `with cache.watch(...) as watch: async for events in watch: ...`.
        """
        self.check_reachable()
        return self._watchers.watch(selection, after=after, bookmarks=bookmarks)

    async def reach_back(self, after: int) -> None:
        """Have watches begin after a revision of before this cache, as other servers told of it.

        Clients of a server that is gone go on here where they were. Raise CompactedError.
        """
        async with self._reaching_back:
            until = self._watchers.recent.complete_after
            if after >= until:
                return
            changes = await self._store.past(self.prefix, after=after)
            past = [self._changed(one) for one in changes if one.revision <= until]
            if self._enrich is not None:
                told = [one for change, _ in past for one in (change.entry, change.previous)]
                await self._enrich([one for one in told if one is not None])
            if until == self._watchers.recent.complete_after:
                self._watchers.recent.precede(after, past)

    def _changed(self, change: Change) -> tuple[Changed, int]:
        """A change of before this cache, and its size."""
        key, was = change.key, change.previous
        if was is None and change.created != change.revision:
            raise CompactedError(change.revision)  # What was there nobody knows.
        entry = None
        if change.type == "put":
            entry = self._decode(Stored(key, change.value, change.revision, change.created))
        previous = self._decode(was) if was is not None else None
        return self._told(change, entry, previous)

    def check_reachable(self) -> None:
        """Raise UnavailableError when the store is silent."""
        if self._cut_off is not None:
            raise self._cut_off

    def prime(self, entry: Entry) -> None:
        """Hand in what was just written, so that it need not be decoded again."""
        if entry.revision > self.revision:
            if len(self._primed) >= PRIMED_MAX:
                self._primed.clear()
            self._primed[entry.revision] = entry

    def _below(self, namespace: str) -> str:
        return f"{self.prefix}{namespace}/" if namespace else self.prefix

    async def _follow(self) -> None:
        is_loaded = False
        while True:
            try:
                if not is_loaded:
                    await self._load()
                    is_loaded = True
                elif self._cut_off is not None:
                    await self._store.revision(self.prefix)
                self._cut_off = None
                self._ready.set()
                async for batch in self._store.follow(self.prefix, after=self.revision):
                    if self._enrich is not None:
                        await self._prime_enriched(batch, self._enrich)
                    self._take(batch)
                return
            except CompactedError:
                log.warning("lost the thread of changes, listing again", prefix=self.prefix)
                is_loaded = False
            except UnavailableError as error:
                log.debug("cannot reach the store", prefix=self.prefix, error=str(error))
                self._interrupt(error)
                await asyncio.sleep(RETRY_S)

    def _interrupt(self, error: UnavailableError) -> None:
        """Have those who watch or wait turn elsewhere; others may reach the store."""
        self._cut_off = error
        self._ready.clear()
        self._watchers.stop(error)
        for _, _, future in self._waiting:
            if not future.done():
                future.set_exception(error)
        self._waiting.clear()

    async def _prime_enriched(self, batch: Batch, enrich: Enrich) -> None:
        found = {}
        for change in batch.changes:
            if change.type == "put":
                found[change.revision] = self._primed.get(change.revision) or self._decode(
                    Stored(change.key, change.value, change.revision, change.created)
                )
        await enrich(list(found.values()))
        self._primed.update(found)

    async def _load(self) -> None:
        page = await self._store.range(self.prefix, limit=PAGE_MAX)
        revision, items = page.revision, list(page.items)
        while len(page.items) < page.total:
            start = page.items[-1].key + "\0"
            page = await self._store.range(
                self.prefix, start=start, limit=PAGE_MAX, revision=revision
            )
            items += page.items
        self._entries = {stored.key: self._decode(stored) for stored in items}
        self._keys = SortedKeys(self._entries)
        for values in self._by_field.values():
            values.clear()
        for entry in self._entries.values():
            self._index(entry)
        self._watchers.restart(revision)
        self._wake_waiting()

    def _take(self, batch: Batch) -> None:
        changes = [self._apply(change) for change in batch.changes]
        self._watchers.publish(batch.revision, changes)
        if self._primed:
            self._primed = {r: e for r, e in self._primed.items() if r > batch.revision}
        if self._waiting:
            self._wake_waiting()

    def _apply(self, change: Change) -> tuple[Changed, int]:
        key = change.key
        previous = self._entries.get(key)
        if previous is not None and change.previous is None:
            # The store has forgotten what was here, so nobody could be told that it is gone.
            raise CompactedError(change.revision)
        if previous is not None:
            self._unindex(previous)
        if change.type == "put":
            entry = self._primed.pop(change.revision, None) or self._decode(
                Stored(key, change.value, change.revision, change.created)
            )
            if previous is None:
                self._keys.add(key)
            self._entries[key] = entry
            self._index(entry)
        else:
            entry = None
            if previous is not None:
                self._keys.remove(key)
                del self._entries[key]
        return self._told(change, entry, previous)

    def _told(
        self, change: Change, entry: Entry | None, previous: Entry | None
    ) -> tuple[Changed, int]:
        namespace, _, name = change.key[len(self.prefix) :].rpartition("/")
        changed = Changed(
            revision=change.revision,
            place=(namespace, name),
            entry=entry,
            previous=previous,
            last=partial(self._last, change, previous),
        )
        return changed, len(change.value) + (0 if previous is None else len(previous.json))

    def _last(self, change: Change, known: Entry | None) -> Entry:
        """The object that a change replaced or removed, at the revision of the change."""
        if known is not None and self._at_revision is not None:
            return self._at_revision(known, change.revision)
        previous = change.previous
        assert previous is not None, "whatever vanishes was there"
        return self._decode(Stored(previous.key, previous.value, change.revision, previous.created))

    def _index(self, entry: Entry) -> None:
        for field, values in self._by_field.items():
            value = entry.fields.get(field)
            if value is not None:
                values.setdefault(value, {})[entry.key] = entry

    def _unindex(self, entry: Entry) -> None:
        for field, values in self._by_field.items():
            value = entry.fields.get(field)
            if value is not None:
                found = values[value]
                del found[entry.key]
                if not found:
                    del values[value]

    def _entries_in_past(self, revision: int, namespace: str, start: str) -> list[Entry]:
        # What changed since is undone on top of what is there.
        then: dict[str, Entry | None] = {}
        below = self._below(namespace)
        for changed in reversed(self._watchers.recent.after(revision)):
            entry = changed.entry or changed.previous
            if entry is not None and entry.key.startswith(below) and entry.key >= start:
                then[entry.key] = changed.previous
        if not then:
            return self.entries(namespace, start=start)
        found = [e for e in self.entries(namespace, start=start) if e.key not in then]
        found += [entry for entry in then.values() if entry is not None]
        found.sort(key=lambda entry: entry.key)
        return found

    async def _reached(self, revision: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waited += 1
        heapq.heappush(self._waiting, (revision, self._waited, future))
        await future

    def _wake_waiting(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.revision:
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                future.set_result(None)

    async def _send_bookmarks(self) -> None:
        while True:
            await asyncio.sleep(BOOKMARK_EVERY_S)
            if self._watchers.want_bookmarks():
                try:
                    await self.consistent()
                except UnavailableError:
                    continue  # Nothing is known, so there is nothing to tell.
                self._watchers.send_bookmarks()
