"""Clients as a process of their own, on whichever host they are to be.

    python -m tests.history clients --servers=10.0.0.1:6444 --token=T --authority=ca.crt --out=FILE
    python -m tests.history log --store=etcd://10.0.0.1:2379 --out=FILE

The first says every now and then how many calls were answered, and writes the history when
it is told to end; the second writes what the store kept.
"""

import argparse
import asyncio
import random
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from apiserver.storage.open import open_store
from knarr.client.client import Client
from knarr.client.connection import Credentials
from knarr.client.grpc import connect
from tests.history.clients import Worker, log_of, watch
from tests.history.record import Recorder

WORKERS = 8
WATCHERS = 3
PAUSE_S = 0.05
TELL_EVERY_S = 0.2
HEAR_S = 2.0
"""So long watchers may take to hear of the last write."""


async def clients(servers: Sequence[str], credentials: Credentials, seed: int, out: Path) -> None:
    """Write, read and watch until told to end."""
    recorder, stop = Recorder(seed), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with AsyncExitStack() as stack:

        async def client(number: int) -> Client:
            first = number % len(servers)
            turned = [*servers[first:], *servers[:first]]
            return await stack.enter_async_context(connect(turned, credentials))

        async with asyncio.TaskGroup() as group:
            watching = [
                group.create_task(watch(await client(number), recorder.watcher()))
                for number in range(WATCHERS)
            ]
            for number in range(WORKERS):
                chance = random.Random(seed * 100 + number)
                worker = Worker(number, await client(number), recorder, chance)
                watching.append(group.create_task(worker.run(stop, PAUSE_S)))
            while not stop.is_set():
                sys.stdout.write(f"{recorder.succeeded}\n")
                sys.stdout.flush()
                await asyncio.sleep(TELL_EVERY_S)
            await asyncio.wait(watching[WATCHERS:])
            await asyncio.sleep(HEAR_S)
            for task in watching[:WATCHERS]:
                task.cancel()
    out.write_bytes(msgspec.json.encode(recorder.history))


async def log(store: str, out: Path) -> None:
    """Write what a store kept."""
    async with open_store(store) as opened, asyncio.timeout(60):
        out.write_bytes(msgspec.json.encode(await log_of(opened)))


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="tests.history")
    parser.add_argument("what", choices=["clients", "log"])
    for name in ("servers", "token", "authority", "store", "out"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--seed", type=int, default=7)
    found = parser.parse_args()
    if found.what == "log":
        asyncio.run(log(found.store, Path(found.out)))
        return
    authority = Path(found.authority).read_bytes()
    credentials = Credentials(token=found.token, authority=authority)
    asyncio.run(clients(found.servers.split(","), credentials, found.seed, Path(found.out)))


if __name__ == "__main__":
    main()
