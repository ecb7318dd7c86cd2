"""How fast pods get to their nodes in `knarr up`, as clients on the network see it.

    python -m benchmarks.bench_end_to_end [--nodes 1000] [--pods 1500] [--clients rest grpc]

Starts a cluster with hollow nodes through the real command, creates pods from
this process and waits until a watch has shown each of them bound, and then
running. Prints pods per second, and what a pod cost the cluster's process and
this one in processor time: on a busy machine only that can be compared.
"""

import argparse
import asyncio
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import uvloop

from benchmarks.bench_cluster import Cluster, busy_s, resident_mb
from knarr.api import codec
from knarr.api.core.container import Container
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.resources import ResourceRequirements
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity
from knarr.client.client import Client
from knarr.client.connection import Credentials
from knarr.client.grpc import connect

CALLERS = 48
"""So many creates are under way at once."""

WAIT_S = 120.0

Create = Callable[[Pod], Awaitable[object]]


def pod(name: str) -> Pod:
    """A pod that asks for little."""
    requests = {"cpu": Quantity("10m"), "memory": Quantity("16Mi")}
    main = Container(name="c", image="pause:3", resources=ResourceRequirements(requests=requests))
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default", labels={"app": "bench"}),
        spec=PodSpec(containers=(main,), termination_grace_period_seconds=0),
    )


class Progress:
    """What a watch has shown of the pods so far."""

    def __init__(self, prefix: str, wanted: int) -> None:
        self.bound = asyncio.Event()
        self.running = asyncio.Event()
        self._prefix = prefix
        self._wanted = wanted
        self._bound: set[str] = set()
        self._running: set[str] = set()

    async def follow(self, client: Client, after: int) -> None:
        """Watch until all pods run."""
        async for batch in client.watch(Pod, after=after, namespace="default"):
            for event in batch:
                if event.object is not None:
                    self._see(event.object)
            if self.running.is_set():
                return

    def _see(self, seen: Pod) -> None:
        name = seen.metadata.name
        if not name.startswith(self._prefix) or not seen.spec.node_name:
            return
        self._bound.add(name)
        if seen.status.phase == "Running":
            self._running.add(name)
        if len(self._bound) == self._wanted:
            self.bound.set()
        if len(self._running) == self._wanted:
            self.running.set()


@asynccontextmanager
async def rest(cluster: Cluster) -> AsyncIterator[Create]:
    """Creates pods as any client of the Kubernetes API does."""
    trust = ssl.create_default_context(cadata=cluster.authority().decode())
    headers = {
        "Authorization": f"Bearer {cluster.token()}",
        "Content-Type": "application/json",
    }
    url = f"{cluster.running()['server']}/api/v1/namespaces/default/pods"
    connector = aiohttp.TCPConnector(ssl=trust, limit=CALLERS)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def create(wanted: Pod) -> None:
            async with session.post(url, data=codec.encode(wanted)) as answer:
                await answer.read()
                answer.raise_for_status()

        yield create


async def measure(cluster: Cluster, client: Client, create: Create, way: str, pods: int) -> None:
    """Create pods, wait for them, and print how fast it was."""
    progress = Progress(f"{way}-", pods)
    server = int(cluster.running()["pid"])
    numbers = iter(range(pods))

    async def caller() -> None:
        for number in numbers:
            await create(pod(f"{way}-{number}"))

    after = await client.revision_now()
    busy, own, began = busy_s(server), time.process_time(), time.perf_counter()
    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
        group.create_task(progress.follow(client, after))
        callers = [group.create_task(caller()) for _ in range(CALLERS)]
        await asyncio.wait(callers)
        created_s = time.perf_counter() - began
        await progress.bound.wait()
        bound_s = time.perf_counter() - began
        bound_busy = busy_s(server) - busy
        await progress.running.wait()
        running_s = time.perf_counter() - began
    spent = busy_s(server) - busy
    print(
        f"{way}: {pods} pods created {pods / created_s:.0f}/s, bound {pods / bound_s:.0f}/s, "
        f"running {pods / running_s:.0f}/s; "
        f"cluster {bound_busy / pods * 1000:.2f} ms of processor a pod until all are bound, "
        f"{spent / pods * 1000:.2f} until all run, "
        f"clients {(time.process_time() - own) / pods * 1000:.2f}"
    )


async def run(cluster: Cluster, ways: list[str], pods: int) -> None:
    """Measure each kind of client."""
    credentials = Credentials(authority=cluster.authority(), token=cluster.token())
    async with connect((str(cluster.running()["grpc"]),), credentials) as client:
        for way in ways:
            if way == "grpc":
                await measure(cluster, client, client.create, way, pods)
            else:
                async with rest(cluster) as create:
                    await measure(cluster, client, create, way, pods)


def main() -> None:
    """Measure and print."""
    flags = argparse.ArgumentParser()
    flags.add_argument("--nodes", type=int, default=1000)
    flags.add_argument("--pods", type=int, default=1500)
    flags.add_argument("--clients", nargs="+", default=["rest", "grpc"], choices=["rest", "grpc"])
    flags.add_argument("--store", default="sqlite")
    found = flags.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(folder)
        try:
            took_s = cluster.up(
                "--nodes", str(found.nodes), "--runtime", "hollow", "--store", found.store
            )
            server = int(cluster.running()["pid"])
            print(
                f"start with {found.nodes} hollow nodes: {took_s:.1f} s, {busy_s(server):.1f} s "
                f"of processor, {resident_mb(server):.0f} MB"
            )
            time.sleep(1)
            busy = busy_s(server)
            time.sleep(10)
            print(f"idle: {(busy_s(server) - busy) * 10:.1f} % of a core")
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(run(cluster, found.clients, found.pods))
            print(f"afterwards: {resident_mb(server):.0f} MB")
        finally:
            cluster.knarr("delete")


if __name__ == "__main__":
    main()
