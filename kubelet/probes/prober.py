"""Runs the probes of the containers of one host.

Each running container has up to three tasks: startup first, liveness and
readiness once it passed. What they find is kept by container id; the pod's
worker is woken when something changes.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal

import aiohttp

from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.probe import Probe, TCPSocketAction
from kubelet.probes.counter import PERIOD_DEFAULT_S, TIMEOUT_DEFAULT_S, Counter
from kubelet.probes.failure import Failure
from kubelet.probes.handlers import (
    Answer,
    Target,
    ask_grpc,
    get_page,
    open_port,
    run_command,
    too_late,
)
from kubelet.runtime.runtime import Runtime

ProbeKind = Literal["Startup", "Liveness", "Readiness"]

OPENS_S = 1.0
"""What a container of a Service gets at most to open its port before it counts as ready.

Where nobody said how readiness is known, running is being ready; but a program that
has only just begun listens a moment later, and clients sent there are refused.
"""

TRY_AGAIN_S = 0.01

Unhealthy = Callable[[str, str, str], None]
"""Told of every failed answer: pod uid, container name, the event's message."""


class Prober:
    """Starts and stops probes as containers come and go."""

    def __init__(
        self,
        runtime: Runtime,
        wake: Callable[[str], None],
        tell: Unhealthy,
        *,
        opens_s: float = OPENS_S,
    ) -> None:
        self._runtime = runtime
        self._opens_s = opens_s
        self._wake = wake
        self._tell = tell
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._session: aiohttp.ClientSession | None = None
        self.started: set[str] = set()
        self.ready: set[str] = set()
        self.failed: dict[str, Failure] = {}

    async def run(self) -> None:
        """Hold the probes' tasks until cancelled; where nothing is real nothing is probed."""
        if not self._runtime.is_real:
            return
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session:
            self._session = session
            async with asyncio.TaskGroup() as group:
                self._group = group
                await asyncio.Event().wait()

    def is_watched(self, container_id: str) -> bool:
        """Whether the container is probed or needs no probe."""
        return any(container_id in one for one in (self._tasks, self.failed, self.ready))

    def watch(
        self, uid: str, target: Target, spec: ContainerSpec, opens: Sequence[int] = ()
    ) -> None:
        """Probe a running container from now on; calling it again changes nothing.

        Without a probe it is ready when it listens at the ports that it opens, or has
        had the time to.
        """
        container_id = target.container_id
        if container_id in self._tasks or container_id in self.failed:
            return
        if not self._runtime.is_real:
            self.started.add(container_id)
            self.ready.add(container_id)
            return
        if spec.startup_probe is None:
            self.started.add(container_id)
        if spec.startup_probe is not None or spec.readiness_probe is not None:
            opens = ()
        elif not opens:
            self.ready.add(container_id)
        probes = (spec.startup_probe, spec.liveness_probe, spec.readiness_probe)
        if (opens or any(probe is not None for probe in probes)) and self._group is not None:
            self._tasks[container_id] = self._group.create_task(
                self._probe_all(uid, target, spec, opens), name=f"probe-{container_id}"
            )

    def forget(self, container_id: str) -> None:
        """The container is over."""
        task = self._tasks.pop(container_id, None)
        if task is not None:
            task.cancel()
        self.started.discard(container_id)
        self.ready.discard(container_id)
        self.failed.pop(container_id, None)

    async def _probe_all(
        self, uid: str, target: Target, spec: ContainerSpec, opens: Sequence[int]
    ) -> None:
        container_id = target.container_id
        if spec.startup_probe is not None:
            if not await self._until_started(uid, target, spec.startup_probe):
                return
            self.started.add(container_id)
            if spec.readiness_probe is None:
                self.ready.add(container_id)
            self._wake(uid)
        async with asyncio.TaskGroup() as group:
            if opens:
                group.create_task(self._until_open(uid, target, opens))
            if spec.liveness_probe is not None:
                group.create_task(self._until_dead(uid, target, spec.liveness_probe))
            if spec.readiness_probe is not None:
                group.create_task(self._keep_readiness(uid, target, spec.readiness_probe))

    async def _until_open(self, uid: str, target: Target, ports: Sequence[int]) -> None:
        shut = list(ports)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._opens_s):
                while shut:
                    answer = await open_port(target, TCPSocketAction(port=shut[0]))
                    if answer.result == "success":
                        del shut[0]
                    else:
                        await asyncio.sleep(TRY_AGAIN_S)
        self.ready.add(target.container_id)
        self._wake(uid)

    async def _until_started(self, uid: str, target: Target, probe: Probe) -> bool:
        counter = Counter(probe, passing=False)
        await asyncio.sleep(probe.initial_delay_seconds)
        while True:
            if counter.take(await self._ask(uid, target, probe, "Startup")):
                if counter.passing:
                    return True
                self._fail(uid, target, "startup", probe)
                return False
            await asyncio.sleep(probe.period_seconds or PERIOD_DEFAULT_S)

    async def _until_dead(self, uid: str, target: Target, probe: Probe) -> None:
        counter = Counter(probe, passing=True)
        await asyncio.sleep(probe.initial_delay_seconds)
        while True:
            counter.take(await self._ask(uid, target, probe, "Liveness"))
            if not counter.passing:
                self._fail(uid, target, "liveness", probe)
                return
            await asyncio.sleep(probe.period_seconds or PERIOD_DEFAULT_S)

    async def _keep_readiness(self, uid: str, target: Target, probe: Probe) -> None:
        counter = Counter(probe, passing=False)
        await asyncio.sleep(probe.initial_delay_seconds)
        while True:
            counter.take(await self._ask(uid, target, probe, "Readiness"))
            was_ready = target.container_id in self.ready
            if counter.passing != was_ready:
                (self.ready.add if counter.passing else self.ready.discard)(target.container_id)
                self._wake(uid)
            await asyncio.sleep(probe.period_seconds or PERIOD_DEFAULT_S)

    def _fail(self, uid: str, target: Target, word: str, probe: Probe) -> None:
        name = target.spec.name
        self.failed[target.container_id] = Failure(
            f"Container {name} failed {word} probe, will be restarted",
            probe.termination_grace_period_seconds,
        )
        self._wake(uid)

    async def _ask(self, uid: str, target: Target, probe: Probe, kind: ProbeKind) -> Answer:
        timeout_s = probe.timeout_seconds or TIMEOUT_DEFAULT_S
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._answer(target, probe)
        except TimeoutError:
            answer = Answer("failure", too_late(target, probe, timeout_s))
        if answer.result == "failure":
            self._tell(uid, target.spec.name, f"{kind} probe failed: {answer.message}")
        elif answer.result == "unknown":
            self._tell(uid, target.spec.name, f"{kind} probe errored: {answer.message}")
        return answer

    async def _answer(self, target: Target, probe: Probe) -> Answer:
        assert self._session is not None, "run() comes first"
        if probe.exec is not None:
            return await run_command(self._runtime, target, probe.exec)
        if probe.http_get is not None:
            return await get_page(self._session, target, probe.http_get)
        if probe.tcp_socket is not None:
            return await open_port(target, probe.tcp_socket)
        if probe.grpc is not None:
            return await ask_grpc(target, probe.grpc)
        return Answer("success")
