"""Copies of a store, taken while it is used, checked, and put back.

    digest = await save("etcd://127.0.0.1:2379", Path("monday.db"))
    await restore(Path("monday.db"), "sqlite:///var/lib/knarr/store.db")

A copy is a SQLite store of its own, whatever it was taken from: all that was
there at one revision, with its revisions, and a digest over it. So a cluster
may move from SQLite to etcd and back, and a copy can be looked at by starting
an API server on it.
"""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlsplit

from msgspec import Struct

from apiserver.storage.open import open_store
from apiserver.storage.sqlite_file import LogFile, Row
from apiserver.storage.store import KeyExistsError, Store, Stored
from knarr.daemon.clock import Clock, SystemClock
from knarr.daemon.settings import SettingsError

ROOT = "/registry/"
EVENTS = f"{ROOT}events/"
EVENT_TTL_S = 3600
"""Events put into etcd live as long from then on as new ones would."""

PAGE = 500

REVISIONS_AHEAD = 10_000
"""A store put back goes on this far after any revision that a client may have seen: a client
that was ahead of the copy is told to list again, not that it knows the future."""

_LIVE = (
    "SELECT rev, key, 0, created, 0, expires, value FROM log"
    " WHERE NOT deleted AND rev IN (SELECT max(rev) FROM log GROUP BY key) ORDER BY rev"
)


class Copied(Struct, frozen=True):
    """What a copy holds."""

    revision: int
    keys: int
    digest: str
    """SHA-256 over keys, values and revisions, in order of revision."""


async def save(url: str, path: Path, clock: Clock | None = None) -> Copied:
    """Write a copy of what a store holds now; it may be in use. Raise SettingsError."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    try:
        source = _sqlite_path(url)
        if source is not None:
            rows, revision = _rows_of_file(source)
        else:
            rows, revision = await _rows_of_store(url, clock or SystemClock())
        copied = _write(half, rows, revision)
        half.replace(path)
    except OSError as error:
        raise SettingsError(f"cannot write {path}: {error.strerror}") from None
    finally:
        _remove(half)
    return copied


def check(path: Path) -> Copied:
    """Read a copy and compare it with its digest. Raise SettingsError when it is none or broken."""
    if not path.is_file():
        raise SettingsError(f"{path}: there is no such file")
    try:
        with closing(_read_only(path)) as connection:
            found = connection.execute("SELECT digest FROM copy").fetchone()
            intact = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            revision = _revision(connection)
            keys, digest = _digest(connection.execute(_LIVE))
    except sqlite3.Error as error:
        raise SettingsError(f"{path} is not a copy of a store: {error}") from None
    if not intact or found is None or found[0] != digest:
        raise SettingsError(f"{path} is damaged: what it holds is not what was saved")
    return Copied(revision, keys, digest)


async def restore(path: Path, url: str) -> Copied:
    """Make a store hold what a copy holds, nothing else. Raise SettingsError.

    A SQLite store must not be in use; what it held is kept beside it, as NAME.before-restore.
    API servers on an etcd store see the changes as writes of somebody else.
    """
    copied = check(path)
    target = _sqlite_path(url)
    if target is not None:
        _replace(path, target, copied.revision)
        return copied
    if urlsplit(url).scheme == "memory":
        raise SettingsError("a store in memory ends with its process: there is nothing to restore")
    with closing(_read_only(path)) as connection:
        wanted = {row[1]: row[6] for row in connection.execute(_LIVE)}
    async with open_store(url) as store:
        await _make_equal(store, wanted)
    return copied


def _sqlite_path(url: str) -> Path | None:
    parts = urlsplit(url)
    return Path(parts.netloc + parts.path) if parts.scheme == "sqlite" else None


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)


def _rows_of_file(path: Path) -> tuple[list[Row], int]:
    """What a SQLite store holds, in one transaction beside its writer."""
    if not path.is_file():
        raise SettingsError(f"{path}: there is no such store")
    try:
        with closing(_read_only(path)) as connection:
            connection.execute("PRAGMA busy_timeout = 5000")
            connection.execute("BEGIN")
            return connection.execute(_LIVE).fetchall(), _revision(connection)
    except sqlite3.Error as error:
        raise SettingsError(f"cannot read {path}: {error}") from None


def _revision(connection: sqlite3.Connection) -> int:
    newest = connection.execute(
        "SELECT max(number) FROM (SELECT max(rev) AS number FROM log"
        " UNION SELECT number FROM meta WHERE name = 'rev')"
    ).fetchone()[0]
    return int(newest)


async def _rows_of_store(url: str, clock: Clock) -> tuple[list[Row], int]:
    """What another store holds, page by page at one revision."""
    rows: list[Row] = []
    start, revision = "", 0
    async with open_store(url) as store:
        while True:
            page = await store.range(ROOT, start=start, limit=PAGE, revision=revision)
            revision = page.revision
            rows += [_row(one, clock) for one in page.items]
            if len(page.items) < PAGE:
                break
            start = page.items[-1].key + "\0"
    rows.sort()
    return rows, revision


def _row(one: Stored, clock: Clock) -> Row:
    expires = clock.now().timestamp() + EVENT_TTL_S if one.key.startswith(EVENTS) else 0.0
    return (one.revision, one.key, 0, one.created, 0, expires, one.value)


def _write(path: Path, rows: list[Row], revision: int) -> Copied:
    file = LogFile(path)
    try:
        if rows:
            file.append(rows)
        file.begin_compaction(revision, newest=revision)
    finally:
        file.close()
    keys, digest = _digest(iter(rows))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE copy (digest TEXT NOT NULL)")
        connection.execute("INSERT INTO copy VALUES (?)", (digest,))
        connection.commit()
    return Copied(revision, keys, digest)


def _digest(rows: Iterator[Row]) -> tuple[int, str]:
    digest, keys = hashlib.sha256(), 0
    for rev, key, _, created, _, _, value in rows:
        digest.update(f"{rev} {key} {created} {len(value)}\n".encode())
        digest.update(value)
        keys += 1
    return keys, digest.hexdigest()


def _replace(copy: Path, target: Path, revision: int) -> None:
    """Put a copy in the place of a store that nobody uses."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    newest = revision
    if target.exists():
        before = LogFile(target)  # Takes the lock, and fails while somebody uses it.
        newest = max(newest, before.last)
        before.close()
        target.replace(target.with_name(f"{target.name}.before-restore"))
    half = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(copy, half)
    half.chmod(0o600)
    file = LogFile(half)
    newest += REVISIONS_AHEAD
    file.begin_compaction(newest, newest=newest)
    file.close()
    half.replace(target)
    _remove(half)


def _remove(half: Path) -> None:
    for path in half.parent.glob(f"{half.name}*"):
        path.unlink()


async def _make_equal(store: Store, wanted: dict[str, bytes]) -> None:
    """Write only what differs."""
    for key, one in (await _all(store)).items():
        if key not in wanted:
            await store.delete(key, expected=one.revision)
        elif wanted[key] != one.value:
            await store.update(key, wanted[key], expected=one.revision)
        wanted.pop(key, None)
    for key, value in wanted.items():
        ttl_s = EVENT_TTL_S if key.startswith(EVENTS) else 0
        try:
            await store.create(key, value, ttl_s=ttl_s)
        except KeyExistsError as error:
            await store.update(key, value, expected=error.current.revision)


async def _all(store: Store) -> dict[str, Stored]:
    found: dict[str, Stored] = {}
    start = ""
    while True:
        page = await store.range(ROOT, start=start, limit=PAGE)
        found |= {one.key: one for one in page.items}
        if len(page.items) < PAGE:
            return found
        start = page.items[-1].key + "\0"
