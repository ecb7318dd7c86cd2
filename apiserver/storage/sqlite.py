"""The durable store of one machine: an append-only log in SQLite, everything live in memory.

Writes that come in while a commit runs go into the next one together, so that
many writers share one wait for the disk. A write is answered, and seen, only
when it is durable. A commit for which there is no room is undone whole and its writers
are told; reads go on, and writes as soon as there is room. When a commit fails
otherwise nobody knows what the disk holds, so the store stops for good and all
who follow it get an error.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Literal

import structlog

from apiserver.storage.local import FIRST_REVISION, LocalStore
from apiserver.storage.sqlite_file import LogFile, Row, row_of
from apiserver.storage.store import (
    Batch,
    Change,
    CompactedError,
    Page,
    Stored,
    StoreError,
    UnavailableError,
    UnknownOutcomeError,
)
from apiserver.storage.writer import Writer
from knarr.daemon.clock import Clock

COMMIT_CHANGES_MAX = 512
"""Writes that share one commit, so that the first of them does not wait for thousands."""

SWEEP_REVISIONS = 2_000
"""Revisions swept between two commits: writes go on while the past is forgotten."""

CHANGES_READ_MAX = 1_000
"""Changes read from the file at once."""

EXPIRE_AGAIN_S = 10.0
"""A key whose time has come while there was no room goes so much later."""

log = structlog.get_logger()

_Waiting = tuple[Change | None, float, "asyncio.Future[None] | None"]


class SqliteStore(LocalStore):
    """A file that only this process may have open. To be made inside the event loop."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._file = LogFile(path)
        self._load()
        self._batch: list[_Waiting] = []
        self._writing: list[_Waiting] = []
        self._scheduled = False
        self._is_full = False
        self._compacting = asyncio.Lock()
        self._writer = Writer(self._maintain)
        log.info("opened the store", path=str(path), sqlite=sqlite3.sqlite_version)

    def follow(self, prefix: str, *, after: int) -> AsyncIterator[Batch]:
        """Yield the changes below a prefix; those of long ago are read from the file."""
        if after >= self._hub.recent.complete_after:
            return self._hub.follow(prefix, after)
        return self._follow_file(prefix, after)

    async def compact(self, revision: int) -> None:
        """Forget the past before a revision, a bit at a time."""
        await super().compact(revision)
        async with self._compacting:
            try:
                await self._compact_file(revision)
            except sqlite3.Error as error:
                if not _is_full(error):
                    raise
                raise UnavailableError(f"the store has no room: {error}") from None

    async def _compact_file(self, revision: int) -> None:
        await self._writer.call(partial(self._file.begin_compaction, revision))
        first = await self._writer.call(self._swept)
        while first < revision:
            last = min(first + SWEEP_REVISIONS, revision)
            await self._writer.call(partial(self._file.sweep, first, last, revision))
            first = last
        while await self._writer.call(self._file.vacuum):
            pass  # Commits come in between.

    async def close(self) -> None:
        """Finish what is under way and close the file."""
        if self._stopped:
            return
        self._stopped = "the store is closed"
        await self._settled()
        await super().close()
        await self._writer.close()
        self._file.close()

    async def _commit(self, change: Change) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stage(change, future)
        await future

    def _commit_later(self, change: Change) -> None:
        self._stage(change, None)

    async def _settled(self) -> None:
        if self._batch or self._writing:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._batch.append((None, 0.0, future))
            await future

    async def _range_beyond_memory(
        self, prefix: str, start: str, limit: int, revision: int
    ) -> Page:
        items, total = await asyncio.to_thread(self._file.range, prefix, start, limit, revision)
        if revision < self._compacted:
            raise CompactedError(self._compacted)  # Forgotten while it was read.
        return Page(items, revision, total)

    async def _follow_file(self, prefix: str, after: int) -> AsyncIterator[Batch]:
        while after < self._hub.recent.complete_after:
            newest = self._hub.revision
            changes = await asyncio.to_thread(self._file.changes, prefix, after, CHANGES_READ_MAX)
            if after < self._compacted - 1:
                raise CompactedError(self._compacted)
            whole = len(changes) < CHANGES_READ_MAX
            changes = [change for change in changes if change.revision <= newest]
            after = newest if whole else changes[-1].revision
            yield Batch(after, changes)
        async for batch in self._hub.follow(prefix, after):
            yield batch

    def _load(self) -> None:
        self._compacted = self._file.compacted
        self._hub.recent.restart(max(self._compacted - 1, FIRST_REVISION))
        now = self._clock.now().timestamp()
        expires_at: dict[str, float] = {}
        for revision, key, deleted, created, _, expires, value in self._file.rows():
            previous = self._live.pop(key, None)
            if not deleted:
                self._live[key] = Stored(key, value, revision, created)
                expires_at[key] = expires
            if revision >= self._compacted:
                kind: Literal["put", "delete"] = "delete" if deleted else "put"
                self._hub.keep(Change(kind, key, value, revision, created, previous))
        for key in self._live:
            self._keys.add(key)
            if expires_at[key]:
                self._expiry.set(key, expires_at[key] - now)
        self._last = self._hub.revision = max(self._file.last, FIRST_REVISION)

    def _stage(self, change: Change, future: "asyncio.Future[None] | None") -> None:
        self._last = revision = change.revision
        if change.type == "delete":
            self._staged[change.key] = (revision, None)
            expires = 0.0
        else:
            stored = Stored(change.key, change.value, revision, change.created)
            self._staged[change.key] = (revision, stored)
            remaining_s = self._expiry.remaining_s(change.key)
            now = self._clock.now
            expires = 0.0 if remaining_s is None else now().timestamp() + remaining_s
        self._batch.append((change, expires, future))
        if not self._writing and not self._scheduled:
            # Not at once: whoever else is about to write in this turn of the loop joins in.
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        if self._writing or not self._batch:
            return
        self._writing = self._batch[:COMMIT_CHANGES_MAX]
        del self._batch[:COMMIT_CHANGES_MAX]
        rows: list[Row] = [row_of(c, expires) for c, expires, _ in self._writing if c is not None]
        if rows:
            self._writer.submit(partial(self._file.append, rows), self._written)
        else:
            self._written(None)

    def _written(self, error: BaseException | None) -> None:
        if error is not None:
            if _is_full(error):
                self._refuse(error)
            else:
                self._fail(error)
            return
        self._note_room(is_full=False)
        written, self._writing = self._writing, []
        changes = [change for change, _, _ in written if change is not None]
        for change in changes:
            if self._staged[change.key][0] == change.revision:
                del self._staged[change.key]
        # Those who wait are woken in this order after all is visible: writers, then followers.
        for _, _, future in written:
            if future is not None and not future.done():
                future.set_result(None)
        self._apply(changes)
        self._flush()

    def _refuse(self, error: BaseException) -> None:
        """Undo all that was decided since the last commit, for it rests on what was not written."""
        self._note_room(is_full=True)
        refused = self._writing + self._batch
        self._writing, self._batch = [], []
        self._staged.clear()
        self._last = self._hub.revision
        for change, _, future in refused:
            if future is None and change is not None:
                self._expiry.set(change.key, EXPIRE_AGAIN_S)
            elif future is not None and not future.done():
                future.set_exception(UnavailableError(f"the store has no room: {error}"))

    def _note_room(self, *, is_full: bool) -> None:
        if is_full != self._is_full:
            self._is_full = is_full
            log.warning("the store has no room" if is_full else "the store has room again")

    def _fail(self, error: BaseException) -> None:
        log.error("the store cannot write and stops", error=str(error))
        self._stopped = f"the store has stopped: {error}"
        unknown, untouched = self._writing, self._batch
        self._writing, self._batch = [], []
        for _, _, future in unknown:
            if future is not None and not future.done():
                future.set_exception(UnknownOutcomeError(self._stopped))
        for _, _, future in untouched:
            if future is not None and not future.done():
                future.set_exception(UnavailableError(self._stopped))
        self._hub.fail(StoreError(self._stopped))

    def _swept(self) -> int:
        return self._file.swept

    def _maintain(self) -> None:
        try:
            self._file.maintain()
        except (sqlite3.Error, OSError) as error:
            # What is committed is safe in the WAL; the next commit tells whether more is wrong.
            log.warning("cannot checkpoint", error=str(error))


def _is_full(error: BaseException) -> bool:
    """Whether a write failed for want of room, which SQLite undoes whole."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
