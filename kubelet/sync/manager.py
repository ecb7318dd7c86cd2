"""Has a worker for each pod bound to this host, and for each that is left over."""

import asyncio

import structlog

from knarr.api.core.pod import Pod, PodSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.informer import Informer
from kubelet.runtime.runtime import PodRef
from kubelet.static.manifest import MIRROR, is_mirror
from kubelet.static.source import StaticPods
from kubelet.sync.host import Host
from kubelet.sync.worker import PodWorker

log = structlog.get_logger()


class PodManager:
    """Starts, wakes and ends pod workers."""

    def __init__(self, host: Host, pods: Informer[Pod], static: StaticPods | None = None) -> None:
        self._host = host
        self._pods = pods
        self._static = static
        self._workers: dict[str, PodWorker] = {}
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Look after all pods until cancelled; what runs goes on."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            if self._static is not None:
                # They run whether or not there is an API server.
                self._static.read()
                self._static.handle(self._changed_static)
            await self._pods.listed()
            self._pods.handle(self._changed)
            for left in await self._host.runtime.pods():
                if left.pod.uid not in self._workers:
                    self._leftover(left.pod)
            group.create_task(self._watch_runtime(), name="runtime-changes")

    def wake(self, uid: str) -> None:
        """Something about a pod's containers changed."""
        worker = self._workers.get(uid)
        if worker is not None:
            worker.wake()

    def worker(self, uid: str) -> PodWorker | None:
        """The worker of a pod, if it has one."""
        return self._workers.get(uid)

    def pods(self) -> list[Pod]:
        """The pods that have workers, in the order in which they came."""
        return [worker.pod for worker in self._workers.values()]

    async def _watch_runtime(self) -> None:
        async for uid in self._host.runtime.changes():
            self.wake(uid)

    def _changed_static(self, old: Pod | None, new: Pod | None) -> None:
        self._host.mirrors.look()
        self._follow(old, new)

    def _changed(self, old: Pod | None, new: Pod | None) -> None:
        shown = new or old
        if shown is not None and is_mirror(shown):
            self._host.mirrors.saw(old, new)
            self.wake(shown.metadata.annotations[MIRROR])
        else:
            self._follow(old, new)

    def _follow(self, old: Pod | None, new: Pod | None) -> None:
        if old is not None and (new is None or new.metadata.uid != old.metadata.uid):
            worker = self._workers.get(old.metadata.uid)
            if worker is not None:
                worker.wish(old, gone=True)
        if new is None:
            return
        worker = self._workers.get(new.metadata.uid)
        if worker is not None:
            worker.wish(new)
        else:
            before = self._workers.get(old.metadata.uid) if old is not None else None
            self._begin(new, PodWorker(self._host, new), before)

    def _leftover(self, ref: PodRef) -> None:
        """Something ran here whose pod is gone from the API: end it."""
        pod = Pod(
            metadata=ObjectMeta(uid=ref.uid, namespace=ref.namespace, name=ref.name),
            spec=PodSpec(containers=()),
        )
        worker = PodWorker(self._host, pod)
        worker.wish(pod, gone=True)
        log.info("ending what is left of a deleted pod", pod=f"{ref.namespace}/{ref.name}")
        self._begin(pod, worker)

    def _begin(self, pod: Pod, worker: PodWorker, before: PodWorker | None = None) -> None:
        """Look after a pod, once the one whose place it takes is over."""
        assert self._group is not None, "run() comes first"
        self._workers[pod.metadata.uid] = worker
        self._group.create_task(
            self._look_after(pod.metadata.uid, worker, before), name=f"pod-{pod.metadata.uid}"
        )

    async def _look_after(self, uid: str, worker: PodWorker, before: PodWorker | None) -> None:
        try:
            if before is not None:
                await before.over.wait()
            await worker.run()
        finally:
            worker.over.set()
            self._workers.pop(uid, None)
