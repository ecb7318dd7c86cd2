"""The log that a SQLite store writes: one row a revision.

One connection writes and checkpoints, always in the one writer thread; readers
open their own and cannot write. (Two connections that both write and
checkpoint run into a corruption bug of SQLite 3.7.0 to 3.51.2.) A lock on a
file beside it keeps other processes away. The database's own maximum of `rev`
is never trusted alone: compaction may remove the newest row, so it notes the
revision in `meta`.

There is no index by key: it would cost each write a third, and only a range of
the distant past would use it. Such a range reads the log instead, which
compaction keeps short.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from apiserver.storage.sorted_keys import after_prefix
from apiserver.storage.store import Change, Stored, UnavailableError

SCHEMA_VERSION = 1
"""Kept in `user_version`; a file of a later version is not touched."""

CHECKPOINT_BYTES = 4 << 20
"""Bytes written after which the WAL is copied into the database."""

WAL_BYTES_MAX = 64 << 20
"""A WAL larger than this is cut off, at the price of waiting for readers."""

VACUUM_PAGES = 512
"""Pages given back to the file system in one go, between commits."""

_TABLES = """
CREATE TABLE log (
    rev INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    created INTEGER NOT NULL,
    prev INTEGER NOT NULL,
    expires REAL NOT NULL,
    value BLOB NOT NULL
);
CREATE TABLE meta (name TEXT PRIMARY KEY, number INTEGER NOT NULL);
INSERT INTO meta VALUES ('compacted', 0), ('swept', 0), ('rev', 0);
"""

_INSERT = "INSERT INTO log VALUES (?,?,?,?,?,?,?)"

Row = tuple[int, str, int, int, int, float, bytes]
"""rev, key, deleted, created, prev, expires, value."""


def row_of(change: Change, expires: float) -> Row:
    """A change as it is written; `expires` is a Unix time, 0 for never."""
    created = change.created
    prev = 0 if change.previous is None else change.previous.revision
    deleted = int(change.type == "delete")
    return (change.revision, change.key, deleted, created, prev, expires, change.value)


class LogFile:
    """The file. Except for the readers, all is to be called from one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = _lock(path)
        try:
            self._connection = self._open()
        except sqlite3.Error as error:
            self._lock.close()
            raise UnavailableError(f"cannot open {path}: {error}") from error
        self.last = max(self._number("rev"), self._one("SELECT max(rev) FROM log") or 0)
        self._unchecked = 0

    @property
    def compacted(self) -> int:
        """The oldest revision that is left."""
        return self._number("compacted")

    @property
    def swept(self) -> int:
        """The revision up to which the rows of the past are removed."""
        return self._number("swept")

    def rows(self) -> Iterator[Row]:
        """Everything, in order of revision."""
        yield from self._connection.execute(
            "SELECT rev, key, deleted, created, prev, expires, value FROM log ORDER BY rev"
        )

    def append(self, rows: Sequence[Row]) -> None:
        """Write rows durably, all or none."""
        execute = self._connection.execute
        if len(rows) == 1:
            execute(_INSERT, rows[0])  # A transaction by itself.
        else:
            execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(_INSERT, rows)
                execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    execute("ROLLBACK")
                raise
        self.last = rows[-1][0]
        self._unchecked += sum(len(row[6]) + 200 for row in rows)

    def maintain(self) -> None:
        """Copy the WAL into the database once enough has come together."""
        if self._unchecked < CHECKPOINT_BYTES:
            return
        self._unchecked = 0
        wal = self._path.with_name(self._path.name + "-wal")
        mode = "TRUNCATE" if wal.stat().st_size > WAL_BYTES_MAX else "PASSIVE"
        self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()

    def begin_compaction(self, revision: int, *, newest: int = 0) -> None:
        """Note from where on the past is readable; with `newest` revisions go on from there."""
        self.last = max(self.last, newest)
        self._note(compacted=revision, rev=self.last)

    def sweep(self, first: int, last: int, compacted: int) -> None:
        """Remove what the rows of some revisions replaced, and the deletes among them.

        A delete at exactly the compacted revision stays: one may follow from there.
        """
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        execute(
            "DELETE FROM log WHERE rev IN"
            " (SELECT prev FROM log WHERE rev BETWEEN ? AND ? AND prev > 0)",
            (first, last),
        )
        execute(
            "DELETE FROM log WHERE rev BETWEEN ? AND ? AND deleted AND rev < ?",
            (first, last, compacted),
        )
        self._note(swept=last, rev=self.last)
        execute("COMMIT")
        self._unchecked += CHECKPOINT_BYTES // 8

    def vacuum(self) -> bool:
        """Give some free pages back to the file system; answer whether there are more."""
        # As a script: execute() would stop after the first page.
        self._connection.executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")
        return bool(self._one("PRAGMA freelist_count"))

    def range(self, prefix: str, start: str, limit: int, revision: int) -> tuple[list[Stored], int]:
        """The keys below a prefix at a revision, and how many there are. For any thread."""
        newest = (
            "FROM (SELECT max(rev) AS rev FROM log WHERE key >= ? AND key < ? AND rev <= ?"
            " GROUP BY key) JOIN log USING (rev) WHERE NOT deleted"
        )
        bounds = (max(prefix, start), after_prefix(prefix), revision)
        reader = self._reader()
        try:
            total = reader.execute(f"SELECT count(*) {newest}", bounds).fetchone()[0]
            found = reader.execute(
                f"SELECT key, value, rev, created {newest} ORDER BY key LIMIT ?",
                (*bounds, limit or -1),
            )
            return [Stored(*row) for row in found], total
        finally:
            reader.close()

    def changes(self, prefix: str, after: int, limit: int) -> list[Change]:
        """The first changes below a prefix after a revision. For any thread."""
        reader = self._reader()
        try:
            found = reader.execute(
                "SELECT l.rev, l.key, l.deleted, l.created, l.value, p.value, p.rev, p.created"
                " FROM log l LEFT JOIN log p ON p.rev = l.prev"
                " WHERE l.rev > ? AND l.key >= ? AND l.key < ? ORDER BY l.rev LIMIT ?",
                (after, prefix, after_prefix(prefix), limit),
            )
            return [_change_of(*row) for row in found]
        finally:
            reader.close()

    def close(self) -> None:
        """Copy the WAL into the database and let others have the file."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._connection.close()
        self._lock.close()

    def _open(self) -> sqlite3.Connection:
        self._path.touch(mode=0o600)  # It holds Secrets.
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise sqlite3.DatabaseError(f"the file is of version {version}, made by a later Knarr")
        if version == 0:
            # These two have to come before the first table and before the WAL.
            connection.execute("PRAGMA page_size = 4096")
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA busy_timeout = 5000")
        if version == 0:
            connection.executescript(
                f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT"
            )
        return connection

    def _reader(self) -> sqlite3.Connection:
        reader = sqlite3.connect(self._path)
        reader.execute("PRAGMA query_only = 1")
        reader.execute("PRAGMA busy_timeout = 5000")
        return reader

    def _number(self, name: str) -> int:
        return int(self._one("SELECT number FROM meta WHERE name = ?", name))

    def _note(self, **numbers: int) -> None:
        self._connection.executemany(
            "UPDATE meta SET number = max(number, ?) WHERE name = ?",
            [(number, name) for name, number in numbers.items()],
        )

    def _one(self, sql: str, *arguments: object) -> Any:  # Any: whatever the column holds.
        return self._connection.execute(sql, arguments).fetchone()[0]


def _change_of(
    rev: int,
    key: str,
    deleted: int,
    created: int,
    value: bytes,
    previous_value: bytes | None,
    previous_rev: int,
    previous_created: int,
) -> Change:
    previous = None
    if previous_value is not None:
        previous = Stored(key, previous_value, previous_rev, previous_created)
    return Change("delete" if deleted else "put", key, value, rev, created, previous)


def _lock(path: Path) -> TextIO:
    """Keep other processes away. Not on the database itself, whose locks SQLite would lose."""
    try:
        file = path.with_name(path.name + ".lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise UnavailableError(f"cannot write to {path.parent}: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise UnavailableError(f"{path} is in use by process {holder}") from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
