"""What becomes of a key, by the answer of its reconciler. Time is virtual."""

import asyncio

import pytest

from knarr.api.core.config_map import ConfigMap
from knarr.api.core.container import Container
from knarr.api.core.event import Event
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.errors import ConflictError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.plan import Plan
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.controller import TerminalError, run_controller
from knarr.client.events import EventRecorder
from knarr.client.informer import Informer
from knarr.client.informers import Informers
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed
from knarr.daemon.clock import LoopClock
from tests.unit.knarr.client.cluster import in_process

pytestmark = pytest.mark.looptime

WEB = Key("default", "web")


class Answers:
    """A reconciler that answers what the test says, one after the other."""

    name = "test"

    def __init__(self, *answers: float | Exception | None) -> None:
        self.queue: WorkQueue[Key] = WorkQueue()
        self.answers = list(answers)
        self.moments: list[float] = []

    async def reconcile(self, key: Key) -> float | None:
        self.moments.append(round(asyncio.get_running_loop().time(), 3))
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("answers", "moments"),
    [
        pytest.param([None], [0], id="done"),
        pytest.param([7.0, None], [0, 7], id="looks again"),
        pytest.param([ConflictError("c"), None], [0, 0.005], id="a conflict is tried again"),
        pytest.param(
            [ValueError(), ValueError(), ValueError(), None],
            [0, 0.005, 0.015, 0.035],
            id="a failure waits longer each time",
        ),
        pytest.param([TerminalError("never")], [0], id="what cannot work is given up"),
        pytest.param(
            [ValueError(), 1.0, ValueError(), None],
            [0, 0.005, 1.005, 1.01],
            id="success forgets failures",
        ),
    ],
)
async def test_answers(answers: list[float | Exception | None], moments: list[float]) -> None:
    reconciler = Answers(*answers)
    reconciler.queue.add(WEB)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(100):
            await run_controller(reconciler)
    assert reconciler.moments == moments


class Copier:
    """Makes `web-copy` for every `web`: a whole controller in miniature."""

    name = "copier"

    def __init__(self, client: Client, configs: Informer[ConfigMap]) -> None:
        self.queue: WorkQueue[Key] = WorkQueue("copier")
        self.made: list[str] = []
        self._client = client
        self._configs = configs
        feed(self.queue, configs)

    async def reconcile(self, key: Key) -> float | None:
        copy = Key(key.namespace, f"{key.name}-copy")
        if key.name.endswith("-copy") or copy in self._configs.objects:
            return None
        self.made.append(copy.name)
        metadata = ObjectMeta(namespace=copy.namespace, name=copy.name)
        plan = Plan(create=(ConfigMap(metadata=metadata),))
        return await carry_out(plan, self._client, self._configs)


async def copied() -> tuple[list[str], float]:
    async with in_process() as client, Informers(client) as informers:
        configs = informers.of(ConfigMap, namespace="default")
        copier = Copier(client, configs)
        await informers.listed()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(run_controller(copier))
            for number in range(20):
                metadata = ObjectMeta(namespace="default", name=f"c{number}")
                await client.create(ConfigMap(metadata=metadata))
                await asyncio.sleep(0.01)
            await asyncio.sleep(1)
            running.cancel()
        assert len(configs.objects) >= 40
        return copier.made, asyncio.get_running_loop().time()


async def test_a_controller_makes_what_is_missing_once() -> None:
    made, _ = await copied()
    found = [name for name in made if name.startswith("c")]
    assert sorted(found) == sorted(f"c{number}-copy" for number in range(20))


async def test_the_same_run_twice_is_the_same() -> None:
    first, _ = await copied()
    second, _ = await copied()
    assert first == second


async def stored_events(client: Client, count: int) -> list[Event]:
    for _ in range(100):
        await asyncio.sleep(0.1)
        listed = await client.list(Event, namespace="default")
        if len(listed.items) >= count:
            break
    return sorted(listed.items, key=lambda event: event.message)


async def test_events_are_written_and_counted() -> None:
    async with in_process() as client, asyncio.TaskGroup() as group:
        recorder = EventRecorder(client, component="kubelet", clock=LoopClock(), host="node-0")
        running = group.create_task(recorder.run())
        metadata = ObjectMeta(namespace="default", name="web")
        pod = await client.create(
            Pod(metadata=metadata, spec=PodSpec(containers=(Container(name="a", image="b"),)))
        )
        for _ in range(3):
            recorder.event(pod, "BackOff", "Back-off restarting", "Warning")
            await asyncio.sleep(1)
        recorder.event(pod, "Pulled", "Successfully pulled")
        events = await stored_events(client, 2)
        running.cancel()
    assert [(event.reason, event.count, event.type) for event in events] == [
        ("BackOff", 3, "Warning"),
        ("Pulled", 1, "Normal"),
    ]
    assert events[0].involved_object.uid == pod.metadata.uid
    assert (events[0].source.component, events[0].source.host) == ("kubelet", "node-0")
    assert (events[0].last_timestamp or "") > (events[0].first_timestamp or "")


async def test_an_event_never_waits() -> None:
    async with in_process() as client:
        recorder = EventRecorder(client, component="kubelet", clock=LoopClock())
        metadata = ObjectMeta(namespace="default", name="web")
        for number in range(1100):
            recorder.event(Pod(metadata=metadata), "Many", f"number {number}")
        assert recorder.dropped == 100
