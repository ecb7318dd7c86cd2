"""Stores under churn stay as large as what lives in them; so does their servers' memory.

Some seconds here, as fast as they go; `make soak` does the same for an hour, with a rate
that leaves the machine to others, and says each minute what it sees.
"""

import asyncio
import os
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import pytest
from msgspec import Struct, field

from knarr.api.core.config_map import ConfigMap
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.client import Client
from knarr.client.connection import Credentials
from knarr.client.grpc import connect
from tests import etcd
from tests.servers import TOKEN, Server

SOAK_S = float(os.environ.get("SOAK_MINUTES") or "0.35") * 60
RATE = float(os.environ.get("SOAK_RATE") or "0")
"""Objects made in a second, in each store; 0: as many as it takes."""
SAMPLES = 36
COMPACTION_S = min(SOAK_S / 12, 300.0)
WRITERS = 8
LIVE = 20
VALUE = "x" * 2_000
IS_LONG = SOAK_S >= 300
BOUND = 1.2 if IS_LONG else 1.6
"""The memory of the end may be more than that of the middle by this: it has gaps.

What grew evenly from the beginning would be larger by two thirds."""
MEMORY_MAX = 400 << 20
KEPT_S = 3 * COMPACTION_S
"""Writes go when they are two intervals old, and a while is needed to take them away."""
EVENT_BYTES = 2 * len(VALUE)
"""What a write takes in a store, with its indexes and pages half full."""
SPARE_BYTES = 2 << 20

Say = Callable[[str], None]


class Soaked(Struct):
    """A server, the folder that may grow, and what was seen of both."""

    name: str
    server: Server
    folder: Path
    sizes: list[int] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    events: int = 0
    """What one watch, open all the time, has seen."""

    def sample(self) -> None:
        self.sizes.append(size_of(self.folder))
        self.seen.append(self.events)
        assert self.server.process is not None
        self.memory.append(memory_of(self.server.process.pid))


def size_of(folder: Path) -> int:
    """Bytes of the database; SQLite's journal beside it has a limit of its own."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.name in ("store.db", "db"))


def memory_of(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@asynccontextmanager
async def serving(name: str, folder: Path) -> AsyncIterator[Soaked]:
    """A server on a store of its own."""
    kept = folder / "kept"
    kept.mkdir(parents=True)
    flags = (
        f"--etcd-compaction-interval={COMPACTION_S}s",
        f"--min-request-timeout={max(4, round(SOAK_S / 60))}",
    )
    if name == "sqlite":
        soaked = Soaked(name, Server(folder, f"sqlite://{kept / 'store.db'}", *flags), kept)
        try:
            await soaked.server.start()
            yield soaked
        finally:
            soaked.server.kill()
        return
    with etcd.cluster(kept) as members:
        soaked = Soaked(
            name, Server(folder, etcd.url(members), *flags), kept / "m0" / "member" / "snap"
        )
        try:
            await soaked.server.start()
            yield soaked
        finally:
            soaked.server.kill()


async def churn(client: Client, writer: int, stop: asyncio.Event) -> None:
    """Make, change and remove objects, so that a few live at any time."""
    number = 0
    while not stop.is_set():
        name = f"w{writer}-{number}"
        made = await client.create(
            ConfigMap(metadata=ObjectMeta(namespace="default", name=name), data={"v": VALUE})
        )
        await client.patch(ConfigMap, Key("default", name), {"data": {"n": str(number)}})
        if number >= LIVE:
            await client.delete(ConfigMap, Key("default", f"w{writer}-{number - LIVE}"))
        assert made.metadata.name == name
        number += 1
        if RATE:
            await asyncio.sleep(WRITERS / RATE)


async def look(client: Client, soaked: Soaked, after: int) -> None:
    """Watch all the time: no event may be lost, none come twice, nor behind its bookmark."""
    while True:  # Servers end a watch after a while.
        async for batch in client.watch(ConfigMap, after=after, namespace="default"):
            for event in batch:
                if event.type != "BOOKMARK":
                    assert event.revision > after, (soaked.name, event.type)
                    soaked.events += 1
                after = event.revision


async def soak(name: str, folder: Path, say: Say) -> None:
    """Write to a server for as long as was asked, and look at it meanwhile."""
    async with (
        serving(name, folder) as soaked,
        connect((soaked.server.address,), Credentials(token=TOKEN)) as client,
    ):
        stop = asyncio.Event()
        began = await client.revision_now()
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(look(client, soaked, began))
            writers = [group.create_task(churn(client, n, stop)) for n in range(WRITERS)]
            for number in range(SAMPLES):
                await asyncio.sleep(SOAK_S / SAMPLES)
                soaked.sample()
                minutes = SOAK_S * (number + 1) / SAMPLES / 60
                say(
                    f"{minutes:5.1f} min {name}: {soaked.events} events, "
                    f"store {soaked.sizes[-1] >> 10} KiB, memory {soaked.memory[-1] >> 20} MiB\n"
                )
            stop.set()
            await asyncio.wait(writers)
            await all_seen(client, soaked, began)
            looking.cancel()
        check(soaked)


async def all_seen(client: Client, soaked: Soaked, began: int) -> None:
    """The watch shows each write: what lives was made and changed, what is gone was removed too."""
    listed = await client.list(ConfigMap, namespace="default")
    live = [one for one in listed.items if one.metadata.name.startswith("w")]
    assert len(live) == WRITERS * LIVE
    made: dict[str, int] = {}
    for one in live:
        writer, _, number = one.metadata.name.partition("-")
        made[writer] = max(made.get(writer, 0), int(number) + 1)
    wanted = sum(3 * each - LIVE for each in made.values())
    assert listed.revision - began >= wanted > 500
    async with asyncio.timeout(60):
        while soaked.events < wanted:
            await asyncio.sleep(0.05)
    assert soaked.events == wanted


def check(soaked: Soaked) -> None:
    """The store holds what lives and the past that is kept; the memory stays."""
    kept, most = round(KEPT_S * SAMPLES / SOAK_S), 0
    for number, (size, seen) in enumerate(zip(soaked.sizes, soaked.seen, strict=True)):
        # Files keep the room they once took.
        most = max(most, seen - (soaked.seen[number - kept] if number >= kept else 0))
        assert size < SPARE_BYTES + most * EVENT_BYTES, (soaked.name, number, soaked)
    middle, end = median(soaked.memory[12:24]), median(soaked.memory[-12:])
    assert end < BOUND * middle, (soaked.name, soaked.memory)
    assert max(soaked.memory) < MEMORY_MAX, (soaked.name, soaked.memory)


@pytest.mark.timeout(SOAK_S + 300)
async def test_churn_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(line: str) -> None:
        if IS_LONG:
            with capsys.disabled():
                os.write(1, line.encode())

    async with asyncio.TaskGroup() as group:
        for name in ("sqlite", "etcd"):
            group.create_task(soak(name, tmp_path / name, say))
