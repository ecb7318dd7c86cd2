"""What the SQLite store promises about its file."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apiserver.storage.sqlite import SqliteStore
from apiserver.storage.store import CompactedError, StoreError, UnavailableError
from knarr.daemon.clock import SystemClock

PODS = "/registry/pods/"
ROOT = Path(__file__).parents[2]


def opened(path: Path) -> SqliteStore:
    return SqliteStore(path, SystemClock())


def acknowledged_until_killed(path: Path, name: str, writes: int) -> dict[str, int]:
    storm = subprocess.Popen(
        [sys.executable, "-m", "tests.component.write_storm", str(path), name],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert storm.stdout is not None
    with storm.stdout as output:
        lines = [output.readline() for _ in range(writes)]
        storm.kill()
        lines += output.readlines()
    storm.wait()
    whole = [line for line in lines if line.startswith(b"/") and line.endswith(b"\n")]
    pairs = [line.decode().split() for line in whole]
    return {key: int(revision) for key, revision in pairs}


async def test_a_killed_process_loses_no_acknowledged_write(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    acknowledged: dict[str, int] = {}
    for round_ in range(20):
        acknowledged |= acknowledged_until_killed(path, str(round_), 50 + 37 * round_)
    store = opened(path)
    page = await store.range(PODS)
    found = {stored.key: stored.revision for stored in page.items}
    assert len(acknowledged) > 20 * 50
    assert {key: found.get(key) for key in acknowledged} == acknowledged
    await store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        revisions = [row[0] for row in connection.execute("SELECT rev FROM log ORDER BY rev")]
        assert revisions == list(range(2, len(revisions) + 2)), "no revision is left out"


async def test_finds_everything_again(tmp_path: Path) -> None:
    store = opened(tmp_path / "state.db")
    first = await store.create(f"{PODS}a/1", b"1")
    second = await store.update(f"{PODS}a/1", b"2", expected=first)
    gone = await store.create(f"{PODS}a/2", b"")
    last = await store.delete(f"{PODS}a/2", expected=gone)
    await store.close()
    store = opened(tmp_path / "state.db")
    assert await store.revision() == last
    stored = await store.get(f"{PODS}a/1")
    assert stored is not None
    assert (stored.value, stored.created, stored.revision) == (b"2", first, second)
    assert [s.value for s in (await store.range(PODS, revision=first)).items] == [b"1"]
    batch = await anext(store.follow(PODS, after=first))
    assert [(c.type, c.revision) for c in batch.changes] == [
        ("put", second),
        ("put", gone),
        ("delete", last),
    ]
    await store.close()


async def test_revisions_never_go_back_even_when_the_newest_row_is_forgotten(
    tmp_path: Path,
) -> None:
    store = opened(tmp_path / "state.db")
    revision = await store.create(f"{PODS}a/1", b"1")
    revision = await store.delete(f"{PODS}a/1", expected=revision)
    await store.compact(revision)
    await store.close()
    store = opened(tmp_path / "state.db")
    assert await store.revision() == revision
    with pytest.raises(CompactedError):
        await store.range(PODS, revision=revision - 1)
    assert await store.create(f"{PODS}a/1", b"1") == revision + 1
    await store.close()


async def test_reads_the_distant_past_from_the_file(tmp_path: Path) -> None:
    store = opened(tmp_path / "state.db")
    revisions = [await store.create(f"{PODS}a/{n}", b"%d" % n) for n in range(5)]
    await store.delete(f"{PODS}a/0", expected=revisions[0])
    await store.create("/registry/services/a/1", b"")
    newest = await store.update(f"{PODS}a/4", b"new", expected=revisions[4])
    store._hub.recent.restart(newest)
    page = await store.range(PODS, start=f"{PODS}a/1", limit=2, revision=revisions[3])
    assert [(s.key[-1], s.value) for s in page.items] == [("1", b"1"), ("2", b"2")]
    assert page.total == 3
    batch = await anext(store.follow(PODS, after=revisions[3]))
    assert [c.type for c in batch.changes] == ["put", "delete", "put"]
    assert [c.previous.value if c.previous else None for c in batch.changes] == [None, b"0", b"4"]
    assert batch.revision == newest
    await store.close()


async def test_compaction_gives_the_space_back(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = opened(path)
    revision = await store.create(f"{PODS}a/1", b"")
    for number in range(3000):
        revision = await store.update(f"{PODS}a/1", b"%d" % number * 500, expected=revision)
    await store.close()
    before = path.stat().st_size
    store = opened(path)
    await store.compact(revision)
    assert await store.get(f"{PODS}a/1") is not None
    await store.close()
    assert path.stat().st_size < before / 10
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM log").fetchone() == (1,)


async def test_time_to_live_goes_on_while_the_store_is_closed(tmp_path: Path) -> None:
    class Later:
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(hours=1)

    store = opened(tmp_path / "state.db")
    await store.create(f"{PODS}a/1", b"", ttl_s=3000)
    last = await store.create(f"{PODS}a/2", b"", ttl_s=30_000)
    await store.close()
    store = SqliteStore(tmp_path / "state.db", Later())
    async with asyncio.timeout(5):
        batch = await anext(store.follow(PODS, after=last))
    assert [(c.type, c.key) for c in batch.changes] == [("delete", f"{PODS}a/1")]
    assert await store.get(f"{PODS}a/2") is not None
    await store.close()


async def test_a_second_process_is_told_who_has_the_file(tmp_path: Path) -> None:
    store = opened(tmp_path / "state.db")
    with pytest.raises(UnavailableError, match="in use by process"):
        opened(tmp_path / "state.db")
    await store.close()
    await opened(tmp_path / "state.db").close()


async def test_stops_for_good_when_a_commit_fails(tmp_path: Path) -> None:
    store = opened(tmp_path / "state.db")
    revision = await store.create(f"{PODS}a/1", b"")
    store._file._connection.execute("PRAGMA query_only = 1")
    following = store.follow(PODS, after=revision)
    with pytest.raises(StoreError):
        await store.create(f"{PODS}a/2", b"")
    with pytest.raises(UnavailableError):
        await store.create(f"{PODS}a/3", b"")
    with pytest.raises(StoreError):
        await anext(following)
    assert await store.get(f"{PODS}a/2") is None


async def test_a_full_disk_refuses_writes_until_there_is_room(tmp_path: Path) -> None:
    """What was not written was never there: not for reads, not for the writes that come next."""
    path = tmp_path / "state.db"
    store = opened(path)
    first = await store.create(f"{PODS}a", b"1")
    brief = await store.create(f"{PODS}brief", b"1", ttl_s=3600)
    room = store._file._connection.execute("PRAGMA page_count").fetchone()[0]
    store._file._connection.execute(f"PRAGMA max_page_count = {room}")
    large = b"x" * 100_000
    with pytest.raises(UnavailableError, match="no room"):
        await store.update(f"{PODS}a", large, expected=first)
    both = (store.create(f"{PODS}b", large), store.delete(f"{PODS}brief", expected=brief))
    refused = await asyncio.gather(*both, return_exceptions=True)
    assert [type(error) for error in refused] == [UnavailableError] * 2
    assert [stored.value for stored in (await store.range(PODS)).items] == [b"1", b"1"]
    assert await store.revision() == brief
    assert store._expiry.remaining_s(f"{PODS}brief") is not None, "it still goes in its time"
    store._file._connection.execute("PRAGMA max_page_count = 1000000")
    second = await store.update(f"{PODS}a", large, expected=first)
    assert second == brief + 1
    await store.close()
    store = opened(path)
    assert await store.get(f"{PODS}b") is None
    found = await store.get(f"{PODS}a")
    assert found is not None
    assert found.revision == second
    await store.close()
