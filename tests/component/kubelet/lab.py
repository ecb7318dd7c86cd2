"""A kubelet on the real registry, with processes or in Docker, and pods as people write them."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import yaml

from apiserver.registry.registry import Registry
from apiserver.registry.settings import Settings
from apiserver.storage.open import open_store
from apiserver.storage.store import Store
from knarr.api.codec import from_plain
from knarr.api.core.event import Event
from knarr.api.core.pod import Pod
from knarr.api.core.service import Service
from knarr.api.core.service_account import ServiceAccount
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct
from knarr.client.informers import Informers
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import Clock, SystemClock
from kubelet.kubelet import Kubelet, KubeletOptions
from kubelet.runtime.docker.runtime import DockerSettings, docker_runtime
from kubelet.runtime.hollow import HollowRuntime
from kubelet.runtime.process.runtime import ProcessRuntime
from kubelet.runtime.runtime import LogOptions, Runtime
from tests.dockerd import Dockerd

WAIT_S = 30.0
NODE = "node-0"


@asynccontextmanager
async def api() -> AsyncIterator[InProcessClient]:
    """A registry in memory."""
    async with open_store("memory://", SystemClock()) as store, api_on(store) as client:
        yield client


@asynccontextmanager
async def api_on(store: Store) -> AsyncIterator[InProcessClient]:
    """A registry on a store."""
    settings = Settings(service_account_tokens=False)
    registry = Registry(store, clock=SystemClock(), rng=Random(1), settings=settings)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(registry.run())
        await registry.ready()
        client = InProcessClient(registry)
        with suppress(ApiError):
            account = ObjectMeta(name="default", namespace="default")
            await client.create(ServiceAccount(metadata=account))
        yield client
        running.cancel()


@asynccontextmanager
async def docker_node(
    client: InProcessClient,
    engine: Dockerd,
    state_dir: Path,
    clock: Clock | None = None,
    **more: Any,
) -> AsyncIterator[Kubelet]:
    """A node whose pods are containers."""
    clock = clock or SystemClock()
    settings = DockerSettings(host=engine.host, node_name=NODE, state_dir=state_dir)
    async with docker_runtime(settings, clock) as runtime:
        wanted = {"pod_cidr": "10.215.0.0/24", **more}
        try:
            async with _running(client, runtime, state_dir, wanted, clock) as kubelet:
                yield kubelet
        finally:
            unmount(state_dir)


def unmount(folder: Path) -> None:
    """Take away what is mounted for volumes."""
    for line in Path("/proc/mounts").read_text().splitlines():
        place = line.split()[1]
        if place.startswith(f"{folder}/"):
            subprocess.run(["umount", "-l", place], check=False)


@asynccontextmanager
async def process_node(
    client: InProcessClient, state_dir: Path, **more: Any
) -> AsyncIterator[Kubelet]:
    """A node whose pods are processes; they end with the block."""
    runtime = ProcessRuntime(state_dir / "pods", SystemClock())
    runtime.open()
    try:
        wanted = {"pod_cidr": "127.78.0.0/24", **more}
        async with _running(client, runtime, state_dir, wanted) as kubelet:
            yield kubelet
        for left in await runtime.pods():
            await runtime.remove_pod(left.pod.uid)
    finally:
        await runtime.close()


@asynccontextmanager
async def hollow_node(client: InProcessClient, state_dir: Path) -> AsyncIterator[Kubelet]:
    """A node on which nothing runs."""
    runtime = HollowRuntime(SystemClock())
    try:
        async with _running(client, runtime, state_dir, {"pod_cidr": "10.216.0.0/24"}) as kubelet:
            yield kubelet
    finally:
        await runtime.close()


@asynccontextmanager
async def _running(
    client: InProcessClient,
    runtime: Runtime,
    state_dir: Path,
    more: Mapping[str, Any],
    clock: Clock | None = None,
) -> AsyncIterator[Kubelet]:
    options = KubeletOptions(node_name=NODE, node_ips=("127.0.0.1",), state_dir=state_dir, **more)
    async with Informers(client) as informers, asyncio.TaskGroup() as group:
        services = informers.of(Service)
        kubelet = Kubelet(options, client, clock or SystemClock(), runtime, services)
        running = group.create_task(kubelet.run())
        try:
            yield kubelet
        finally:
            running.cancel()


def pod(text: str) -> Pod:
    """A pod of the node, as YAML says: a whole one, or just its spec and name."""
    plain = yaml.safe_load(text)
    plain.setdefault("metadata", {}).setdefault("namespace", "default")
    plain["spec"] = {"nodeName": NODE, "terminationGracePeriodSeconds": 1, **plain["spec"]}
    return from_plain(Pod, plain)


def main_pod(name: str, script: str, container: str = "{}", spec: str = "{}") -> Pod:
    """A pod of one busybox container that runs a script and never again."""
    main = {
        "name": "main",
        "image": "busybox:1.28",
        "command": ["/bin/sh", "-c", script],
        **yaml.safe_load(container),
    }
    wanted = {"restartPolicy": "Never", "containers": [main], **yaml.safe_load(spec)}
    return pod(yaml.safe_dump({"metadata": {"name": name}, "spec": wanted}))


def made(kind: type[ApiStruct], text: str) -> Any:
    """Any object from YAML, in the namespace of the tests."""
    plain = yaml.safe_load(text)
    plain.setdefault("metadata", {}).setdefault("namespace", "default")
    return from_plain(kind, plain)


async def until(
    client: InProcessClient, name: str, holds: Callable[[Pod], bool], wait_s: float = WAIT_S
) -> Pod:
    """Wait until the pod is as wanted."""
    seen: Pod | None = None
    try:
        async with asyncio.timeout(wait_s):
            chosen = f"metadata.name={name}"
            listed = await client.list(Pod, field_selector=chosen)
            for seen in listed.items:
                if holds(seen):
                    return seen
            async for batch in client.watch(Pod, after=listed.revision, field_selector=chosen):
                for event in batch:
                    if event.object is None or event.type == "DELETED":
                        continue
                    seen = event.object
                    if holds(seen):
                        return seen
    except TimeoutError:
        raise AssertionError(f"pod {name} is not so: {seen.status if seen else None}") from None
    raise AssertionError("the watch ended")


async def gone(client: InProcessClient, name: str) -> list[Pod]:
    """Wait until the pod is removed; answer what was seen of it meanwhile."""
    seen = []
    async with asyncio.timeout(WAIT_S):
        chosen = f"metadata.name={name}"
        listed = await client.list(Pod, field_selector=chosen)
        if not listed.items:
            return []
        async for batch in client.watch(Pod, after=listed.revision, field_selector=chosen):
            for event in batch:
                if event.object is not None:
                    seen.append(event.object)
                if event.type == "DELETED":
                    return seen
    raise AssertionError("the watch ended")


def is_ready(one: Pod) -> bool:
    return any(c.type == "Ready" and c.status == "True" for c in one.status.conditions)


def is_over(one: Pod) -> bool:
    return one.status.phase in ("Succeeded", "Failed")


async def printed(kubelet: Kubelet, one: Pod, container: str = "main") -> str:
    """What a container has printed so far."""
    statuses = (
        *one.status.init_container_statuses,
        *one.status.container_statuses,
        *one.status.ephemeral_container_statuses,
    )
    (found,) = [status.container_id for status in statuses if status.name == container]
    pieces = [piece async for piece in kubelet.runtime.logs(found, LogOptions())]
    return b"".join(pieces).decode()


async def says(kubelet: Kubelet, one: Pod, wanted: str, container: str = "main") -> None:
    """Wait until a container that runs has printed something."""
    told = ""
    try:
        async with asyncio.timeout(WAIT_S):
            while wanted not in (told := await printed(kubelet, one, container)):
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{wanted!r} is not in {told!r}") from None


async def output(client: InProcessClient, kubelet: Kubelet, wanted: Pod) -> str:
    """Run a pod to its good end and answer what it printed."""
    await client.create(wanted)
    done = await until(client, wanted.metadata.name, is_over)
    told = await printed(kubelet, done)
    assert done.status.phase == "Succeeded", f"{done.status.container_statuses} {told}"
    return told


async def run_in(kubelet: Kubelet, one: Pod, *command: str) -> str:
    """What a command prints in the first container."""
    container_id = one.status.container_statuses[0].container_id
    session = await kubelet.runtime.exec(container_id, command)
    pieces = [data async for _, data in session.output()]
    await session.close()
    return b"".join(pieces).decode()


async def events(client: InProcessClient, name: str, reason: str) -> list[Event]:
    """The events of a pod for a reason; waits for the first."""
    async with asyncio.timeout(WAIT_S):
        while True:
            found = [
                one
                for one in (await client.list(Event)).items
                if one.involved_object.name == name and one.reason == reason
            ]
            if found:
                return found
            await asyncio.sleep(0.05)


async def told(client: InProcessClient, name: str, reason: str, message: str) -> Event:
    """Wait for an event with this very message."""
    async with asyncio.timeout(WAIT_S):
        while True:
            for one in await events(client, name, reason):
                if one.message == message:
                    return one
            await asyncio.sleep(0.05)


async def get(client: InProcessClient, name: str) -> Pod:
    return await client.get(Pod, Key("default", name))
