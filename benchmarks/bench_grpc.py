"""Creates, gets and watch fan-out over gRPC, server and clients in processes of their own.

python -m benchmarks.bench_grpc [--store URL]: memory by default.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
import uvloop

from apiserver.auth.authenticate import Authentication
from apiserver.auth.gate import Gate
from apiserver.grpc.server import serve_grpc
from apiserver.registry.registry import Registry
from apiserver.registry.request import User
from apiserver.storage.open import open_store
from knarr.api.core.config_map import ConfigMap
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.client import Watched
from knarr.client.connection import Credentials
from knarr.client.grpc import GrpcClient, connect
from knarr.daemon.clock import SystemClock, seeded

SECONDS = 2.0
CALLERS = 32
WATCHERS = 50
EVENTS = 500
WRITERS = 8
DATA = {"text": "x" * 1000}


async def serve(store: str, port: "multiprocessing.Queue[int]") -> None:
    """Serve until killed."""
    root = User("root", groups=("system:masters",))
    gate = Gate(Authentication(tokens={"secret": root}), ())
    async with open_store(store) as opened, asyncio.TaskGroup() as group:
        registry = Registry(opened, clock=SystemClock(), rng=seeded(1))
        group.create_task(registry.run())
        await registry.ready()
        async with serve_grpc(registry, gate, "127.0.0.1", 0) as front:
            port.put(front.port)
            await asyncio.get_running_loop().create_future()


def server(store: str, port: "multiprocessing.Queue[int]") -> None:
    """The server's process."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(store, port))


def config(name: str) -> ConfigMap:
    """An object of 1.2 KB."""
    return ConfigMap(metadata=ObjectMeta(namespace="default", name=name), data=DATA)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[GrpcClient]:
    """A client of the server."""
    async with connect((f"127.0.0.1:{port}",), Credentials(token="secret")) as client:
        yield client


async def calls_per_second(client: GrpcClient, what: str) -> float:
    """Call for a while, each caller one call after the other."""
    done = 0
    began = time.perf_counter()

    async def call(caller: int) -> None:
        nonlocal done
        number = 0
        while time.perf_counter() - began < SECONDS:
            if what == "create":
                await client.create(config(f"bench-{caller}-{number}"))
            else:
                await client.get(ConfigMap, Key("default", "bench-0-0"))
            number += 1
            done += 1

    async with asyncio.TaskGroup() as group:
        for caller in range(CALLERS):
            group.create_task(call(caller))
    return done / (time.perf_counter() - began)


class FanOut:
    """Writers on one side, watchers on the other, and when each event was sent and came."""

    def __init__(self, client: GrpcClient) -> None:
        self.client = client
        self.sent: dict[str, float] = {}
        self.delays: list[float] = []

    async def watch(self, after: int) -> None:
        """Watch until all events have come."""
        seen = 0
        async for batch in self.client.watch(ConfigMap, after=after, namespace="default"):
            seen += sum(self.came(event) for event in batch)
            if seen == EVENTS:
                return

    def came(self, event: Watched[ConfigMap]) -> bool:
        """Note when an event came; answer whether it is one of ours."""
        if event.object is None or event.type != "ADDED":
            return False
        self.delays.append(time.perf_counter() - self.sent[event.object.metadata.name])
        return True

    async def write(self, writer: int) -> None:
        """Make this writer's share of the events, one after the other."""
        for number in range(writer, EVENTS, WRITERS):
            name = f"watched-{number}"
            self.sent[name] = time.perf_counter()
            await self.client.create(config(name))


async def fan_out(client: GrpcClient) -> tuple[float, float]:
    """Deliveries a second and the 99th percentile of their delay in ms."""
    after = await client.revision_now()
    run = FanOut(client)
    async with asyncio.TaskGroup() as group:
        for _ in range(WATCHERS):
            group.create_task(run.watch(after))
        await asyncio.sleep(0.5)
        began = time.perf_counter()
        for writer in range(WRITERS):
            group.create_task(run.write(writer))
    passed_s = time.perf_counter() - began
    return len(run.delays) / passed_s, statistics.quantiles(run.delays, n=100)[98] * 1000


async def main(store: str) -> None:
    """Print the figures."""
    context = multiprocessing.get_context("spawn")
    port: multiprocessing.Queue[int] = context.Queue()
    process = context.Process(target=server, args=(store, port), daemon=True)
    process.start()
    try:
        number = await asyncio.to_thread(port.get)
        async with connected(number) as client:
            for what in ("create", "get"):
                print(f"{what:8} {await calls_per_second(client, what):8.0f}/s, {CALLERS} callers")
            rate, p99 = await fan_out(client)
            print(f"watch    {rate:8.0f} deliveries/s, p99 {p99:.0f} ms, {WATCHERS} x {EVENTS}")
            began = time.perf_counter()
            listed = await client.list(ConfigMap)
            passed_ms = (time.perf_counter() - began) * 1000
            print(f"list     {len(listed.items)} objects in {passed_ms:.0f} ms, decoded")
    finally:
        process.kill()
        process.join()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", default="memory://")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as ran:
        ran.run(main(parser.parse_args().store))
