"""The loop: takes pods from the queue, decides, assumes, and has them bound meanwhile.

A decision never waits, so nothing happens between reading the snapshot and
assuming. Bindings run beside the following decisions. When the answer to a
binding is lost, the pod keeps its place until our copy shows what became of
it: no node is ever promised more than it has.
"""

import asyncio
from random import Random

import structlog

from knarr.api.core.binding import Binding
from knarr.api.core.pod import Pod
from knarr.api.core.references import ObjectReference
from knarr.api.errors import ApiError, NotFoundError
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.status import Status
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informers import Informers
from knarr.daemon.clock import Clock
from scheduler import metrics
from scheduler.config import SchedulerSettings
from scheduler.cycle import Cycle, Fits, Subject, Unfit
from scheduler.preparing import Plan, Preparer
from scheduler.queue import SchedulingQueue, Waiting
from scheduler.reporting import Reporter
from scheduler.watching import State

log = structlog.get_logger()

WRITES_MAX = 100
"""Most bindings, and most reports, that are under way at once."""

TURN_S = 0.005
"""So long the scheduler decides before it lets others have the loop."""

ASK_AGAIN_S = 1.0
"""Seconds between two questions what became of a binding whose answer was lost."""


class Scheduler:
    """Gives each pod a node."""

    def __init__(
        self,
        client: Client,
        informers: Informers,
        clock: Clock,
        chance: Random,
        settings: SchedulerSettings | None = None,
    ) -> None:
        settings = settings or SchedulerSettings()
        self._client = client
        self._informers = informers
        self._clock = clock
        self._pods = informers.of(Pod)
        self.queue = SchedulingQueue(
            backoff_min_s=settings.backoff_min_s, backoff_max_s=settings.backoff_max_s
        )
        self.state = State({each.name: each for each in settings.profiles}, self.queue)
        metrics.show(self.queue, self.state.snapshot, self.state.assumed)
        self._cycle = Cycle(self.state.snapshot, self.state.nominated, chance)
        self._reporter = Reporter(client, clock)
        self._recorders = {
            each.name: EventRecorder(client, component=each.name, clock=clock)
            for each in settings.profiles
        }
        self._bindings = asyncio.Semaphore(WRITES_MAX)
        self._reports = asyncio.Semaphore(WRITES_MAX)

    async def run(self) -> None:
        """Schedule until cancelled."""
        self.state.begin(self._informers)
        await self._informers.listed()
        self.state.watch(self._informers)
        self._preparer = Preparer(self._client, self._informers, self._clock, self.state.snapshot)
        try:
            async with asyncio.TaskGroup() as group:
                for name, recorder in self._recorders.items():
                    group.create_task(recorder.run(), name=f"events-{name}")
                while True:
                    await self.queue.ready()
                    self._take_turn(group)
                    await asyncio.sleep(0)
        finally:
            self.queue.close()

    def _take_turn(self, group: asyncio.TaskGroup) -> None:
        """Decide on pods until the turn is over or nobody waits."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + TURN_S
        while loop.time() <= until_s:
            waiting = self.queue.take()
            if waiting is None:
                return
            subject = Subject(waiting.key, waiting.pod, waiting.shape)
            decision = self._cycle.decide(subject, waiting.profile)
            metrics.decided(loop.time() - waiting.taken_s)
            if isinstance(decision, Fits):
                plan = self._preparer.plan(waiting.shape, decision.node_name)
                self.state.assume(waiting.key, waiting.pod, waiting.shape, decision.node_name)
                group.create_task(self._bind(waiting, decision.node_name, plan))
            else:
                self._put_back(waiting, decision, group)

    def _put_back(self, waiting: Waiting, unfit: Unfit, group: asyncio.TaskGroup) -> None:
        recorder = self._recorders[waiting.profile.name]
        recorder.event(waiting.pod, "FailedScheduling", unfit.message, "Warning")
        metrics.unschedulable(waiting, _since(waiting.taken_s), len(unfit.victims))
        self.queue.failed(waiting, unfit.plugins)
        if unfit.nomination is not None:
            self.state.nominated.put(waiting.key, waiting.pod, waiting.shape, unfit.nomination)
        group.create_task(self._report(waiting, unfit))

    async def _report(self, waiting: Waiting, unfit: Unfit) -> None:
        async with self._reports:
            pod = self._pods.objects.get(waiting.key)
            if pod is None or pod.metadata.uid != waiting.pod.metadata.uid or pod.spec.node_name:
                return
            await self._reporter.tell_unfit(pod, unfit.message, unfit.nomination)
            if unfit.idle_claim is not None:
                await self._preparer.let_go(unfit.idle_claim)
            if unfit.victims:
                await self._make_room(waiting, unfit)

    async def _make_room(self, waiting: Waiting, unfit: Unfit) -> None:
        """Evict the victims, and take back the hopes of lesser pods for the same node."""
        node_name = unfit.nomination or ""
        for nominee in self.state.nominated.on(node_name):
            if nominee.shape.priority < waiting.shape.priority:
                self.state.nominated.remove(nominee.key)
                self.queue.activate(nominee.key)
        recorder = self._recorders[waiting.profile.name]
        for victim in unfit.victims:
            if not await self._reporter.evict(victim, waiting.pod, node_name, recorder):
                self.queue.activate(waiting.key)

    async def _bind(self, waiting: Waiting, node_name: str, plan: Plan) -> None:
        if not await self._prepare(waiting, node_name, plan):
            return
        async with self._bindings:
            meta = waiting.pod.metadata
            binding = Binding(
                metadata=ObjectMeta(name=meta.name, namespace=meta.namespace, uid=meta.uid),
                target=ObjectReference(kind="Node", name=node_name),
            )
            try:
                await self._client.call(Pod, waiting.key, "binding", binding, Status)
            except ApiError as error:
                # A pod may well be deleted while it is placed; that is nobody's trouble.
                tell = log.debug if isinstance(error, NotFoundError) else log.warning
                tell("not bound", key=str(waiting.key), node=node_name, error=str(error))
                await self._settle(waiting)
                return
        metrics.scheduled(waiting, _since(waiting.taken_s), _since(waiting.queued_s))
        self._recorders[waiting.profile.name].event(
            waiting.pod,
            "Scheduled",
            f"Successfully assigned {waiting.key} to {node_name}",
        )

    async def _prepare(self, waiting: Waiting, node_name: str, plan: Plan) -> bool:
        """Have ready what a pod needs; put it back and answer False if that fails."""
        wrong = await self._preparer.carry_out(plan, waiting.pod, node_name)
        if wrong:
            recorder = self._recorders[waiting.profile.name]
            recorder.event(waiting.pod, "FailedScheduling", wrong, "Warning")
            await self._settle(waiting)
        return not wrong

    async def _settle(self, waiting: Waiting) -> None:
        """Learn what became of a binding, and try the pod again if it has no node."""
        metrics.failed(waiting, _since(waiting.taken_s))
        while True:
            try:
                await self._pods.caught_up(await self._client.revision_now(Pod))
                break
            except ApiError:
                await asyncio.sleep(ASK_AGAIN_S)
        if self.state.assumed.get(waiting.key) != waiting.pod.metadata.uid:
            return  # It is bound after all, or gone.
        self.state.forget(waiting.key)
        pod = self._pods.objects.get(waiting.key)
        if pod is not None and pod.metadata.deletion_timestamp is None:
            waiting.pod = pod
            self.queue.retry(waiting)


def _since(moment_s: float) -> float:
    return asyncio.get_running_loop().time() - moment_s


async def run_scheduler(
    client: Client, clock: Clock, chance: Random, settings: SchedulerSettings | None = None
) -> None:
    """Schedule until cancelled, with informers of its own."""
    async with Informers(client) as informers:
        await Scheduler(client, informers, clock, chance, settings).run()
