"""Copies of stores: taken under load, checked, put back, carried from one kind to another."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from apiserver.storage import etcd_client
from apiserver.storage.backup import REVISIONS_AHEAD, check, restore, save
from apiserver.storage.open import open_store
from apiserver.storage.store import CompactedError, Store, UnavailableError
from knarr.api.core.config_map import ConfigMap
from knarr.api.errors import ExpiredError
from knarr.daemon.settings import SettingsError
from tests import etcd
from tests.component.kubelet.lab import api

MAPS = "/registry/configmaps/default/"


@pytest.fixture(params=["sqlite", "etcd"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path / 'store.db'}"
        return
    with etcd.cluster(tmp_path) as members:
        yield etcd.url(members)


async def fill(store: Store, count: int = 1200) -> dict[str, bytes]:
    """More than a page of keys, some written twice, some gone again."""
    for number in range(count):
        revision = await store.create(f"{MAPS}{number}", b"first")
        if number % 3 == 0:
            revision = await store.update(f"{MAPS}{number}", b"%d" % number, expected=revision)
        if number % 5 == 0:
            await store.delete(f"{MAPS}{number}", expected=revision)
    return await held(store)


async def held(store: Store) -> dict[str, bytes]:
    return {one.key: one.value for one in (await store.range(MAPS)).items}


async def test_what_is_put_back_is_what_was_there(url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    async with open_store(url) as store:
        before = await fill(store)
        copied = await save(url, copy)
        assert copied == check(copy)
        newest = await store.create(f"{MAPS}later", b"")
        first = (await store.range(MAPS, limit=1)).items[0]
        await store.update(first.key, b"changed", expected=first.revision)
        await store.delete(f"{MAPS}1", expected=(await store.get(f"{MAPS}1")).revision)  # type: ignore[union-attr]
    await restore(copy, url)
    async with open_store(url) as store:
        assert await held(store) == before
        assert await store.revision() > newest, "revisions never go back"


async def test_a_copy_is_of_one_moment(url: str, tmp_path: Path) -> None:
    """Two keys are always written one after the other: a copy never has the second alone."""
    async with open_store(url) as store:
        stop = asyncio.Event()

        async def write() -> None:
            number = 0
            while not stop.is_set():
                await store.create(f"{MAPS}z{number:06}", b"first")
                await store.create(f"{MAPS}a{number:06}", b"second")
                number += 1

        async with asyncio.TaskGroup() as group:
            group.create_task(write())
            for round_ in range(5):
                await asyncio.sleep(0.1)
                copy = tmp_path / f"copy{round_}"
                await save(url, copy)
                with closing(sqlite3.connect(copy)) as connection:
                    keys = {key for (key,) in connection.execute("SELECT key FROM log")}
                seconds = {key[len(MAPS) + 1 :] for key in keys if key.startswith(f"{MAPS}a")}
                firsts = {key[len(MAPS) + 1 :] for key in keys if key.startswith(f"{MAPS}z")}
                assert seconds <= firsts
                assert len(firsts - seconds) <= 1
            stop.set()
        assert firsts


async def test_a_cluster_moves_from_etcd_to_sqlite_and_back(tmp_path: Path) -> None:
    with etcd.cluster(tmp_path) as members:
        there, here = etcd.url(members), f"sqlite://{tmp_path / 'store.db'}"
        async with open_store(there) as store:
            before = await fill(store, 30)
            revisions = {one.key: one.revision for one in (await store.range(MAPS)).items}
        await save(there, tmp_path / "copy")
        await restore(tmp_path / "copy", here)
        async with open_store(here) as store:
            assert {one.key: one.revision for one in (await store.range(MAPS)).items} == revisions
            await store.create(f"{MAPS}new", b"new")
        await save(here, tmp_path / "back")
        await restore(tmp_path / "back", there)
        async with open_store(there) as store:
            assert await held(store) == before | {f"{MAPS}new": b"new"}


async def test_who_was_ahead_of_the_copy_lists_again(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path / 'store.db'}"
    async with open_store(url) as store:
        await store.create(f"{MAPS}a", b"")
        await save(url, tmp_path / "copy")
        for number in range(5):
            seen = await store.create(f"{MAPS}{number}", b"")
    await restore(tmp_path / "copy", url)
    async with open_store(url) as store:
        assert await store.revision() == seen + REVISIONS_AHEAD
        with pytest.raises(CompactedError):
            await anext(aiter(store.follow(MAPS, after=seen)))
    assert (tmp_path / "store.db.before-restore").exists()


async def test_a_store_in_use_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path / 'store.db'}"
    async with open_store(url) as store:
        await store.create(f"{MAPS}a", b"")
        await save(url, tmp_path / "copy")
        with pytest.raises(UnavailableError, match="in use by process"):
            await restore(tmp_path / "copy", url)
        assert list(await held(store)) == [f"{MAPS}a"]


async def test_a_damaged_copy_is_refused(tmp_path: Path) -> None:
    url, copy = f"sqlite://{tmp_path / 'store.db'}", tmp_path / "copy"
    async with open_store(url) as store:
        await store.create(f"{MAPS}a", b"value" * 100)
    await save(url, copy)
    copy.write_bytes(copy.read_bytes().replace(b"valuevalue", b"valueVALUE"))
    with pytest.raises(SettingsError, match="is damaged"):
        await restore(copy, url)
    copy.write_bytes(b"something else")
    with pytest.raises(SettingsError, match="is not a copy of a store"):
        await restore(copy, url)
    with pytest.raises(SettingsError, match="there is no such file"):
        await restore(tmp_path / "none", url)
    async with open_store(url) as store:
        assert list(await held(store)) == [f"{MAPS}a"], "what was there is there"


async def test_etcd_gives_space_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(etcd_client, "DEFRAGMENT_BYTES", 1 << 20)
    with etcd.cluster(tmp_path) as members:
        database = tmp_path / "m0" / "member" / "snap" / "db"
        async with open_store(etcd.url(members)) as store, asyncio.timeout(30):
            revision = await store.create(f"{MAPS}a", b"")
            for number in range(100):
                value = b"%d" % number * 100_000
                revision = await store.update(f"{MAPS}a", value[:100_000], expected=revision)
            before = database.stat().st_size
            while database.stat().st_size > before // 2:
                # etcd removes what is compacted a little later: the next time finds it.
                await asyncio.sleep(0.2)
                await store.compact(
                    await store.create(f"{MAPS}{asyncio.get_running_loop().time()}", b"")
                )


async def test_who_watches_from_a_revision_that_was_lost_is_told_to_list_again() -> None:
    async with api() as client:
        newest = (await client.list(ConfigMap)).revision
        with pytest.raises(ExpiredError, match="too large resource version: 10"):
            async for _ in client.watch(ConfigMap, after=newest + 1_000_000):
                pass
