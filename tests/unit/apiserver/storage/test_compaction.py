"""The past is kept for an interval, and forgotten after two."""

import asyncio

import pytest

from apiserver.storage.compaction import compact_regularly
from apiserver.storage.memory import MemoryStore
from apiserver.storage.store import CompactedError

KEY = "/registry/pods/a/1"


@pytest.mark.looptime
async def test_forgets_what_is_older_than_an_interval() -> None:
    store = MemoryStore()
    first = await store.create(KEY, b"1")
    second = await store.update(KEY, b"2", expected=first)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(compact_regularly(store, every_s=300))
        await asyncio.sleep(10)
        third = await store.update(KEY, b"3", expected=second)
        await asyncio.sleep(280)
        assert (await store.range(KEY, revision=first)).items[0].value == b"1"
        await asyncio.sleep(20)
        with pytest.raises(CompactedError):
            await store.range(KEY, revision=first)
        assert (await store.range(KEY, revision=second)).items[0].value == b"2"
        await asyncio.sleep(300)
        with pytest.raises(CompactedError):
            await store.range(KEY, revision=second)
        assert (await store.range(KEY, revision=third)).items[0].value == b"3"
        task.cancel()
