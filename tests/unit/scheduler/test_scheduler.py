"""The scheduler on a real registry: what users see of it. Time is virtual."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from msgspec.structs import replace
from prometheus_client import REGISTRY

from knarr.api.core.container import Container, ContainerPort
from knarr.api.core.event import Event
from knarr.api.core.node import Node, NodeStatus
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.scheduling import PodSchedulingGate
from knarr.api.errors import RequestTimeoutError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.pods import condition_of
from knarr.api.scalars import Quantity
from knarr.api.scheduling.priority_class import PriorityClass
from knarr.client.client import Client
from knarr.daemon.clock import LoopClock, seeded
from scheduler.scheduler import run_scheduler
from tests.unit.knarr.client.cluster import in_process

pytestmark = pytest.mark.looptime

Wrap = Callable[[Client], Client]


@asynccontextmanager
async def cluster(nodes: int = 2, wrap: Wrap = lambda client: client) -> AsyncIterator[Client]:
    """Empty nodes of two cpus, and a scheduler."""
    async with in_process() as client, asyncio.TaskGroup() as group:
        for value in (10, 1000):
            await client.create(PriorityClass(metadata=ObjectMeta(name=f"p{value}"), value=value))
        for number in range(nodes):
            amounts = {"cpu": Quantity("2"), "pods": Quantity("10")}
            labels = {"kubernetes.io/hostname": f"n{number}"}
            made = await client.create(
                Node(
                    metadata=ObjectMeta(name=f"n{number}", labels=labels),
                    status=NodeStatus(allocatable=amounts, capacity=amounts),
                )
            )
            await client.update(replace(made, spec=replace(made.spec, taints=())))
        running = group.create_task(run_scheduler(wrap(client), LoopClock(), seeded(1)))
        await asyncio.sleep(1)  # The server's own admission reads what it has seen.
        yield client
        running.cancel()


def pod(name: str, *, cpu: str = "1", port: ContainerPort | None = None, **spec: Any) -> Pod:
    resources = ResourceRequirements(requests={"cpu": Quantity(cpu)})
    container = Container(name="c", image="i:1", resources=resources, ports=(port,) if port else ())
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default", labels={"app": name}),
        spec=PodSpec(containers=(container,), termination_grace_period_seconds=0, **spec),
    )


async def seen(client: Client, name: str) -> Pod:
    """The pod when all is quiet."""
    await asyncio.sleep(3)
    return await client.get(Pod, Key("default", name))


async def told(client: Client, name: str) -> set[tuple[str, str]]:
    """The events about a pod."""
    events = (await client.list(Event)).items
    return {(each.reason, each.message) for each in events if each.involved_object.name == name}


async def test_a_pod_gets_its_node_and_says_so() -> None:
    async with cluster(nodes=1) as client:
        await client.create(pod("a"))
        found = await seen(client, "a")
        condition = condition_of(found, "PodScheduled")
        assert (found.spec.node_name, condition and condition.status) == ("n0", "True")
        assert await told(client, "a") == {("Scheduled", "Successfully assigned default/a to n0")}


@pytest.mark.conformance(
    "[sig-scheduling] SchedulerPredicates [Serial] validates resource limits of pods that "
    "are allowed to run",
)
async def test_requests_beyond_every_node_wait_and_say_why() -> None:
    async with cluster() as client:
        await client.create(pod("big", cpu="3"))
        found = await seen(client, "big")
        condition = condition_of(found, "PodScheduled")
        assert condition is not None
        assert (found.spec.node_name, condition.status) == ("", "False")
        assert condition.reason == "Unschedulable"
        assert condition.message.startswith("0/2 nodes are available: 2 Insufficient cpu. ")
        assert ("FailedScheduling", condition.message) in await told(client, "big")


@pytest.mark.conformance(
    "[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected "
    "if matching",
    "[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected "
    "if not matching",
)
async def test_node_selector_is_respected() -> None:
    async with cluster() as client:
        await client.create(pod("a", node_selector={"kubernetes.io/hostname": "n1"}))
        await client.create(pod("b", node_selector={"kubernetes.io/hostname": "n9"}))
        assert (await seen(client, "a")).spec.node_name == "n1"
        assert not (await seen(client, "b")).spec.node_name


async def test_a_node_that_comes_helps() -> None:
    async with cluster(nodes=0) as client:
        await client.create(pod("a"))
        assert not (await seen(client, "a")).spec.node_name
        amounts = {"cpu": Quantity("2"), "pods": Quantity("10")}
        made = await client.create(
            Node(metadata=ObjectMeta(name="late"), status=NodeStatus(allocatable=amounts))
        )
        await client.update(replace(made, spec=replace(made.spec, taints=())))
        assert (await seen(client, "a")).spec.node_name == "late"


@pytest.mark.conformance(
    "[sig-scheduling] SchedulerPredicates [Serial] validates that there exists conflict "
    "between pods with same hostPort and protocol but one using 0.0.0.0 hostIP",
)
@pytest.mark.parametrize(
    ("first", "second", "clashes"),
    [
        pytest.param(("0.0.0.0", "TCP"), ("127.0.0.1", "TCP"), True, id="one is all addresses"),
        pytest.param(("127.0.0.1", "TCP"), ("", "TCP"), True, id="none is all addresses"),
        pytest.param(("127.0.0.1", "TCP"), ("10.0.0.1", "TCP"), False, id="two addresses"),
        pytest.param(("0.0.0.0", "TCP"), ("0.0.0.0", "UDP"), False, id="two protocols"),
    ],
)
async def test_host_ports(first: tuple[str, str], second: tuple[str, str], clashes: bool) -> None:
    async with cluster(nodes=1) as client:
        for name, (address, protocol) in (("a", first), ("b", second)):
            port = ContainerPort(
                container_port=80, host_port=8080, host_ip=address, protocol=protocol
            )
            await client.create(pod(name, port=port))
        assert (await seen(client, "b")).spec.node_name == ("" if clashes else "n0")


@pytest.mark.conformance(
    "[sig-scheduling] SchedulerPreemption [Serial] validates basic preemption works",
)
async def test_a_pod_of_higher_priority_takes_the_place_of_a_lower_one() -> None:
    async with cluster(nodes=1) as client:
        low = await client.create(pod("low", cpu="2", priority_class_name="p10"))
        await seen(client, "low")
        high = await client.create(pod("high", cpu="2", priority_class_name="p1000"))
        assert (await seen(client, "high")).spec.node_name == "n0"
        assert not [each for each in (await client.list(Pod)).items if each == low]
        preempted = f"Preempted by pod {high.metadata.uid} on node n0"
        assert ("Preempted", preempted) in await told(client, "low")
        first = "0/1 nodes are available: 1 Insufficient cpu."
        assert ("FailedScheduling", first) in await told(client, "high")


@pytest.mark.conformance(
    "[sig-scheduling] SchedulerPreemption [Serial] validates lower priority pod preemption "
    "by critical pod",
)
async def test_critical_pods_preempt() -> None:
    async with cluster(nodes=1) as client:
        await client.create(pod("low", cpu="2"))
        await seen(client, "low")
        critical = pod("critical", cpu="2", priority_class_name="system-cluster-critical")
        metadata = replace(critical.metadata, namespace="kube-system")
        await client.create(replace(critical, metadata=metadata))
        await asyncio.sleep(3)
        found = await client.get(Pod, Key("kube-system", "critical"))
        assert found.spec.node_name == "n0"


@pytest.mark.conformance(
    "[sig-scheduling] SchedulerPreemption [Serial] validates pod disruption condition is "
    "added to the preempted pod",
)
async def test_a_victim_that_cannot_go_yet_says_why_it_must() -> None:
    async with cluster(nodes=1) as client:
        low = pod("low", cpu="2", priority_class_name="p10")
        kept = replace(low.metadata, finalizers=("example.com/keep",))
        await client.create(replace(low, metadata=kept))
        await seen(client, "low")
        await client.create(pod("high", cpu="2", priority_class_name="p1000"))
        high = await seen(client, "high")
        assert (high.spec.node_name, high.status.nominated_node_name) == ("", "n0")
        victim = await seen(client, "low")
        target = condition_of(victim, "DisruptionTarget")
        assert target is not None
        assert (target.status, target.reason) == ("True", "PreemptionByScheduler")
        gone = replace(victim.metadata, finalizers=())
        await client.update(replace(victim, metadata=gone))
        high = await seen(client, "high")
        assert (high.spec.node_name, high.status.nominated_node_name) == ("n0", "")


async def test_gates_hold_a_pod_back() -> None:
    async with cluster(nodes=1) as client:
        gate = PodSchedulingGate(name="example.com/x")
        await client.create(pod("a", scheduling_gates=(gate,)))
        gated = await seen(client, "a")
        assert not gated.spec.node_name
        open_ = replace(gated.spec, scheduling_gates=())
        await client.update(replace(gated, spec=open_))
        assert (await seen(client, "a")).spec.node_name == "n0"


async def test_pods_of_another_scheduler_are_left_alone() -> None:
    async with cluster(nodes=1) as client:
        await client.create(pod("a", scheduler_name="somebody-else"))
        found = await seen(client, "a")
        assert (found.spec.node_name, found.status.conditions) == ("", ())


class LosesBindings:
    """A client whose bindings are done or not, and nobody hears of it."""

    def __init__(self, client: Client, *, done: bool) -> None:
        self._client = client
        self._done = done
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def call(self, *arguments: Any) -> Any:
        self.calls += 1
        if self._done or self.calls > 1:
            await cast("Callable[..., Awaitable[Any]]", self._client.call)(*arguments)
        if self.calls == 1:
            raise RequestTimeoutError("the answer is lost")


@pytest.mark.parametrize("done", [True, False])
async def test_a_lost_answer_neither_binds_twice_nor_forgets(done: bool) -> None:
    made: list[LosesBindings] = []

    def wrap(client: Client) -> Client:
        made.append(LosesBindings(client, done=done))
        return cast("Client", made[0])

    async with cluster(nodes=2, wrap=wrap) as client:
        await client.create(pod("a"))
        assert (await seen(client, "a")).spec.node_name
        assert made[0].calls == (1 if done else 2)


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_what_happens_is_counted_by_kubernetes_names() -> None:
    attempts = "scheduler_schedule_attempts_total"
    scheduled = {"profile": "default-scheduler", "result": "scheduled"}
    unschedulable = {**scheduled, "result": "unschedulable"}
    before = (counted(attempts, **scheduled), counted(attempts, **unschedulable))
    victims = counted("scheduler_preemption_victims_sum")
    sli = counted("scheduler_pod_scheduling_sli_duration_seconds_count", attempts="1")
    async with cluster(nodes=1) as client:
        gate = PodSchedulingGate(name="example.com/x")
        await client.create(pod("gated", scheduling_gates=(gate,)))
        await client.create(pod("small", cpu="2"))
        await seen(client, "small")
        await client.create(pod("big", cpu="9"))
        await seen(client, "big")
        assert counted(attempts, **scheduled) == before[0] + 1
        assert counted(attempts, **unschedulable) == before[1] + 1
        assert counted("scheduler_pending_pods", queue="unschedulable") == 1
        assert counted("scheduler_pending_pods", queue="gated") == 1
        assert counted("scheduler_pending_pods", queue="active") == 0
        assert counted("scheduler_cache_size", type="nodes") == 1
        assert counted("scheduler_cache_size", type="pods") == 1
        name = "scheduler_pod_scheduling_sli_duration_seconds_count"
        assert counted(name, attempts="1") == sli + 1
        await client.create(pod("high", cpu="2", priority_class_name="p1000"))
        assert (await seen(client, "high")).spec.node_name == "n0"
        assert counted("scheduler_preemption_victims_sum") == victims + 1
