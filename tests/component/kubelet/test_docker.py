"""A kubelet on the real registry runs pods in a real Docker engine, whatever breaks."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest

from apiserver.registry.registry import Registry
from apiserver.registry.settings import Settings
from apiserver.storage.open import open_store
from knarr.api.core.container import Container
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.probe import HTTPGetAction, Probe
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.service import Service
from knarr.api.core.service_account import ServiceAccount
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.options import DeleteOptions
from knarr.api.scalars import Quantity
from knarr.client.informers import Informers
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import SystemClock
from kubelet.kubelet import Kubelet, KubeletOptions
from kubelet.runtime.docker.runtime import DockerSettings, docker_runtime
from tests.dockerd import Dockerd

WAIT_S = 20.0
CIDR = "10.214.0.0/24"


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
            with suppress(ApiError):
                await made.create(
                    ServiceAccount(metadata=ObjectMeta(name="default", namespace="default"))
                )
            yield made
            running.cancel()


@pytest.fixture
def engine(dockerd: Dockerd) -> Iterator[Dockerd]:
    yield dockerd
    dockerd.clean()


@asynccontextmanager
async def node(client: InProcessClient, engine: Dockerd, state_dir: Path) -> AsyncIterator[Kubelet]:
    clock = SystemClock()
    docker = DockerSettings(host=engine.host, node_name="node-0", state_dir=state_dir)
    options = KubeletOptions(
        node_name="node-0", node_ips=("127.0.0.1",), state_dir=state_dir, pod_cidr=CIDR
    )
    async with (
        docker_runtime(docker, clock) as runtime,
        Informers(client) as informers,
        asyncio.TaskGroup() as group,
    ):
        kubelet = Kubelet(options, client, clock, runtime, informers.of(Service))
        running = group.create_task(kubelet.run())
        yield kubelet
        running.cancel()


def pod(name: str, script: str, **container: Any) -> Pod:
    main = Container(name="main", image="busybox:1.28", command=("sh", "-c", script), **container)
    spec = PodSpec(containers=(main,), node_name="node-0", termination_grace_period_seconds=1)
    return Pod(metadata=ObjectMeta(name=name, namespace="default"), spec=spec)


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


def has_restarted(one: Pod) -> bool:
    return is_ready(one) and one.status.container_statuses[0].restart_count == 1


def process_of(engine: Dockerd, container_id: str) -> int:
    told = engine.ask("GET", f"/containers/{container_id.removeprefix('docker://')}/json")
    return int(told["State"]["Pid"])


async def test_a_web_server_is_ready_at_its_address(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    probe = Probe(http_get=HTTPGetAction(path="/", port=80), period_seconds=1)
    script = "mkdir -p /w; hostname > /w/index.html; exec httpd -f -p 80 -h /w"
    async with node(client, engine, tmp_path):
        await client.create(pod("web", script, readiness_probe=probe))
        running = await until(client, "web", is_ready)
        url = f"http://{running.status.pod_ip}/"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert await answer.text() == "web\n"


async def test_a_killed_container_starts_again_and_a_killed_sandbox_too(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    async with node(client, engine, tmp_path) as kubelet:
        await client.create(pod("web", "exec sleep 600"))
        running = await until(client, "web", is_ready)
        first = running.status.container_statuses[0].container_id
        os.kill(process_of(engine, first), signal.SIGKILL)
        again = await until(client, "web", has_restarted)
        assert again.status.container_statuses[0].last_state.terminated is not None
        assert again.status.container_statuses[0].last_state.terminated.exit_code == 137

        observed = await kubelet.runtime.observe(running.metadata.uid)
        assert observed is not None
        assert observed.sandbox is not None
        os.kill(process_of(engine, observed.sandbox.id), signal.SIGKILL)
        async with asyncio.timeout(WAIT_S):
            while True:
                observed = await kubelet.runtime.observe(running.metadata.uid)
                sandbox = observed.sandbox if observed is not None else None
                if sandbox is not None and sandbox.ready and sandbox.attempt == 1:
                    break
                await asyncio.sleep(0.05)  # The runtime's changes are the kubelet's to hear.
        alive = [one for one in engine.ask("GET", "/containers/json") if "POD" not in str(one)]
        assert len(alive) <= 1, "nothing runs twice"


async def test_a_dockerd_that_comes_back_finds_everything_running(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    async with node(client, engine, tmp_path):
        await client.create(pod("web", "exec sleep 600"))
        before = await until(client, "web", is_ready)
        engine.kill()
        engine.start()
        await client.create(pod("later", "exec sleep 600"))
        await until(client, "later", is_ready)
        after = await client.get(Pod, Key("default", "web"))
        assert after.status.container_statuses == before.status.container_statuses


async def test_a_kubelet_that_comes_back_restarts_nothing(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    async with node(client, engine, tmp_path):
        await client.create(pod("web", "exec sleep 600"))
        before = await until(client, "web", is_ready)
    async with node(client, engine, tmp_path):
        await client.create(pod("later", "exec sleep 600"))
        await until(client, "later", is_ready)
        after = await client.get(Pod, Key("default", "web"))
        assert after.status.container_statuses == before.status.container_statuses


async def test_too_much_memory_is_told(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    limits = ResourceRequirements(limits={"memory": Quantity("16Mi")})
    async with node(client, engine, tmp_path):
        await client.create(pod("eater", "tail /dev/zero", resources=limits))

        def was_killed(one: Pod) -> bool:
            states = [
                s.state.terminated or s.last_state.terminated for s in one.status.container_statuses
            ]
            return any(state is not None and state.reason == "OOMKilled" for state in states)

        await until(client, "eater", was_killed)


async def test_an_image_that_is_nowhere_is_told(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    base = pod("lost", "true")
    async with node(client, engine, tmp_path):
        container = Container(name="main", image="127.0.0.1:9/no/such:image")
        spec = PodSpec(containers=(container,), node_name="node-0")
        await client.create(Pod(metadata=base.metadata, spec=spec))

        def waits(one: Pod) -> bool:
            waiting = [s.state.waiting for s in one.status.container_statuses]
            return any(w is not None and w.reason == "ErrImagePull" for w in waiting)

        await until(client, "lost", waits)


async def test_whoever_is_less_patient_wins(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    async with node(client, engine, tmp_path):
        await client.create(pod("stubborn", "trap '' TERM; while :; do sleep 1; done"))
        await until(client, "stubborn", is_ready)
        key = Key("default", "stubborn")
        await client.delete(Pod, key, DeleteOptions(grace_period_seconds=300))
        await asyncio.sleep(0.3)
        await client.delete(Pod, key, DeleteOptions(grace_period_seconds=0))
        async with asyncio.timeout(WAIT_S):
            while engine.ask("GET", "/containers/json?all=1"):
                await asyncio.sleep(0.1)


async def test_a_network_that_somebody_removed_is_made_again(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    async with node(client, engine, tmp_path):
        await client.create(pod("first", "exec sleep 600"))
        await until(client, "first", is_ready)
        await client.delete(Pod, Key("default", "first"))
        async with asyncio.timeout(WAIT_S):
            while engine.ask("GET", "/containers/json?all=1"):
                await asyncio.sleep(0.1)
        engine.ask("POST", "/networks/prune")
        engine.ask("DELETE", "/images/knarr/pause:1")
        await client.create(pod("second", "exec sleep 600"))
        assert (await until(client, "second", is_ready)).status.pod_ip.startswith("10.214.0.")
