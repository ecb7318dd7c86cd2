"""Whatever breaks, the node comes to what is wanted: nothing runs twice, nothing is lost."""

import asyncio
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from knarr.api.core.config_map import ConfigMap
from knarr.api.core.pod import PodSpec
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import Clock, SystemClock
from kubelet.runtime.docker.engine import connect
from kubelet.runtime.docker.runtime import DockerRuntime, DockerSettings
from kubelet.runtime.docker.view import View
from kubelet.runtime.runtime import PodRef, SandboxConfig
from tests.component.kubelet.lab import (
    WAIT_S,
    api,
    docker_node,
    events,
    get,
    is_ready,
    made,
    main_pod,
    until,
)
from tests.dockerd import Dockerd

ALWAYS = "{restartPolicy: Always}"
REFUSAL = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n"
    b'Content-Length: 26\r\nConnection: close\r\n\r\n{"message":"out of order"}'
)
NOTHING = b"\r\n\r\n[]\n"
"""The end of an answer that there are no containers."""


@pytest.fixture
async def client() -> AsyncIterator[InProcessClient]:
    async with api() as made_client:
        yield made_client


@pytest.fixture
def engine(dockerd: Dockerd) -> Iterator[Dockerd]:
    yield dockerd
    dockerd.clean()


class Sick(Dockerd):
    """The way to an engine, on which answers are late or bad."""

    def __init__(self, well: Dockerd, folder: Path) -> None:
        super().__init__(folder)
        self._well = well
        self.late_s = 0.0
        self.is_broken = False
        self.held = asyncio.Event()
        """While it is not set, what there is is told only to those who asked before."""
        self.held.set()
        self.is_holding = asyncio.Event()

    @asynccontextmanager
    async def answering(self) -> AsyncIterator["Sick"]:
        server = await asyncio.start_unix_server(self._carry, str(self.socket))
        try:
            yield self
        finally:
            server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            there_in, there_out = await asyncio.open_unix_connection(str(self._well.socket))
            async with asyncio.TaskGroup() as group:
                back = group.create_task(self._answer(there_in, writer))
                await self._ask(reader, writer, there_out)
                back.cancel()
            there_out.close()
        writer.close()

    async def _ask(
        self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, there: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(65536):
            await asyncio.sleep(self.late_s)
            if self.is_broken:
                back.write(REFUSAL)
                await back.drain()
                return
            there.write(data)
            await there.drain()

    async def _answer(self, there: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await there.read(65536):
                if data.endswith(NOTHING) and not self.held.is_set():
                    self.is_holding.set()
                    await self.held.wait()
                back.write(data)
                await back.drain()
            back.close()


def running(engine: Dockerd) -> Counter[str]:
    """How often each container of a pod runs."""
    names = [one["Names"][0].rpartition("_")[0] for one in engine.ask("GET", "/containers/json")]
    return Counter(names)


async def test_an_engine_that_is_slow_and_then_broken_loses_nothing(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    async with Sick(engine, tmp_path).answering() as sick, docker_node(client, sick, tmp_path):
        await client.create(main_pod("before", "sleep 600", spec=ALWAYS))
        first = await until(client, "before", is_ready)
        sick.late_s = 0.3
        await client.create(main_pod("slow", "sleep 600", spec=ALWAYS))
        await until(client, "slow", is_ready, 2 * WAIT_S)
        sick.late_s, sick.is_broken = 0.0, True
        await client.create(main_pod("later", "sleep 600", spec=ALWAYS))
        (failed, *_) = await events(client, "later", "FailedCreatePodSandBox")
        assert "out of order" in failed.message
        sick.is_broken = False
        await until(client, "later", is_ready, 2 * WAIT_S)
        seen = await get(client, "before")
        assert seen.status.container_statuses == first.status.container_statuses
        counts = running(engine)
        assert len(counts) == 6
        assert set(counts.values()) == {1}


async def test_what_starts_while_docker_is_asked_what_there_is_stays_known(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    async with Sick(engine, tmp_path).answering() as sick:
        settings = DockerSettings(
            host=sick.host, node_name="node-0", state_dir=tmp_path, pod_cidr="10.215.0.0/24"
        )
        async with connect(sick.host) as slow, asyncio.timeout(WAIT_S):
            await slow.look_round()
            view = View(slow, settings.kubelet)
            runtime = DockerRuntime(settings, slow, view, SystemClock())
            sick.held.clear()
            async with asyncio.TaskGroup() as group:
                group.create_task(view.load())
                await sick.is_holding.wait()
                ref = PodRef("1-2-3", "default", "early")
                config = SandboxConfig(
                    pod=ref, attempt=0, hostname="early", spec=PodSpec(containers=())
                )
                made_sandbox = await runtime.start_sandbox(config)
                sick.held.set()
            observed = await runtime.observe(ref.uid)
            assert observed is not None, "else it would be made once more"
            assert observed.sandbox == made_sandbox


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A very small one."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


async def test_a_full_disk_holds_pods_up_until_there_is_room(
    client: InProcessClient, engine: Dockerd, disk: Path
) -> None:
    filler = disk / "filler"
    await client.create(made(ConfigMap, "{metadata: {name: c}, data: {k: v}}"))
    volume = "{restartPolicy: Always, volumes: [{name: c, configMap: {name: c}}]}"
    mount = "volumeMounts: [{name: c, mountPath: /c}]"
    async with docker_node(client, engine, disk):
        await client.create(main_pod("early", "sleep 600", mount, volume))
        early = await until(client, "early", is_ready)
        with suppress(OSError):
            filler.write_bytes(b"x" * 1024 * 1024)
        await client.create(main_pod("waits", "sleep 600", mount, volume))
        (failed, *_) = await events(client, "waits", "FailedMount")
        assert "No space left on device" in failed.message
        filler.unlink()
        await until(client, "waits", is_ready)
        seen = await get(client, "early")
        assert seen.status.container_statuses == early.status.container_statuses


class Jumping(Clock):
    """The time of this machine, and what somebody set it to."""

    def __init__(self) -> None:
        self._true = SystemClock()
        self.off = timedelta()

    def now(self) -> datetime:
        return self._true.now() + self.off


async def test_a_clock_that_jumps_restarts_nothing(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    clock = Jumping()
    probe = "livenessProbe: {exec: {command: ['true']}, periodSeconds: 1}"
    async with docker_node(client, engine, tmp_path, clock=clock):
        await client.create(main_pod("steady", "sleep 600", probe, ALWAYS))
        first = await until(client, "steady", is_ready)
        for number, hours in enumerate((30, -60)):
            clock.off += timedelta(hours=hours)
            engine.kill()  # The events are listened to anew, by whatever time it is now.
            engine.start()
            name = f"after-{number}"
            await client.create(main_pod(name, "sleep 600", spec=ALWAYS))
            await until(client, name, is_ready)
        seen = await get(client, "steady")
        assert [one.restart_count for one in seen.status.container_statuses] == [0]
        before = first.status.container_statuses[0].container_id
        assert seen.status.container_statuses[0].container_id == before
        assert set(running(engine).values()) == {1}
