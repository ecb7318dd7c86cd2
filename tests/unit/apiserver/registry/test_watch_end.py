"""The end of a watch whose time is up."""

import asyncio
from random import Random

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, ListOptions, Request
from apiserver.storage.memory import MemoryStore
from knarr.api.core.config_map import ConfigMap
from knarr.api.kind_table import kind_of
from knarr.api.meta.object_meta import ObjectMeta
from knarr.daemon.clock import SystemClock

PREFIX = "/registry/configmaps/"


class BusyStore(MemoryStore):
    """One in which something is always written just before somebody asks how far it is."""

    def __init__(self) -> None:
        super().__init__()
        self.value = b""
        self.count = 0

    async def revision(self, prefix: str = "") -> int:
        if self.value:
            self.count += 1
            await self.create(f"{PREFIX}default/b{self.count}", self.value)
        return await super().revision(prefix)


async def test_the_last_bookmark_comes_behind_what_it_covers() -> None:
    store = BusyStore()
    registry = Registry(store, clock=SystemClock(), rng=Random(1))
    request = Request(user=SYSTEM, kind=kind_of(ConfigMap), namespace="default")
    async with asyncio.TaskGroup() as group:
        running = group.create_task(registry.run())
        await registry.ready()
        made = await registry.create(request, Body(ConfigMap(metadata=ObjectMeta(name="a"))))
        options = ListOptions(
            resource_version=str(made.revision), timeout_s=2, allow_bookmarks=True
        )
        events = await registry.watch(request, options)
        stored = await store.get(f"{PREFIX}default/a")
        assert stored is not None
        store.value = stored.value
        seen: list[tuple[str, int]] = []
        async for batch in events:
            seen += [(event.type, event.revision) for event in batch]
        running.cancel()
    added = [revision for kind, revision in seen if kind == "ADDED"]
    bookmarks = [number for number, (kind, _) in enumerate(seen) if kind == "BOOKMARK"]
    assert added == sorted(added)
    assert bookmarks
    for number in bookmarks:
        told = [revision for kind, revision in seen[:number] if kind == "ADDED"]
        assert told == [revision for revision in added if revision <= seen[number][1]], seen
