"""Clients write, read and watch while servers and stores die; the history must hold together.

Servers are processes of their own. What the clients saw is checked against the log that the
store itself keeps. A history that does not hold is kept in build/histories, with its seed.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from apiserver.storage.open import open_store
from knarr.client.client import Client
from knarr.client.connection import Credentials
from knarr.client.grpc import connect
from tests import etcd
from tests.history.checker import violations
from tests.history.clients import Worker, log_of, watch
from tests.history.record import History, Recorder
from tests.servers import TOKEN, Server

SEED = int(os.environ.get("SEED", "7"))
WORKERS = 8
WATCHERS = 3
PAUSE_S = 0.03
PEACE_CALLS = 80
"""So many calls must succeed between two troubles: that there is peace again is checked too."""
TROUBLE_S = 1.0
ROUNDS = int(os.environ.get("ROUNDS", "1"))
KEPT = Path("build/histories")


Peace = Callable[[], Awaitable[None]]
Trouble = Callable[[Peace], Awaitable[None]]


@asynccontextmanager
async def servers(folder: Path, store: str, count: int) -> AsyncIterator[list[Server]]:
    """API servers over one store, killed at the end."""
    started = [Server(folder, store) for _ in range(count)]
    try:
        for server in started:
            await server.start()
        yield started
    finally:
        for server in started:
            server.kill()


async def run(store: str, found: Sequence[Server], trouble: Trouble) -> History:
    """Have clients at work through trouble, and check what they saw against the store's log."""
    recorder, stop = Recorder(SEED), asyncio.Event()
    addresses = [server.address for server in found]
    async with AsyncExitStack() as stack, asyncio.timeout(90):

        async def client(number: int) -> Client:
            first = number % len(found)
            turned = addresses[first:] + addresses[:first]
            return await stack.enter_async_context(connect(turned, Credentials(token=TOKEN)))

        async with asyncio.TaskGroup() as group:
            watching = [
                group.create_task(watch(await client(number), recorder.watcher()))
                for number in range(WATCHERS)
            ]
            working = [
                group.create_task(
                    Worker(n, await client(n), recorder, random.Random(SEED * 100 + n)).run(
                        stop, PAUSE_S
                    )
                )
                for n in range(WORKERS)
            ]

            async def peace() -> None:
                wanted = recorder.succeeded + PEACE_CALLS
                async with asyncio.timeout(30):
                    while recorder.succeeded < wanted:
                        await asyncio.sleep(0.01)

            await peace()
            await trouble(peace)
            await peace()
            stop.set()
            await asyncio.wait(working)
            await asyncio.sleep(TROUBLE_S)
            for task in watching:
                task.cancel()
    await check(store, found, recorder.history)
    return recorder.history


async def check(store: str, found: Sequence[Server], history: History) -> None:
    """The history holds, and was one in which something happened."""
    for server in found:
        server.kill()
    async with open_store(store) as opened, asyncio.timeout(30):
        history.log = await log_of(opened)
    broken = violations(history)
    if broken:
        KEPT.mkdir(parents=True, exist_ok=True)
        kept = KEPT / f"{history.seed}-{os.getpid()}.json"
        kept.write_bytes(history.saved())
        raise AssertionError("\n".join([f"SEED={history.seed}, kept in {kept}", *broken[:20]]))
    done = Counter(call.outcome for call in history.calls)
    assert done["ok"] > 200, done
    newest = history.log[-1].revision
    assert all(notes[-1].revision >= newest for notes in history.watchers), "all heard the last"


async def test_sqlite_under_a_server_that_is_killed(tmp_path: Path) -> None:
    store = f"sqlite://{tmp_path / 'store.db'}"
    async with servers(tmp_path, store, 1) as (server,):

        async def trouble(peace: Peace) -> None:
            for _ in range(ROUNDS):
                server.kill()
                await server.start()
                await peace()

        await run(store, (server,), trouble)


async def test_one_etcd_and_two_servers_that_are_killed(tmp_path: Path) -> None:
    with etcd.cluster(tmp_path) as (member,):
        store = etcd.url([member])
        async with servers(tmp_path, store, 2) as found:

            async def trouble(peace: Peace) -> None:
                for number in range(ROUNDS):
                    server = found[number % 2]
                    server.kill()
                    await peace()
                    await server.start()
                member.kill()
                member.log.write_bytes(b"")
                member.start()
                await asyncio.to_thread(member.wait)

            await run(store, found, trouble)


async def test_servers_restarted_one_after_the_other_fail_nobody(tmp_path: Path) -> None:
    with etcd.cluster(tmp_path) as (member,):
        store = etcd.url([member])
        async with servers(tmp_path, store, 2) as found:

            async def trouble(peace: Peace) -> None:
                for server in found:
                    await server.restart()
                    await peace()

            history = await run(store, found, trouble)
    assert [call for call in history.calls if call.outcome == "unknown"] == []


async def test_three_etcds_that_lose_their_leader_and_their_quorum(tmp_path: Path) -> None:
    with etcd.cluster(tmp_path, members=3) as members:
        store = etcd.url(members)
        async with servers(tmp_path, store, 2) as found:

            async def trouble(peace: Peace) -> None:
                leader = next(member for member in members if etcd.is_leader(member))
                leader.kill()
                await peace()
                leader.log.write_bytes(b"")
                leader.start()
                await asyncio.to_thread(leader.wait)
                for member in members[1:]:
                    member.process.send_signal(signal.SIGSTOP)
                await asyncio.sleep(TROUBLE_S)
                found[0].kill()
                for member in members[1:]:
                    member.process.send_signal(signal.SIGCONT)
                await peace()
                await found[0].start()

            await run(store, found, trouble)
