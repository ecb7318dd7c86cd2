"""A control plane in virtual time on which workloads play, and a kubelet that does as it is told.

Objects are plain JSON, as users write them. Nothing ever really waits.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, ListOptions, PatchType, Request
from apiserver.registry.settings import Settings
from apiserver.storage.memory import MemoryStore
from controller_manager.manager import run_controllers
from controller_manager.settings import ControllerSettings
from knarr.api.core.pod import Pod
from knarr.api.errors import NotFoundError, TooManyRequestsError
from knarr.api.keys import Key
from knarr.api.kind import Kind
from knarr.api.kinds import BUILT_IN
from knarr.api.meta.options import DeleteOptions
from knarr.api.times import to_time
from knarr.client.client import Client
from knarr.client.controller import run_controller
from knarr.client.informers import Informers
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import Clock, LoopClock
from scheduler.scheduler import run_scheduler
from tests.simulation.virtual import run

Plain = dict[str, Any]
NAMESPACE = "default"
PATIENCE_S = 600.0

_KINDS = {kind.plural: kind for kind in reversed(BUILT_IN)}


class Kubelet:
    """Makes pods run, ready and end as the stage says."""

    name = "kubelet"

    def __init__(self, client: Client, informers: Informers, clock: Clock) -> None:
        self.queue: WorkQueue[Key] = WorkQueue()
        self.is_ready: Callable[[Pod], bool] = lambda _: True
        self.exit_code: Callable[[Pod], int | None] = lambda _: None
        """How a pod that runs ends, None: it runs on."""
        self._client = client
        self._pods = informers.of(Pod)
        self._clock = clock
        feed(self.queue, self._pods)

    async def reconcile(self, key: Key) -> float | None:
        """Move one pod on."""
        pod = self._pods.objects.get(key)
        if pod is None or not pod.spec.node_name:
            return None
        if pod.metadata.deletion_timestamp is not None:
            await self._client.delete(Pod, key, DeleteOptions(grace_period_seconds=0))
            return None
        if pod.status.phase in ("Succeeded", "Failed"):
            return None
        code = self.exit_code(pod) if pod.status.phase == "Running" else None
        await self._say(key, pod, code)
        return 1.0  # What the stage says may change.

    async def _say(self, key: Key, pod: Pod, code: int | None) -> None:
        ready = code is None and self.is_ready(pod)
        phase = "Running" if code is None else "Failed" if code else "Succeeded"
        before = next((each.status for each in pod.status.conditions if each.type == "Ready"), "")
        word = "True" if ready else "False"
        if pod.status.phase == phase and before == word:
            return
        now = to_time(self._clock.now())
        state: Plain = {"running": {"startedAt": now}}
        if code is not None:
            state = {"terminated": {"exitCode": code, "startedAt": now, "finishedAt": now}}
        status = {
            "phase": phase,
            "startTime": pod.status.start_time or now,
            "podIP": "10.0.0.1",
            "conditions": [{"type": "Ready", "status": word, "lastTransitionTime": now}],
            "containerStatuses": [
                {
                    "name": each.name,
                    "image": each.image,
                    "imageID": each.image,
                    "ready": ready,
                    "restartCount": 0,
                    "state": state,
                }
                for each in pod.spec.containers
            ],
        }
        await self._client.patch(
            Pod, key, {"status": status}, patch_format="strategic", subresource="status"
        )


class Stage:
    """What a play may do."""

    def __init__(self, registry: Registry, kubelet: Kubelet, clock: LoopClock) -> None:
        self.registry = registry
        self.kubelet = kubelet
        self.clock = clock

    async def create(self, plural: str, manifest: Plain) -> Plain:
        """Make an object."""
        manifest.setdefault("metadata", {})
        answer = await self.registry.create(self._request(plural), self._body(plural, manifest))
        return self._plain(answer.body)

    async def get(self, plural: str, name: str, part: str = "") -> Plain:
        """An object or a part of it. Raise NotFoundError."""
        return self._plain((await self.registry.get(self._request(plural, name, part))).body)

    async def update(self, plural: str, manifest: Plain, part: str = "") -> Plain:
        """Replace an object or a part of it."""
        request = self._request(plural, manifest["metadata"]["name"], part)
        answer = await self.registry.update(request, Body(json.dumps(manifest).encode()))
        return self._plain(answer.body)

    async def patch(self, plural: str, name: str, change: Plain, part: str = "") -> Plain:
        """Merge a change into an object or a part of it."""
        request = self._request(plural, name, part)
        body = Body(json.dumps(change).encode())
        return self._plain((await self.registry.patch(request, PatchType.MERGE, body)).body)

    async def delete(self, plural: str, name: str, policy: str = "Background") -> None:
        """Delete an object."""
        options = DeleteOptions(propagation_policy=policy)
        await self.registry.delete(self._request(plural, name), options)

    async def delete_all(self, plural: str, labels: str) -> None:
        """Delete those with these labels."""
        options = ListOptions(label_selector=labels)
        await self.registry.delete_collection(
            self._request(plural), options, DeleteOptions(propagation_policy="Background")
        )

    async def list(
        self, plural: str, labels: str = "", *, everywhere: bool = False
    ) -> Sequence[Plain]:
        """The objects with these labels, by name."""
        request = self._request(plural, namespace="" if everywhere else NAMESPACE)
        page = await self.registry.list(request, ListOptions(label_selector=labels))
        found = [self._plain(entry.json) for entry in page.entries]
        return sorted(found, key=lambda each: str(each["metadata"]["name"]))

    async def names(self, labels: str = "") -> Sequence[str]:
        """The names of the pods that are there and not going."""
        return [each["metadata"]["name"] for each in await self.pods(labels)]

    async def pods(self, labels: str = "") -> Sequence[Plain]:
        """The pods that are there and not going."""
        found = await self.list("pods", labels)
        return [each for each in found if "deletionTimestamp" not in each["metadata"]]

    async def evict(self, name: str) -> bool:
        """Ask for a pod to be evicted; answer whether that was granted."""
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
        request = self._request("pods", name, "eviction")
        try:
            await self.registry.create(request, Body(json.dumps(body).encode()))
        except TooManyRequestsError:
            return False
        return True

    async def is_gone(self, plural: str, name: str) -> bool:
        """Whether an object is no longer there."""
        try:
            await self.get(plural, name)
        except NotFoundError:
            return True
        return False

    async def until(self, what: str, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something holds."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + PATIENCE_S
        while not await holds():
            assert loop.time() < until_s, f"still not so: {what}"
            await asyncio.sleep(0.5)

    async def has(self, plural: str, name: str, **status: Any) -> bool:
        """Whether the status says so; what it does not say counts as 0."""
        found = (await self.get(plural, name)).get("status", {})
        return all(found.get(field, 0) == value for field, value in status.items())

    async def condition(self, plural: str, name: str, kind: str) -> Plain:
        """A condition, empty when it is not there."""
        found = (await self.get(plural, name)).get("status", {}).get("conditions", [])
        return next((each for each in found if each["type"] == kind), {})

    def _request(
        self, plural: str, name: str = "", part: str = "", namespace: str = NAMESPACE
    ) -> Request:
        kind = _KINDS[plural]
        place = namespace if kind.namespaced else ""
        return Request(user=SYSTEM, kind=kind, namespace=place, name=name, subresource=part)

    @staticmethod
    def _body(plural: str, manifest: Plain) -> Body:
        kind: Kind = _KINDS[plural]
        whole = {"apiVersion": kind.api_version, "kind": kind.name, **manifest}
        return Body(json.dumps(whole).encode())

    @staticmethod
    def _plain(data: bytes) -> Plain:
        found: Plain = json.loads(data)
        return found


def node(name: str, **labels: str) -> Plain:
    """A node that is ready."""
    room = {"cpu": "32", "memory": "64Gi", "pods": "110"}
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}},
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


@asynccontextmanager
async def _stage() -> AsyncIterator[Stage]:
    clock = LoopClock()
    settings = Settings(service_account_tokens=False)
    registry = Registry(MemoryStore(), clock=clock, rng=Random(1), settings=settings)
    # The nodes have no kubelets that renew their leases.
    wanted = ControllerSettings(root_ca="ca", controllers=("*", "-nodelifecycle"))
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(registry.run())]
        await registry.ready()
        client = InProcessClient(registry)
        async with Informers(client) as informers:
            kubelet = Kubelet(client, informers, clock)
            await informers.listed()
            running += [
                group.create_task(run_controllers(client, clock, Random(1), wanted)),
                group.create_task(run_scheduler(client, clock, Random(1))),
                group.create_task(run_controller(kubelet)),
            ]
            stage = Stage(registry, kubelet, clock)
            for number in range(3):
                await stage.create("nodes", node(f"node-{number}"))
            for made in await stage.list("nodes"):
                patch = {"spec": {"taints": None}}
                await stage.patch("nodes", made["metadata"]["name"], patch)
            await asyncio.sleep(2.0)
            yield stage
        for task in running:
            task.cancel()


def play(story: Callable[[Stage], Awaitable[None]]) -> None:
    """Run a story to its end in virtual time."""

    async def main() -> None:
        async with _stage() as stage:
            await story(stage)

    run(main())


def template(app: str, image: str = "img:1", **spec: Any) -> Plain:
    """Of pods with one container."""
    return {
        "metadata": {"labels": {"app": app}},
        "spec": {"containers": [{"name": "c", "image": image}], **spec},
    }


def workload(name: str, image: str = "img:1", **spec: Any) -> Plain:
    """Whatever has a selector and a template; its pods are labelled `app=NAME`."""
    return {
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, image),
            **spec,
        },
    }


def image_of(pod: Plain) -> str:
    """What a pod runs."""
    image: str = pod["spec"]["containers"][0]["image"]
    return image
