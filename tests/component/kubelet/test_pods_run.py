"""A kubelet on the real registry runs pods as processes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from apiserver.registry.registry import Registry
from apiserver.registry.settings import Settings
from apiserver.storage.open import open_store
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.container import Container, ContainerPort
from knarr.api.core.container_status import ContainerStatus
from knarr.api.core.env import EnvVar, EnvVarSource, ObjectFieldSelector
from knarr.api.core.event import Event
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.probe import HTTPGetAction, Probe
from knarr.api.core.service import Service
from knarr.api.core.service_account import ServiceAccount
from knarr.api.core.volume import Volume, VolumeMount
from knarr.api.core.volume_source import ConfigMapVolumeSource
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.informers import Informers
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import SystemClock
from kubelet.kubelet import Kubelet, KubeletOptions
from kubelet.runtime.process.runtime import ProcessRuntime
from kubelet.runtime.runtime import LogOptions
from tests.mounts import require_mounts

WAIT_S = 15.0


@pytest.fixture
async def client() -> AsyncIterator[InProcessClient]:
    clock = SystemClock()
    async with open_store("memory://", clock) as store:
        settings = Settings(service_account_tokens=False)
        registry = Registry(store, clock=clock, rng=Random(1), settings=settings)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(registry.run())
            await registry.ready()
            made = InProcessClient(registry)
            with contextlib.suppress(ApiError):
                await made.create(
                    ServiceAccount(metadata=ObjectMeta(name="default", namespace="default"))
                )
            yield made
            running.cancel()


@pytest.fixture(autouse=True)
async def nothing_is_left(tmp_path: Path) -> AsyncIterator[None]:
    """End the processes of a test's pods, which outlive their kubelet on purpose."""
    yield
    for root in tmp_path.rglob("pods"):
        runtime = ProcessRuntime(root, SystemClock())
        runtime.open()
        for left in await runtime.pods():
            await runtime.remove_pod(left.pod.uid)
        await runtime.close()


@asynccontextmanager
async def node(client: InProcessClient, state_dir: Path) -> AsyncIterator[Kubelet]:
    clock = SystemClock()
    runtime = ProcessRuntime(state_dir / "pods", clock)
    runtime.open()
    options = KubeletOptions(
        node_name="node-0",
        node_ips=("127.0.0.1",),
        state_dir=state_dir,
        pod_cidr="127.77.0.0/24",
    )
    try:
        async with Informers(client) as informers, asyncio.TaskGroup() as group:
            kubelet = Kubelet(options, client, clock, runtime, informers.of(Service))
            running = group.create_task(kubelet.run())
            yield kubelet
            running.cancel()
    finally:
        await runtime.close()


def pod(name: str, script: str, **spec: object) -> Pod:
    main = Container(
        name="main",
        image="busybox:1.28",
        command=("/bin/sh", "-c", script),
        env=(
            EnvVar(
                name="POD_IP",
                value_from=EnvVarSource(field_ref=ObjectFieldSelector(field_path="status.podIP")),
            ),
        ),
    )
    wanted: dict[str, object] = {"containers": (main,), "node_name": "node-0", **spec}
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default"),
        spec=PodSpec(**wanted),  # type: ignore[arg-type]
    )


async def until(client: InProcessClient, name: str, holds: Callable[[Pod], bool]) -> Pod:
    """Wait until the pod is as wanted."""
    async with asyncio.timeout(WAIT_S):
        listed = await client.list(Pod, field_selector=f"metadata.name={name}")
        for one in listed.items:
            if holds(one):
                return one
        async for batch in client.watch(
            Pod, after=listed.revision, field_selector=f"metadata.name={name}"
        ):
            for event in batch:
                if event.object is not None and event.type != "DELETED" and holds(event.object):
                    return event.object
    raise AssertionError("the watch ended")


def is_ready(one: Pod) -> bool:
    return any(c.type == "Ready" and c.status == "True" for c in one.status.conditions)


async def test_a_pod_runs_and_ends(client: InProcessClient, tmp_path: Path) -> None:
    async with node(client, tmp_path) as kubelet:
        await client.create(pod("web", "echo hello from $POD_IP; exec sleep 600"))
        running = await until(client, "web", is_ready)
        assert running.status.phase == "Running"
        assert running.status.pod_ip.startswith("127.77.0.")
        container_id = running.status.container_statuses[0].container_id
        pieces = []
        async for piece in kubelet.runtime.logs(container_id, LogOptions(follow=True)):
            pieces.append(piece)
            break
        assert b"".join(pieces) == f"hello from {running.status.pod_ip}\n".encode()
        await client.delete(Pod, Key("default", "web"))
        async with asyncio.timeout(WAIT_S):
            while (await client.list(Pod)).items:
                await asyncio.sleep(0.02)
        assert await kubelet.runtime.pods() == []


def is_over(container: ContainerStatus) -> bool:
    return container.state.terminated is not None


async def test_says_no_more_than_is_new(client: InProcessClient, tmp_path: Path) -> None:
    """A pod begins with two reports, creating and running; what ended is one, its deletion another.

    The first of the ending says that the deletion was seen.
    """
    async with node(client, tmp_path):
        made = await client.create(pod("web", "exec sleep 600"))
        after = int(made.metadata.resource_version)
        await until(client, "web", is_ready)
        await client.delete(Pod, Key("default", "web"))
        versions = []
        async with asyncio.timeout(WAIT_S):
            async for batch in client.watch(Pod, after=after):
                versions += [event for event in batch if event.object is not None]
                if versions and versions[-1].type == "DELETED":
                    break
        statuses = [event.object.status for event in versions if event.object is not None]
        changes = [new for old, new in pairwise(statuses) if old != new]
        told = [(one.observed_generation, is_over(one.container_statuses[0])) for one in changes]
        assert told == [(1, False), (2, False), (2, True)]


async def test_a_container_that_dies_starts_again(client: InProcessClient, tmp_path: Path) -> None:
    async with node(client, tmp_path):
        await client.create(pod("web", "exit 3"))
        again = await until(
            client, "web", lambda one: any(c.restart_count for c in one.status.container_statuses)
        )
        last = again.status.container_statuses[0].last_state.terminated
        assert last is not None
        assert (last.exit_code, last.reason) == (3, "Error")
        waits = await until(
            client,
            "web",
            lambda one: any(
                c.state.waiting is not None and c.state.waiting.reason == "CrashLoopBackOff"
                for c in one.status.container_statuses
            ),
        )
        waiting = waits.status.container_statuses[0].state.waiting
        assert waiting is not None
        assert waiting.message.startswith("back-off 10s restarting failed container=main pod=web_")


async def test_a_pod_that_shall_not_restart_succeeds(
    client: InProcessClient, tmp_path: Path
) -> None:
    async with node(client, tmp_path):
        await client.create(pod("once", "echo done", restart_policy="Never"))
        over = await until(client, "once", lambda one: one.status.phase == "Succeeded")
        state = over.status.container_statuses[0].state.terminated
        assert state is not None
        assert (state.exit_code, state.reason) == (0, "Completed")


async def test_init_containers_come_first(client: InProcessClient, tmp_path: Path) -> None:
    shared = tmp_path / "order"
    first = Container(
        name="first", image="busybox:1.28", command=("/bin/sh", "-c", f"echo first >>{shared}")
    )
    async with node(client, tmp_path / "state"):
        await client.create(
            pod("ordered", f"echo main >>{shared}; sleep 600", init_containers=(first,))
        )
        running = await until(client, "ordered", is_ready)
        assert running.status.init_container_statuses[0].ready
        async with asyncio.timeout(WAIT_S):
            while "main" not in shared.read_text():
                await asyncio.sleep(0.02)
    assert shared.read_text() == "first\nmain\n"


async def test_readiness_waits_for_the_probe(client: InProcessClient, tmp_path: Path) -> None:
    web = Container(
        name="web",
        image="python:3",
        command=("python3", "-m", "http.server", "8080", "--bind", "$(POD_IP)"),
        env=(
            EnvVar(
                name="POD_IP",
                value_from=EnvVarSource(field_ref=ObjectFieldSelector(field_path="status.podIP")),
            ),
        ),
        ports=(ContainerPort(name="http", container_port=8080),),
        readiness_probe=Probe(http_get=HTTPGetAction(path="/", port="http"), period_seconds=1),
    )
    async with node(client, tmp_path):
        await client.create(pod("served", "", containers=(web,)))
        ready = await until(client, "served", is_ready)
        reader, writer = await asyncio.open_connection(ready.status.pod_ip, 8080)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.0 200")
        writer.close()
        await writer.wait_closed()


async def test_a_config_map_is_seen_as_files(client: InProcessClient, tmp_path: Path) -> None:
    require_mounts()
    config = ConfigMap(
        metadata=ObjectMeta(name="colours", namespace="default"), data={"sea": "blue\n"}
    )
    await client.create(config)
    async with node(client, tmp_path) as kubelet:
        base = pod("reader", "cat /etc/knarr-colours/sea; sleep 600")
        main = replace(
            base.spec.containers[0],
            volume_mounts=(VolumeMount(name="colours", mount_path="/etc/knarr-colours"),),
        )
        volume = Volume(name="colours", config_map=ConfigMapVolumeSource(name="colours"))
        spec = replace(base.spec, containers=(main,), volumes=(volume,))
        await client.create(replace(base, spec=spec))
        running = await until(client, "reader", is_ready)
        container_id = running.status.container_statuses[0].container_id
        async for piece in kubelet.runtime.logs(container_id, LogOptions(follow=True)):
            assert piece == b"blue\n"
            break


async def test_a_missing_config_map_is_told(client: InProcessClient, tmp_path: Path) -> None:
    async with node(client, tmp_path):
        base = pod("reader", "sleep 600")
        volume = Volume(name="colours", config_map=ConfigMapVolumeSource(name="colours"))
        await client.create(replace(base, spec=replace(base.spec, volumes=(volume,))))
        async with asyncio.timeout(WAIT_S):
            async for batch in client.watch(Event, after=1):
                reasons = [one.object.reason for one in batch if one.object is not None]
                if "FailedMount" in reasons:
                    break
        waiting = (await client.get(Pod, Key("default", "reader"))).status
        assert waiting.phase == "Pending"


async def test_a_kubelet_that_comes_back_restarts_nothing(
    client: InProcessClient, tmp_path: Path
) -> None:
    async with node(client, tmp_path):
        await client.create(pod("steady", "sleep 600"))
        before = await until(client, "steady", is_ready)
    async with node(client, tmp_path) as kubelet:
        (left,) = await kubelet.runtime.pods()
        assert left.containers[0].phase == "running"
        await client.patch(Pod, Key("default", "steady"), {"metadata": {"labels": {"a": "b"}}})
        after = await until(client, "steady", lambda one: "a" in one.metadata.labels)
        assert after.status.container_statuses[0].restart_count == 0
        assert (
            after.status.container_statuses[0].container_id
            == before.status.container_statuses[0].container_id
        )
        await client.delete(Pod, Key("default", "steady"))
        async with asyncio.timeout(WAIT_S):
            while await kubelet.runtime.pods():
                await asyncio.sleep(0.02)
