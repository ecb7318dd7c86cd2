"""A store under churn stays as large as what lives in it; so does the server's memory.

Half a minute here; `make soak` does the same for an hour.
"""

import asyncio
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from knarr.api.core.config_map import ConfigMap
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.client import Client
from knarr.client.connection import Credentials
from knarr.client.grpc import connect
from tests import etcd
from tests.servers import TOKEN, Server

SOAK_S = float(os.environ.get("SOAK_MINUTES", "0.35")) * 60
COMPACTION_S = min(SOAK_S / 12, 300.0)
WRITERS = 8
LIVE = 20
VALUE = "x" * 2_000
BOUND = 1.6
"""The end may be larger than the beginning by this: files grow in steps, and memory has gaps."""


@pytest.fixture(params=["sqlite", "etcd"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A store and the folder that grows."""
    kept = tmp_path / "kept"
    kept.mkdir()
    if request.param == "sqlite":
        yield f"sqlite://{kept / 'store.db'}", kept
        return
    # etcd sets its file's size in steps of the pages it took; a small quota shows what is bounded.
    with etcd.cluster(kept) as members:
        yield etcd.url(members), kept / "m0" / "member" / "snap"


def size_of(folder: Path) -> int:
    """Bytes of the database; SQLite's journal beside it has a limit of its own."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.name in ("store.db", "db"))


def memory_of(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


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


async def test_churn_leaves_nothing_behind(store: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = store
    server = Server(tmp_path, url, f"--etcd-compaction-interval={COMPACTION_S}s")
    sizes, memory = [], []
    try:
        await server.start()
        assert server.process is not None
        async with connect((server.address,), Credentials(token=TOKEN)) as client:
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for writer in range(WRITERS):
                    group.create_task(churn(client, writer, stop))
                for _ in range(36):
                    await asyncio.sleep(SOAK_S / 36)
                    sizes.append(size_of(folder))
                    memory.append(memory_of(server.process.pid))
                stop.set()
            written = await client.revision_now()
    finally:
        server.kill()
    assert written > 500, written
    # The first third fills the past that is kept; what comes later must not be more.
    for taken in (sizes, memory):
        assert median(taken[-12:]) < BOUND * median(taken[12:24]), (written, taken)
