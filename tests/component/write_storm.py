"""Writes to a SQLite store as fast as it can and says on stdout what was acknowledged.

Started by test_sqlite.py, which kills it.
"""

import asyncio
import os
import sys
from pathlib import Path

from apiserver.storage.sqlite import SqliteStore
from knarr.daemon.clock import SystemClock

WRITERS = 32


async def main(path: Path, round_: str) -> None:
    store = SqliteStore(path, SystemClock())

    async def write(writer: int) -> None:
        number = 0
        while True:
            key = f"/registry/pods/{round_}/{writer}-{number}"
            revision = await store.create(key, key.encode() * 20)
            if number % 3 == 0:
                revision = await store.update(key, b"updated", expected=revision)
            # Straight to the pipe: what is not there when we are killed was not acknowledged.
            os.write(1, b"%s %d\n" % (key.encode(), revision))
            number += 1

    async with asyncio.TaskGroup() as group:
        for writer in range(WRITERS):
            group.create_task(write(writer))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
