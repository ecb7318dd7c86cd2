"""What a pod's change costs all controllers together, however many pods there are.

    python -m benchmarks.bench_controllers [--pods 100 1000 10000] [--events 300]

Registry, informers and every controller in one process, over the memory store.
A tenth as many ReplicaSets as pods, a Service and a disruption budget for each
ten of those. Prints processor time a change, the write itself included, and
that of the write alone.
"""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from msgspec.structs import replace

from apiserver.registry.registry import Registry
from apiserver.registry.settings import Settings
from apiserver.storage.memory import MemoryStore
from controller_manager.manager import run_controllers
from controller_manager.settings import ControllerSettings
from knarr.api.apps.replica_set import ReplicaSet, ReplicaSetSpec
from knarr.api.core.container import Container
from knarr.api.core.pod import Pod, PodSpec, PodTemplateSpec
from knarr.api.core.pod_status import PodCondition
from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.policy.pod_disruption_budget import PodDisruptionBudget, PodDisruptionBudgetSpec
from knarr.api.times import to_time
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import SystemClock, seeded
from knarr.daemon.run import run_once

PODS_EACH = 10
SETS_PER_SERVICE = 10
QUIET_S = 0.01
"""A tenth of a second in which the process works less than this is a quiet one."""

CLOCK = SystemClock()


async def quiet() -> None:
    """Wait until nobody works any more."""
    calm = 0
    while calm < 3:
        before = time.process_time()
        await asyncio.sleep(0.1)
        calm = calm + 1 if time.process_time() - before < QUIET_S else 0


def _meta(name: str, **labels: str) -> ObjectMeta:
    return ObjectMeta(name=name, namespace="default", labels=labels)


def replica_set(number: int) -> ReplicaSet:
    """One of ten that stand behind a Service."""
    labels = {"app": f"app-{number // SETS_PER_SERVICE}", "set": f"set-{number}"}
    spec = PodSpec(
        containers=(Container(name="main", image="img"),), automount_service_account_token=False
    )
    return ReplicaSet(
        metadata=_meta(f"set-{number}"),
        spec=ReplicaSetSpec(
            replicas=PODS_EACH,
            selector=LabelSelector(match_labels=labels),
            template=PodTemplateSpec(metadata=ObjectMeta(labels=labels), spec=spec),
        ),
    )


def service(number: int) -> Service:
    """What leads to the pods of ten ReplicaSets."""
    port = ServicePort(port=80)
    spec = ServiceSpec(selector={"app": f"app-{number}"}, ports=(port,))
    return Service(metadata=_meta(f"app-{number}"), spec=spec)


def budget(number: int) -> PodDisruptionBudget:
    """What protects the pods of ten ReplicaSets."""
    selector = LabelSelector(match_labels={"app": f"app-{number}"})
    spec = PodDisruptionBudgetSpec(selector=selector, max_unavailable=1)
    return PodDisruptionBudget(metadata=_meta(f"app-{number}"), spec=spec)


def toggled(pod: Pod) -> Pod:
    """The pod as it becomes ready, or no longer is."""
    was_ready = any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions)
    ready = PodCondition(
        type="Ready",
        status="False" if was_ready else "True",
        last_transition_time=to_time(CLOCK.now()),
    )
    status = replace(pod.status, phase="Running", conditions=(ready,), pod_ip="10.0.0.1")
    return replace(pod, status=status)


@asynccontextmanager
async def cluster(pods: int) -> AsyncIterator[tuple[InProcessClient, asyncio.Task[None]]]:
    """So many pods and whoever looks after them; the task is the controllers'."""
    settings = Settings(service_account_tokens=False)
    registry = Registry(MemoryStore(), clock=CLOCK, rng=seeded(1), settings=settings)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(registry.run())
        await registry.ready()
        client = InProcessClient(registry)
        controllers = group.create_task(
            run_controllers(client, CLOCK, seeded(1), ControllerSettings(root_ca="ca"))
        )
        await quiet()
        for number in range(pods // PODS_EACH):
            if number % SETS_PER_SERVICE == 0:
                await client.create(service(number // SETS_PER_SERVICE))
                await client.create(budget(number // SETS_PER_SERVICE))
            await client.create(replica_set(number))
        while len((await client.list(Pod)).items) < pods:
            await asyncio.sleep(0.1)
        await quiet()
        yield client, controllers
        controllers.cancel()
        running.cancel()


async def cost_us(client: InProcessClient, events: int) -> float:
    """Processor time of a change of one pod, until all is quiet again."""
    listed = (await client.list(Pod)).items
    step = max(1, len(listed) // events)
    chosen = [listed[number * step % len(listed)] for number in range(events)]
    seen: dict[str, Pod] = {}
    before = time.process_time()
    for pod in chosen:
        name = pod.metadata.name
        seen[name] = await client.update(toggled(seen.get(name, pod)), subresource="status")
        await asyncio.sleep(0.002)  # Changes come one by one, not as one heap.
    await quiet()
    return (time.process_time() - before) / events * 1e6


async def main(options: argparse.Namespace) -> int:
    """Measure each size."""
    for pods in options.pods:
        async with cluster(pods) as (client, controllers):
            await cost_us(client, options.events)
            whole = await cost_us(client, options.events)
            controllers.cancel()
            await asyncio.wait([controllers])
            alone = await cost_us(client, options.events)
        sys.stdout.write(
            f"{pods:>6} pods: {whole:.0f} µs a change, of which the write {alone:.0f} µs\n"
        )
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    flags = argparse.ArgumentParser(description="Processor time a pod's change costs.")
    flags.add_argument("--pods", type=int, nargs="+", default=[100, 1000, 10000])
    flags.add_argument("--events", type=int, default=300)
    found = flags.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    sys.exit(run_once(lambda: main(found)))
