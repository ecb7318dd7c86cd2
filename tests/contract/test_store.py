"""Every store keeps the promises of apiserver/storage/store.py."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from apiserver.storage.cache import Cache
from apiserver.storage.entry import Entry
from apiserver.storage.open import open_store
from apiserver.storage.selection import Selection
from apiserver.storage.store import (
    Change,
    CompactedError,
    FutureRevisionError,
    KeyExistsError,
    RevisionMismatchError,
    Store,
    Stored,
    ValueTooLargeError,
)
from knarr.daemon.settings import SettingsError
from tests import etcd

PODS = "/registry/pods/"


@pytest.fixture(scope="module")
def etcd_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with etcd.cluster(tmp_path_factory.mktemp("etcd")) as members:
        yield etcd.url(members)


@pytest.fixture(params=["memory", "sqlite", "etcd"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    match request.param:
        case "memory":
            url = "memory://"
        case "sqlite":
            url = f"sqlite://{tmp_path}/state.db"
        case _:
            url = request.getfixturevalue("etcd_url")
    async with open_store(url) as store:
        yield store
        if request.param == "etcd":
            for stored in (await store.range("/registry/")).items:
                await store.delete(stored.key, expected=stored.revision)


async def changes_of(store: Store, prefix: str, *, after: int, count: int) -> list[Change]:
    found: list[Change] = []
    async with asyncio.timeout(10):
        async for batch in store.follow(prefix, after=after):
            found += batch.changes
            if len(found) >= count:
                break
    return found


async def test_every_write_takes_one_revision(store: Store) -> None:
    start = await store.revision()
    created = await store.create(f"{PODS}a/1", b"1")
    updated = await store.update(f"{PODS}a/1", b"2", expected=created)
    deleted = await store.delete(f"{PODS}a/1", expected=updated)
    assert [created, updated, deleted] == [start + 1, start + 2, start + 3]
    assert await store.revision() == deleted


async def test_failed_writes_take_none_and_tell_what_is_there(store: Store) -> None:
    created = await store.create(f"{PODS}a/1", b"1")
    with pytest.raises(KeyExistsError) as exists:
        await store.create(f"{PODS}a/1", b"2")
    assert (exists.value.current.value, exists.value.current.revision) == (b"1", created)
    with pytest.raises(RevisionMismatchError) as stale:
        await store.update(f"{PODS}a/1", b"2", expected=created - 1)
    assert stale.value.current is not None
    assert stale.value.current.revision == created
    with pytest.raises(RevisionMismatchError) as gone:
        await store.delete(f"{PODS}a/none", expected=created)
    assert gone.value.current is None
    with pytest.raises(ValueTooLargeError):
        await store.create(f"{PODS}a/2", b"x" * 1_600_000)
    assert await store.revision() == created


async def test_takes_values_of_a_megabyte_and_a_half(store: Store) -> None:
    value = bytes(range(256)) * 5859
    await store.create(f"{PODS}a/large", value)
    stored = await store.get(f"{PODS}a/large")
    assert stored is not None
    assert stored.value == value


async def test_get_answers_when_the_value_came_to_be(store: Store) -> None:
    assert await store.get(f"{PODS}a/1") is None
    created = await store.create(f"{PODS}a/1", b"1")
    updated = await store.update(f"{PODS}a/1", b"2", expected=created)
    stored = await store.get(f"{PODS}a/1")
    assert stored is not None
    assert (stored.value, stored.created, stored.revision) == (b"2", created, updated)


async def test_ranges_are_ordered_bytewise_and_end_with_the_prefix(store: Store) -> None:
    for name in ("b/1", "a/é", "a/z", "a/-", "a/0"):
        await store.create(PODS + name, name.encode())
    await store.create("/registry/podtemplates/a/1", b"other")
    page = await store.range(PODS)
    assert [stored.key for stored in page.items] == [
        PODS + name for name in ("a/-", "a/0", "a/z", "a/é", "b/1")
    ]
    assert page.total == 5
    assert page.revision == await store.revision()


async def test_pages_show_one_revision(store: Store) -> None:
    for number in range(5):
        await store.create(f"{PODS}a/{number}", b"")
    first = await store.range(PODS, limit=2)
    assert [stored.key[-1] for stored in first.items] == ["0", "1"]
    assert first.total == 5
    last = await store.get(f"{PODS}a/4")
    assert last is not None
    await store.delete(f"{PODS}a/4", expected=last.revision)
    await store.create(f"{PODS}a/3x", b"")
    rest = await store.range(
        PODS, start=first.items[-1].key + "\0", limit=9, revision=first.revision
    )
    assert [stored.key[-1] for stored in rest.items] == ["2", "3", "4"]
    assert rest.total == 3
    assert rest.revision == first.revision


async def test_the_past_shows_old_values(store: Store) -> None:
    created = await store.create(f"{PODS}a/1", b"old")
    updated = await store.update(f"{PODS}a/1", b"new", expected=created)
    await store.delete(f"{PODS}a/1", expected=updated)
    await store.create(f"{PODS}a/1", b"again")
    old = await store.range(PODS, revision=created)
    new = await store.range(PODS, revision=updated)
    gone = await store.range(PODS, revision=updated + 1)
    assert [stored.value for stored in old.items] == [b"old"]
    assert [(s.value, s.created, s.revision) for s in new.items] == [(b"new", created, updated)]
    assert list(gone.items) == []
    with pytest.raises(FutureRevisionError):
        await store.range(PODS, revision=updated + 99)


async def test_followers_see_every_change_in_order(store: Store) -> None:
    before = await store.revision()
    created = await store.create(f"{PODS}a/1", b"1")
    await store.create("/registry/services/a/1", b"not followed")
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        following = group.create_task(changes_of(store, PODS, after=before, count=4))
        await asyncio.sleep(0)
        updated = await store.update(f"{PODS}a/1", b"2", expected=created)
        deleted = await store.delete(f"{PODS}a/1", expected=updated)
        again = await store.create(f"{PODS}a/1", b"3")
    first, second, third, fourth = following.result()
    assert (first.type, first.revision, first.created, first.value) == (
        "put",
        created,
        created,
        b"1",
    )
    assert first.previous is None
    assert (second.revision, second.created, second.value) == (updated, created, b"2")
    assert second.previous is not None
    assert (second.previous.value, second.previous.revision) == (b"1", created)
    assert (third.type, third.revision, third.created, third.value) == ("delete", deleted, 0, b"")
    assert third.previous is not None
    assert third.previous.value == b"2"
    assert (fourth.revision, fourth.created, fourth.previous) == (again, again, None)


async def test_followers_resume_after_a_revision(store: Store) -> None:
    revisions = [await store.create(f"{PODS}a/{number}", b"") for number in range(6)]
    seen = await changes_of(store, PODS, after=revisions[2], count=3)
    assert [change.revision for change in seen] == revisions[3:]


async def test_followers_learn_how_far_the_store_is(store: Store) -> None:
    start = await store.create(f"{PODS}a/1", b"")
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:

        async def reached(revision: int) -> None:
            async for batch in store.follow(PODS, after=start):
                assert not batch.changes
                if batch.revision >= revision:
                    return

        later = await store.create("/registry/services/a/1", b"")
        group.create_task(reached(later))
        await asyncio.sleep(0)
        assert await store.revision(PODS) == later


async def test_compaction_forgets_the_past_and_keeps_the_revision(store: Store) -> None:
    first = await store.create(f"{PODS}a/1", b"1")
    second = await store.update(f"{PODS}a/1", b"2", expected=first)
    third = await store.delete(f"{PODS}a/1", expected=second)
    await store.compact(third)
    assert await store.revision() == third
    with pytest.raises(CompactedError):
        await store.range(PODS, revision=second)
    with pytest.raises(CompactedError):
        await changes_of(store, PODS, after=first, count=1)
    assert list((await store.range(PODS, revision=third)).items) == []
    again = await store.create(f"{PODS}a/1", b"3")
    assert again > third
    seen = await changes_of(store, PODS, after=third, count=1)
    assert [change.revision for change in seen] == [again]


async def test_compaction_keeps_what_lives(store: Store) -> None:
    first = await store.create(f"{PODS}a/1", b"1")
    kept = await store.create(f"{PODS}a/2", b"2")
    last = await store.update(f"{PODS}a/1", b"3", expected=first)
    await store.compact(last)
    page = await store.range(PODS)
    assert [(s.value, s.revision, s.created) for s in page.items] == [
        (b"3", last, first),
        (b"2", kept, kept),
    ]
    with pytest.raises(FutureRevisionError):
        await store.compact(last + 9)


async def test_keys_go_when_their_time_has_come(store: Store) -> None:
    created = await store.create(f"{PODS}a/1", b"1", ttl_s=1)
    stays = await store.create(f"{PODS}a/2", b"2")
    updated = await store.update(f"{PODS}a/1", b"1b", expected=created)
    seen = await changes_of(store, PODS, after=updated, count=1)
    assert [(change.type, change.key) for change in seen] == [("delete", f"{PODS}a/1")]
    assert seen[0].previous is not None
    assert seen[0].previous.value == b"1b"
    page = await store.range(PODS)
    assert [stored.revision for stored in page.items] == [stays]


async def test_of_concurrent_updates_one_wins(store: Store) -> None:
    created = await store.create(f"{PODS}a/1", b"")

    async def attempt(number: int) -> int:
        try:
            return await store.update(f"{PODS}a/1", b"%d" % number, expected=created)
        except RevisionMismatchError:
            return 0

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(attempt(number)) for number in range(20)]
    assert sorted(task.result() for task in tasks) == [0] * 19 + [created + 1]


async def test_a_cache_shows_every_write_once_it_is_acknowledged(store: Store) -> None:
    def decode(stored: Stored) -> Entry:
        return Entry(
            key=stored.key,
            revision=stored.revision,
            json=stored.value,
            obj=None,
            labels={},
            fields={},
        )

    cache = Cache(store, PODS, decode)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        running = group.create_task(cache.run())
        await cache.ready()
        with cache.watch(Selection(namespace="a"), after=cache.revision) as watch:
            for number in range(20):
                created = await store.create(f"{PODS}a/{number}", b"1")
                elsewhere = await store.create(f"/registry/services/a/{number}", b"")
                assert await cache.consistent() >= elsewhere
                entry = cache.get(f"{PODS}a/{number}")
                assert entry is not None
                assert entry.revision == created
            events = [event.type for event in await anext(watch)]
        assert events == ["ADDED"] * 20
        running.cancel()


@pytest.mark.parametrize(
    "url",
    ["redis://h", "sqlite://", "etcd://", "etcds://h:1?certificate=x"],
    ids=["an unknown kind", "no file", "no host", "an unknown option"],
)
async def test_says_what_is_wrong_with_a_url(url: str) -> None:
    with pytest.raises(SettingsError, match="--store"):
        async with open_store(url):
            pass
