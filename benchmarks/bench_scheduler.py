"""How fast the scheduler is: decisions alone, memory, and end to end in one process.

python -m benchmarks.bench_scheduler
"""

import asyncio
import gc
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from msgspec.structs import replace

from apiserver.registry.registry import Registry
from apiserver.registry.settings import Settings
from apiserver.storage.memory import MemoryStore
from knarr.api.core.affinity import Affinity, PodAffinityTerm, PodAntiAffinity
from knarr.api.core.container import Container
from knarr.api.core.node import Node, NodeStatus
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.scheduling import TopologySpreadConstraint
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Quantity
from knarr.client.informers import Informers
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import SystemClock, seeded
from scheduler.cycle import Cycle, Fits, Subject
from scheduler.nominated import Nominated
from scheduler.profile import make_profile
from scheduler.scheduler import run_scheduler
from scheduler.shape import Shapes
from scheduler.snapshot import Snapshot

ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"
APPS = 20
END_TO_END_MAX_S = 60.0


def node(number: int) -> Node:
    """A node of 32 cpus in one of three zones."""
    amounts = {
        "cpu": Quantity("32"),
        "memory": Quantity("256Gi"),
        "pods": Quantity("110"),
    }
    return Node(
        metadata=ObjectMeta(
            name=f"node-{number}", labels={HOST: f"node-{number}", ZONE: f"zone-{number % 3}"}
        ),
        status=NodeStatus(allocatable=amounts, capacity=amounts),
    )


def pod(number: int) -> Pod:
    """Every tenth pod has constraints: anti-affinity by host or spreading over zones."""
    app = f"app-{number // 10 % APPS}"
    like = LabelSelector(match_labels={"app": app})
    spread: tuple[TopologySpreadConstraint, ...] = ()
    affinity = None
    if number % 20 == 0:
        spread = (
            TopologySpreadConstraint(
                max_skew=5,
                topology_key=ZONE,
                when_unsatisfiable="DoNotSchedule",
                label_selector=like,
            ),
        )
    elif number % 20 == 10:
        term = PodAffinityTerm(topology_key=HOST, label_selector=like)
        anti = PodAntiAffinity(required_during_scheduling_ignored_during_execution=(term,))
        affinity = Affinity(pod_anti_affinity=anti)
    constrained = bool(spread or affinity)
    requests = {"cpu": Quantity("100m"), "memory": Quantity("128Mi")}
    return Pod(
        metadata=ObjectMeta(
            name=f"pod-{number}",
            namespace="default",
            labels={"app": app, "constrained": "yes"} if constrained else {"app": "plain"},
            uid=f"uid-{number}",
        ),
        spec=PodSpec(
            containers=(
                Container(name="c", image="i:1", resources=ResourceRequirements(requests=requests)),
            ),
            topology_spread_constraints=spread,
            affinity=affinity,
        ),
    )


@dataclass
class Decider:
    """A scheduler without its loop."""

    snapshot: Snapshot
    shapes: Shapes
    cycle: Cycle

    @classmethod
    def over(cls, nodes: int) -> "Decider":
        """A decider over so many empty nodes."""
        snapshot = Snapshot()
        for number in range(nodes):
            snapshot.put_node(node(number))
        return cls(snapshot, Shapes(), Cycle(snapshot, Nominated(), Random(1)))

    def place(self, pods: int, *, first: int = 0) -> list[float]:
        """Decide and assume; answer what each took of the processor."""
        profile = make_profile()
        times = []
        for number in range(first, first + pods):
            wanted = pod(number)
            key = Key("default", wanted.metadata.name)
            before = time.thread_time()
            shape = self.shapes.of(wanted)
            decision = self.cycle.decide(Subject(key, wanted, shape), profile)
            if isinstance(decision, Fits):
                self.snapshot.put_pod(key, wanted, shape, decision.node_name)
            times.append(time.thread_time() - before)
        return times


def memory_mib() -> float:
    """The memory this process has now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def bench_decisions() -> None:
    """Time decisions while pods pile up, a tenth of them with constraints."""
    means: list[tuple[int, float]] = []
    for nodes in (100, 1000, 5000, 10000):
        decider = Decider.over(nodes)
        decider.place(100)
        times = sorted(decider.place(2000, first=100))
        mean_us = sum(times) / len(times) * 1e6
        means.append((nodes, mean_us))
        print(
            f"decide {nodes:6} nodes: mean {mean_us:6.0f} us, "
            f"p50 {times[1000] * 1e6:6.0f} us, p99 {times[1980] * 1e6:6.0f} us a pod"
        )
    (few, least_us), (many, most_us) = means[1], means[-1]
    print(f"{many // few} times the nodes cost {most_us / least_us:.1f} times the time a pod")


def bench_memory() -> None:
    """Tell what a large cluster costs."""
    before = memory_mib()
    decider = Decider.over(5000)
    began = time.thread_time()
    decider.place(50_000)
    took_s = time.thread_time() - began
    print(
        f"memory 5000 nodes, 50000 pods: {memory_mib() - before:.0f} MiB more "
        f"(pods and nodes themselves included); {50_000 / took_s:.0f} decisions/s"
    )


async def _end_to_end(nodes: int, pods: int) -> float:
    clock = SystemClock()
    settings = Settings(service_account_tokens=False)
    registry = Registry(MemoryStore(), clock=clock, rng=seeded(1), settings=settings)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(registry.run())]
        await registry.ready()
        client = InProcessClient(registry)
        for number in range(nodes):
            made = await client.create(node(number))
            await client.update(replace(made, spec=replace(made.spec, taints=())))
        tasks.append(group.create_task(run_scheduler(client, clock, seeded(2))))
        took_s = await _create_and_wait(client, pods)
        for task in tasks:
            task.cancel()
    return took_s


async def _create_and_wait(client: InProcessClient, pods: int) -> float:
    bound = asyncio.Event()
    left = pods

    def changed(old: Pod | None, new: Pod | None) -> None:
        nonlocal left
        if new is not None and new.spec.node_name and not (old and old.spec.node_name):
            left -= 1
            if not left:
                bound.set()

    async with Informers(client) as informers:
        informers.of(Pod).handle(changed)
        await informers.listed()
        began = time.perf_counter()
        for number in range(pods):
            await client.create(pod(number))
        async with asyncio.timeout(END_TO_END_MAX_S):
            await bound.wait()
        return time.perf_counter() - began


def bench_end_to_end() -> None:
    """Time from the first create until the last pod is seen bound."""
    for nodes in (1000, 5000):
        took_s = asyncio.run(_end_to_end(nodes, 1500))
        print(f"create and bind 1500 pods on {nodes} nodes, one process: {1500 / took_s:.0f}/s")


if __name__ == "__main__":
    bench_memory()  # First: what others leave behind would be reused and not counted.
    bench_decisions()
    bench_end_to_end()
