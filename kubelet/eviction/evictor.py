"""Looks after what the node has left, and has pods go before the kernel chooses."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog
from msgspec import Struct

from knarr.api.core.pod import Pod
from knarr.api.pods import is_over
from kubelet.eviction.decide import Assessment, Past, Reading, assess
from kubelet.eviction.images import ImageCollector, ImageRules
from kubelet.eviction.rank import PodUse, message, ranked
from kubelet.eviction.readings import disk_bytes, readings
from kubelet.eviction.storage import DiskUse, excess, is_limited
from kubelet.eviction.thresholds import HARD_DEFAULT, RESOURCES, Signal, Threshold, hard
from kubelet.runtime.runtime import Container, RuntimeFailureError
from kubelet.status.pod_status import Ending
from kubelet.sync.host import Host
from kubelet.sync.lifecycle import latest
from kubelet.sync.manager import PodManager

log = structlog.get_logger()

LOOK_S = 10.0
"""As often as Kubernetes' kubelet looks."""

COLLECT_EVERY = 30
"""Images are looked at once in so many looks: every five minutes."""

GONE_WITHIN_S = 30.0
"""The next pod goes when this one is over, or after this long."""


class EvictionOptions(Struct, frozen=True, kw_only=True):
    """What an operator may choose."""

    hard: tuple[Threshold, ...] = hard(tuple(HARD_DEFAULT.split(",")))
    soft: tuple[Threshold, ...] = ()
    soft_grace_max_s: float = 0.0
    """The most a pod gets that goes for a soft threshold."""
    transition_s: float = 300.0
    """A pressure is told for so long after it was last there."""
    images: ImageRules = ImageRules()


class Evictor:
    """Watches one node."""

    def __init__(
        self,
        host: Host,
        manager: PodManager,
        options: EvictionOptions,
        changed: Callable[[], None],
        measure: Callable[[Path, Path], Mapping[Signal, Reading]] = readings,
    ) -> None:
        self._host = host
        self._manager = manager
        self.options = options
        self._changed = changed
        self._measure = measure
        self._past = Past()
        self._images = ImageCollector(host.runtime, host.clock, options.images, self._shown_images)
        self.pressures: frozenset[str] = frozenset()
        """The conditions of the node that hold: MemoryPressure, DiskPressure, PIDPressure."""

    async def run(self) -> None:
        """Look again and again until cancelled."""
        looks = 0
        while True:
            try:
                await self.look()
                if looks % COLLECT_EVERY == 0:
                    await self._images.look(self._readings()["imagefs.available"])
            except (OSError, RuntimeFailureError) as error:
                log.warning("what the node has left is not known", error=str(error))
            looks += 1
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Once: what is scarce, who has too much, who must go."""
        await self._end_those_over_their_limits()
        found = self._assess()
        threshold = found.act_on
        if threshold is None:
            return
        log.warning("the node runs low", signal=threshold.signal, threshold=threshold.text)
        node = self._host.node()
        if node is not None:
            told = f"Attempting to reclaim {RESOURCES[threshold.signal]}"
            self._host.events.event(node, "EvictionThresholdMet", told, "Warning")
        if "fs." in threshold.signal and await self._images.free_all() > 0:
            threshold = self._assess().act_on
        if threshold is not None:
            await self._end_one(threshold)

    def _readings(self) -> Mapping[Signal, Reading]:
        here = Path(self._host.state_dir)
        return self._measure(here, self._host.runtime.image_folder() or here)

    def _assess(self) -> Assessment:
        found = assess(
            (*self.options.hard, *self.options.soft),
            self._readings(),
            self._past,
            now=self._host.clock.now(),
            transition_s=self.options.transition_s,
        )
        self._past = found.past
        if found.pressures != self.pressures:
            self.pressures = found.pressures
            self._changed()
        return found

    async def _end_one(self, threshold: Threshold) -> None:
        with_disk = "fs." in threshold.signal
        uses = [await self._use_of(pod, with_disk=with_disk) for pod in self._active()]
        for use in ranked(threshold, uses)[:1]:
            reading = self._readings()[threshold.signal]
            grace_s = 0.0
            if threshold.grace_s > 0:
                own_s = float(use.pod.spec.termination_grace_period_seconds or 0)
                grace_s = min(self.options.soft_grace_max_s, own_s)
            await self._end(use.pod, message(threshold, reading, use), grace_s)
            return
        log.warning("nobody may go", signal=threshold.signal)

    async def _end(self, pod: Pod, told: str, grace_s: float) -> None:
        worker = self._manager.worker(pod.metadata.uid)
        if worker is None:
            return
        self._host.events.event(pod, "Evicted", told, "Warning")
        log.warning("pod evicted", pod=f"{pod.metadata.namespace}/{pod.metadata.name}", why=told)
        worker.end(Ending(reason="Evicted", message=told, grace_s=grace_s, disrupts=True))
        try:
            async with asyncio.timeout(GONE_WITHIN_S):
                await worker.done.wait()
        except TimeoutError:
            log.warning("an evicted pod does not end", pod=pod.metadata.name)

    async def _end_those_over_their_limits(self) -> None:
        for pod in self._active():
            if is_limited(pod):
                told = excess(pod, await self._disk_of(pod))
                if told:
                    await self._end(pod, told, 0.0)

    def _shown_images(self) -> Sequence[str]:
        """The images whose files volumes show."""
        return [
            volume.image.reference
            for pod in self._manager.pods()
            for volume in pod.spec.volumes
            if volume.image is not None
        ]

    def _active(self) -> Sequence[Pod]:
        return [
            pod
            for pod in self._manager.pods()
            if not is_over(pod) and pod.metadata.deletion_timestamp is None
        ]

    async def _use_of(self, pod: Pod, *, with_disk: bool) -> PodUse:
        disk = await self._disk_of(pod) if with_disk else DiskUse()
        containers = []
        for name, one in (await self._containers(pod)).items():
            usage = await self._host.runtime.usage(one.id)
            memory = usage.memory_working_set_bytes if usage is not None else 0
            containers.append((name, memory, disk.containers.get(name, 0)))
        memory = sum(used for _, used, _ in containers)
        return PodUse(pod, memory, disk.total, tuple(containers))

    async def _disk_of(self, pod: Pod) -> DiskUse:
        """Measured in a thread: a pod may have many files."""
        containers = {
            name: await asyncio.to_thread(disk_bytes, self._host.runtime.disk_paths(one.id))
            for name, one in (await self._containers(pod)).items()
        }
        volumes = {
            volume.name: await asyncio.to_thread(
                disk_bytes, [self._host.volumes.folder(pod.metadata.uid, volume.name)]
            )
            for volume in pod.spec.volumes
            if volume.empty_dir is not None
        }
        return DiskUse(containers, volumes)

    async def _containers(self, pod: Pod) -> Mapping[str, Container]:
        observed = await self._host.runtime.observe(pod.metadata.uid)
        return latest(observed) if observed is not None else {}
