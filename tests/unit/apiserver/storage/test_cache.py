"""The watch cache over a memory store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from apiserver.storage import watchers
from apiserver.storage.cache import Cache
from apiserver.storage.entry import Entry, Event
from apiserver.storage.memory import MemoryStore
from apiserver.storage.selection import Selection
from apiserver.storage.store import CompactedError, FutureRevisionError, Stored
from apiserver.storage.watchers import Watch

PODS = "/registry/pods/"


def decode(stored: Stored) -> Entry:
    fields = msgspec.json.decode(stored.value, type=dict[str, str])
    json = msgspec.json.encode({"resourceVersion": str(stored.revision), **fields})
    return Entry(
        key=stored.key,
        revision=stored.revision,
        json=json,
        obj=None,
        labels={"app": fields.get("app", "")},
        fields={"spec.nodeName": fields.get("node", "")},
    )


def pod(**fields: str) -> bytes:
    return msgspec.json.encode(fields)


@asynccontextmanager
async def running(store: MemoryStore) -> AsyncIterator[Cache]:
    cache = Cache(store, PODS, decode, indexed=["spec.nodeName"])
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(cache.run())
        await cache.ready()
        yield cache
        task.cancel()


async def events(watch: Watch) -> list[Event]:
    return list(await anext(watch))


def told(events: list[Event]) -> list[tuple[str, str, int]]:
    return [(e.type, e.entry.key[len(PODS) :] if e.entry else "", e.revision) for e in events]


async def write(store: MemoryStore, name: str, **fields: str) -> int:
    stored = await store.get(PODS + name)
    if stored is None:
        return await store.create(PODS + name, pod(**fields))
    return await store.update(PODS + name, pod(**fields), expected=stored.revision)


async def remove(store: MemoryStore, name: str) -> int:
    stored = await store.get(PODS + name)
    assert stored is not None
    return await store.delete(PODS + name, expected=stored.revision)


async def test_holds_what_was_there_and_what_comes() -> None:
    store = MemoryStore()
    await write(store, "a/1", app="old")
    async with running(store) as cache:
        assert [entry.key for entry in cache.entries()] == [PODS + "a/1"]
        revision = await write(store, "b/0", app="new")
        assert await cache.consistent() == revision
        entry = cache.get(PODS + "b/0")
        assert entry is not None
        assert entry.json == b'{"resourceVersion":"%d","app":"new"}' % revision
        assert [entry.key for entry in cache.entries("b")] == [PODS + "b/0"]
        await remove(store, "b/0")
        await cache.consistent()
        assert cache.get(PODS + "b/0") is None
        assert len(cache) == 1


async def test_consistent_reaches_what_other_resources_wrote() -> None:
    store = MemoryStore()
    async with running(store) as cache:
        revision = await store.create("/registry/services/a/1", b"{}")
        assert cache.revision < revision
        await cache.caught_up(revision)
        assert cache.revision == revision
        with pytest.raises(FutureRevisionError):
            await cache.caught_up(revision + 1)


async def test_finds_by_indexed_field() -> None:
    store = MemoryStore()
    async with running(store) as cache:
        await write(store, "a/2", node="n1")
        await write(store, "a/1", node="n1")
        await write(store, "b/1", node="n2")
        await cache.consistent()
        found = cache.having("spec.nodeName", "n1")
        assert [entry.key for entry in found] == [PODS + "a/1", PODS + "a/2"]
        await write(store, "a/1", node="n2")
        await remove(store, "b/1")
        await cache.consistent()
        assert [entry.key for entry in cache.having("spec.nodeName", "n2")] == [PODS + "a/1"]


async def test_shows_the_past_exactly() -> None:
    store = MemoryStore()
    async with running(store) as cache:
        await write(store, "a/1", app="old")
        then = await write(store, "a/2", app="gone later")
        await write(store, "a/1", app="new")
        await remove(store, "a/2")
        await write(store, "a/0")
        past = await cache.entries_at(then)
        assert [entry.json.split(b'"app":')[1] for entry in past] == [b'"old"}', b'"gone later"}']
        assert [entry.key for entry in await cache.entries_at(then, "a", start=PODS + "a/2")] == [
            PODS + "a/2"
        ]


async def test_a_watch_hears_every_change_once() -> None:
    store = MemoryStore()
    async with running(store) as cache:
        first = await write(store, "a/1", app="x")
        await cache.consistent()
        with cache.watch(Selection(), after=first - 1) as watch:
            assert told(await events(watch)) == [("ADDED", "a/1", first)]
            second = await write(store, "a/1", app="y")
            third = await remove(store, "a/1")
            heard = await events(watch)
        assert told(heard) == [("MODIFIED", "a/1", second), ("DELETED", "a/1", third)]
        assert heard[1].entry is not None
        assert heard[1].entry.json == b'{"resourceVersion":"%d","app":"y"}' % third
        assert cache.watching == 0


async def test_watchers_share_one_event() -> None:
    store = MemoryStore()
    async with running(store) as cache:
        after = cache.revision
        everything, in_a = Selection(), Selection(namespace="a")
        with (
            cache.watch(everything, after=after) as one,
            cache.watch(in_a, after=after) as other,
        ):
            await write(store, "a/1")
            assert (await events(one))[0] is (await events(other))[0]


async def test_a_watch_hears_only_what_it_selects() -> None:
    store = MemoryStore()
    selections = [
        Selection(namespace="a"),
        Selection(name="1"),
        Selection(namespace="b", name="2"),
        Selection(field="spec.nodeName", value="n1"),
        Selection(namespace="b", field="spec.nodeName", value="n1"),
    ]
    async with running(store) as cache:
        watches = [cache.watch(selection, after=cache.revision) for selection in selections]
        for name, node in (("a/1", "n1"), ("a/2", "n2"), ("b/1", "n2"), ("b/2", "n1")):
            await write(store, name, node=node)
        await cache.consistent()
        heard = [[name for _, name, _ in told(await events(watch))] for watch in watches]
    assert heard == [["a/1", "a/2"], ["a/1", "b/1"], ["b/2"], ["a/1", "b/2"], ["b/2"]]


@pytest.mark.parametrize("live", [True, False], ids=["while it happens", "from the past"])
async def test_objects_come_and_go_as_they_match(live: bool) -> None:
    store = MemoryStore()
    blue = Selection(matches=lambda entry: entry.labels["app"] == "blue")
    on_n1 = Selection(field="spec.nodeName", value="n1")
    async with running(store) as cache:
        after = cache.revision
        with cache.watch(blue, after=after) as by_label, cache.watch(on_n1, after=after) as by_node:
            if live:
                await write(store, "z/first", app="blue", node="n1")
                await events(by_label)
                await events(by_node)
            r1 = await write(store, "a/1", app="red", node="n2")
            r2 = await write(store, "a/1", app="blue", node="n1")
            r3 = await write(store, "a/1", app="blue", node="n1", x="y")
            r4 = await write(store, "a/1", app="red", node="n2", x="z")
            await remove(store, "a/1")
            await cache.consistent()
            labels, nodes = await events(by_label), await events(by_node)
    assert r1 < r2
    expected = [("ADDED", "a/1", r2), ("MODIFIED", "a/1", r3), ("DELETED", "a/1", r4)]
    assert told(labels) == expected
    assert told(nodes) == expected
    gone = labels[2].entry
    assert gone is not None
    assert b'"x":"y"' in gone.json, "the last object that matched"
    assert gone.revision == r4
    assert labels[0] is nodes[0]
    assert labels[2] is nodes[2]


async def test_a_slow_watcher_reads_on_from_the_past() -> None:
    store = MemoryStore()
    async with running(store) as cache:
        with cache.watch(Selection(), after=cache.revision) as watch:
            await write(store, "a/first")
            await events(watch)
            written = []
            for number in range(watchers.WATCH_EVENTS_BEHIND_MAX * 2):
                written.append(await write(store, f"a/{number}"))
            await cache.consistent()
            heard = [event.revision for event in await events(watch)]
            heard += [event.revision for event in await events(watch)]
        assert heard == written


async def test_a_watcher_too_far_behind_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchers, "EVENTS_KEPT_MAX", 10)
    store = MemoryStore()
    async with running(store) as cache:
        start = cache.revision
        with cache.watch(Selection(), after=start) as watch:
            for number in range(20):
                await write(store, f"a/{number}")
            await cache.consistent()
            with pytest.raises(CompactedError):
                await anext(watch)
        with pytest.raises(CompactedError):
            cache.watch(Selection(), after=start)


async def test_bookmarks_tell_how_far_the_cache_is() -> None:
    store = MemoryStore()
    async with running(store) as cache:
        with cache.watch(Selection(namespace="a"), after=cache.revision, bookmarks=True) as watch:
            revision = await store.create("/registry/services/a/1", b"{}")
            await cache.consistent()
            cache._watchers.send_bookmarks()
            assert told(await events(watch)) == [("BOOKMARK", "", revision)]


async def test_what_is_primed_is_not_decoded() -> None:
    store = MemoryStore()
    async with running(store) as cache:
        revision = await write(store, "a/1", app="x")
        ready = decode(Stored(PODS + "a/1", pod(app="x"), revision, revision))
        cache.prime(ready)
        await cache.consistent()
        assert cache.get(PODS + "a/1") is ready


async def test_watches_end_with_the_store() -> None:
    store = MemoryStore()
    cache = Cache(store, PODS, decode)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(cache.run())
        await cache.ready()
        with cache.watch(Selection(), after=cache.revision) as watch:
            await store.close()
            assert [batch async for batch in watch] == []


async def test_compaction_does_not_disturb_a_cache_that_follows() -> None:
    store = MemoryStore()
    async with running(store) as cache:
        with cache.watch(Selection(), after=cache.revision) as watch:
            await write(store, "a/1", app="x")
            last = await write(store, "a/1", app="y")
            await store.compact(last)
            heard = await events(watch)
        assert [event.type for event in heard][-1] == "MODIFIED"
