"""ReplicaSets of rising priority on a node that is too small for all of them."""

import asyncio
from collections import Counter
from random import Random

import pytest
from msgspec.structs import replace

from controller_manager.manager import run_controllers
from controller_manager.settings import ControllerSettings
from knarr.api.apps.replica_set import ReplicaSet, ReplicaSetSpec
from knarr.api.core.container import Container
from knarr.api.core.node import Node, NodeSpec, NodeStatus
from knarr.api.core.pod import Pod, PodSpec, PodTemplateSpec
from knarr.api.core.resources import ResourceRequirements
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Quantity
from knarr.api.scheduling.priority_class import PriorityClass
from knarr.client.client import Client
from knarr.daemon.clock import LoopClock
from scheduler.scheduler import run_scheduler
from tests.unit.knarr.client.cluster import in_process

FAKE = "example.com/fakecpu"

pytestmark = pytest.mark.looptime


async def make_node(client: Client) -> None:
    amounts = {FAKE: Quantity("1000"), "cpu": Quantity("8"), "pods": Quantity("20")}
    made = await client.create(
        Node(
            metadata=ObjectMeta(name="node-0"),
            spec=NodeSpec(),
            status=NodeStatus(allocatable=amounts, capacity=amounts),
        )
    )
    await client.update(replace(made, spec=replace(made.spec, taints=())))


async def make_replica_set(client: Client, priority: int, amount: int) -> None:
    name = f"rs-{priority}"
    resources = ResourceRequirements(
        requests={FAKE: Quantity(str(amount))}, limits={FAKE: Quantity(str(amount))}
    )
    template = PodTemplateSpec(
        metadata=ObjectMeta(labels={"name": name}),
        spec=PodSpec(
            containers=(Container(name="c", image="pause", resources=resources),),
            priority_class_name=f"p{priority}",
            termination_grace_period_seconds=0,
        ),
    )
    await client.create(
        ReplicaSet(
            metadata=ObjectMeta(name=name, namespace="default"),
            spec=ReplicaSetSpec(
                replicas=1, selector=LabelSelector(match_labels={"name": name}), template=template
            ),
        )
    )


@pytest.mark.conformance(
    "[sig-scheduling] SchedulerPreemption [Serial] PreemptionExecutionPath runs ReplicaSets to "
    "verify preemption running path",
)
async def test_the_least_important_pods_give_way_and_wait_to_come_back() -> None:
    seen: Counter[str] = Counter()

    async def watch(client: Client) -> None:
        async for batch in client.watch(Pod, after=await client.revision_now(Pod)):
            for event in batch:
                if event.object is not None and event.type == "ADDED":
                    seen[event.object.metadata.labels["name"]] += 1

    async with in_process() as client, asyncio.TaskGroup() as group:
        for priority in range(1, 5):
            name = ObjectMeta(name=f"p{priority}")
            await client.create(PriorityClass(metadata=name, value=priority))
        await make_node(client)
        clock = LoopClock()
        tasks = [
            group.create_task(
                run_controllers(client, clock, Random(1), ControllerSettings(root_ca="the CA"))
            ),
            group.create_task(run_scheduler(client, clock, Random(2))),
            group.create_task(watch(client)),
        ]
        await asyncio.sleep(5)
        for priority, amount in ((1, 200), (2, 300), (3, 450)):
            await make_replica_set(client, priority, amount)
        await asyncio.sleep(10)
        placed = {pod.metadata.labels["name"] for pod in (await client.list(Pod)).items}
        assert placed == {"rs-1", "rs-2", "rs-3"}
        assert all(pod.spec.node_name for pod in (await client.list(Pod)).items)

        await make_replica_set(client, 4, 400)
        await asyncio.sleep(15)
        pods = {pod.metadata.labels["name"]: pod for pod in (await client.list(Pod)).items}
        on_node = {name for name, pod in pods.items() if pod.spec.node_name}
        assert on_node == {"rs-3", "rs-4"}
        assert set(pods) == {"rs-1", "rs-2", "rs-3", "rs-4"}, "what gave way is wanted still"
        assert seen == {"rs-1": 2, "rs-2": 2, "rs-3": 1, "rs-4": 1}
        for task in tasks:
            task.cancel()
