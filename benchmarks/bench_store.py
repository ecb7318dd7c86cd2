"""Durable creates a second, at 1 and 64 writers, for each kind of store.

python -m benchmarks.bench_store [URL ...]; without URLs: memory, SQLite in the
working folder's disk and, where it is installed, a single etcd.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import structlog

from apiserver.storage.open import open_store
from apiserver.storage.store import Store
from tests import etcd

VALUE = b"x" * 1024
SECONDS = 2.0


async def creates_per_second(store: Store, writers: int) -> float:
    """Create 1 KB values for a while, each writer one after the other."""
    started = time.perf_counter()
    done = 0

    async def write(writer: int) -> None:
        nonlocal done
        number = 0
        while time.perf_counter() - started < SECONDS:
            await store.create(f"/registry/bench/{started}/{writers}-{writer}-{number}", VALUE)
            number += 1
            done += 1
            if number % 100 == 0:
                await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for writer in range(writers):
            group.create_task(write(writer))
    return done / (time.perf_counter() - started)


async def main(urls: list[str]) -> None:
    """Print a line a store."""
    for url in urls:
        async with open_store(url) as store:
            one = await creates_per_second(store, 1)
            many = await creates_per_second(store, 64)
        print(f"{url.split('://')[0]:8} 1 writer {one:8.0f}/s   64 writers {many:8.0f}/s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("urls", nargs="*")
    given = parser.parse_args().urls
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder, ExitStack() as stack:
        if not given:
            given = ["memory://", f"sqlite://{folder}/state.db"]
            if shutil.which("etcd"):
                given.append(etcd.url(stack.enter_context(etcd.cluster(Path(folder)))))
        asyncio.run(main(given))
