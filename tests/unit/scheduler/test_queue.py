"""The promises of the scheduling queue, each by its name. Time is virtual."""

import asyncio
from typing import cast

import pytest
from msgspec.structs import replace

from knarr.api.core.container import Container
from knarr.api.core.node import Node, NodeStatus
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.scheduling import PodSchedulingGate
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity
from scheduler.plugins.plugin import Happening
from scheduler.profile import make_profile
from scheduler.queue import SchedulingQueue, Waiting
from scheduler.shape import Shapes
from scheduler.snapshot import Snapshot

pytestmark = pytest.mark.looptime

PROFILE = make_profile()
SHAPES = Shapes()
FIT = frozenset(("NodeResourcesFit",))


def pod(name: str, *, priority: int = 0, cpu: str = "1", gates: tuple[str, ...] = ()) -> Pod:
    container = Container(name="c", resources=ResourceRequirements(requests={"cpu": Quantity(cpu)}))
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default", uid=name),
        spec=PodSpec(
            containers=(container,),
            priority=priority,
            scheduling_gates=tuple(PodSchedulingGate(name=each) for each in gates),
        ),
    )


def put(queue: SchedulingQueue, *pods: Pod) -> None:
    for each in pods:
        queue.put(Key("default", each.metadata.name), each, SHAPES.of(each), PROFILE)


def taken(queue: SchedulingQueue) -> list[str]:
    names = []
    while (waiting := queue.take()) is not None:
        names.append(waiting.key.name)
    return names


def take(queue: SchedulingQueue) -> Waiting:
    waiting = queue.take()
    assert waiting is not None, "a pod may be tried"
    return waiting


def cluster(cpu: str) -> tuple[Snapshot, Happening]:
    """One node, and the news that it came."""
    snapshot = Snapshot()
    amounts = {"cpu": Quantity(cpu), "pods": Quantity("10")}
    status = NodeStatus(allocatable=amounts)
    slot = snapshot.put_node(Node(metadata=ObjectMeta(name="n"), status=status))
    return snapshot, Happening("node added", slot)


async def test_the_most_important_first_and_of_equals_who_came_first() -> None:
    queue = SchedulingQueue()
    put(queue, pod("a"), pod("b", priority=5), pod("c"), pod("d", priority=5))
    assert taken(queue) == ["b", "d", "a", "c"]


async def test_a_pod_that_fits_nowhere_waits_for_something_that_helps() -> None:
    queue = SchedulingQueue()
    put(queue, pod("big", cpu="4"))
    queue.failed(take(queue), FIT)
    queue.happened(*cluster(cpu="2"))
    assert queue.place_of(Key("default", "big")) == "unschedulable"
    queue.happened(*cluster(cpu="8"))
    assert queue.place_of(Key("default", "big")) == "backoff"


async def test_what_a_plugin_does_not_listen_to_wakes_nobody() -> None:
    queue = SchedulingQueue()
    put(queue, pod("a"))
    queue.failed(take(queue), frozenset(("NodeAffinity",)))
    snapshot, happening = cluster(cpu="8")
    queue.happened(snapshot, Happening("pod removed", happening.slot))
    assert queue.place_of(Key("default", "a")) == "unschedulable"


async def test_nothing_starves_after_five_minutes_it_is_tried_again() -> None:
    queue = SchedulingQueue()
    put(queue, pod("a"))
    queue.failed(take(queue), FIT)
    await asyncio.sleep(299)
    assert taken(queue) == []
    await asyncio.sleep(32)
    assert taken(queue) == ["a"]


async def test_a_failed_binding_waits_longer_each_time() -> None:
    loop = asyncio.get_running_loop()
    queue = SchedulingQueue()
    put(queue, pod("a"))
    waits = []
    for _ in range(6):
        waiting = take(queue)
        assert queue.take() is None
        queue.retry(waiting)
        before_s = loop.time()
        await queue.ready()
        waits.append(round(loop.time() - before_s))
    assert waits == [1, 2, 4, 8, 10, 10]


async def test_a_woken_pod_is_tried_at_once_when_nobody_else_waits() -> None:
    queue = SchedulingQueue()
    put(queue, pod("woken", priority=9))
    queue.failed(take(queue), FIT)
    put(queue, pod("other"))
    queue.happened(*cluster(cpu="8"))
    assert taken(queue) == ["other", "woken"]


async def test_like_pods_are_asked_about_once() -> None:
    queue = SchedulingQueue()
    put(queue, *(pod(f"p{number}", cpu="4") for number in range(50)))
    for _ in range(50):
        queue.failed(take(queue), FIT)
    asked = []

    class Counting(Snapshot):
        def requested(self, resource: str) -> object:  # type: ignore[override]
            asked.append(resource)
            return super().requested(resource)

    snapshot, happening = Counting(), cluster(cpu="2")[1]
    snapshot.put_node(
        Node(
            metadata=ObjectMeta(name="n"),
            status=NodeStatus(allocatable={"cpu": Quantity("2"), "pods": Quantity("10")}),
        )
    )
    queue.happened(cast("Snapshot", snapshot), happening)
    assert len(asked) == 1


async def test_no_more_are_woken_than_there_is_room_for() -> None:
    queue = SchedulingQueue()
    put(queue, *(pod(f"p{number}", cpu="4") for number in range(50)))
    for _ in range(50):
        queue.failed(take(queue), FIT)
    queue.happened(*cluster(cpu="9"))
    places = [queue.place_of(Key("default", f"p{number}")) for number in range(50)]
    assert (places.count("backoff"), places[:2]) == (2, ["backoff", "backoff"])
    queue.remove(Key("default", "p0"))
    assert queue.place_of(Key("default", "p2")) == "backoff"


async def test_a_gated_pod_is_in_no_line() -> None:
    queue = SchedulingQueue()
    gated = pod("a", gates=("example.com/x",))
    put(queue, gated)
    queue.happened(*cluster(cpu="8"))
    await asyncio.sleep(1000)
    assert taken(queue) == []
    put(queue, replace(gated, spec=replace(gated.spec, scheduling_gates=())))
    assert taken(queue) == ["a"]


async def test_a_pod_is_in_one_place_until_it_is_removed() -> None:
    queue = SchedulingQueue()
    put(queue, pod("a"), pod("a"), pod("b"))
    queue.remove(Key("default", "b"))
    assert taken(queue) == ["a"]
    assert len(queue) == 0


async def test_a_change_of_what_a_pod_wishes_lets_it_be_tried() -> None:
    queue = SchedulingQueue()
    put(queue, pod("a", cpu="4"))
    queue.failed(take(queue), FIT)
    put(queue, pod("a", cpu="4"))
    assert taken(queue) == []
    put(queue, pod("a", cpu="2"))
    assert taken(queue) == ["a"]
