"""Every runtime keeps the promises of `kubelet.runtime.runtime`."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from knarr.api.core.pod import PodSpec
from knarr.api.core.resources import ResourceRequirements
from knarr.api.scalars import Quantity
from knarr.daemon.clock import SystemClock
from kubelet.runtime.docker.runtime import DockerSettings, docker_runtime
from kubelet.runtime.hollow import HollowRuntime
from kubelet.runtime.process.folder import start_time
from kubelet.runtime.process.runtime import ProcessRuntime
from kubelet.runtime.runtime import (
    Container,
    ContainerConfig,
    LogOptions,
    Mount,
    PodRef,
    Runtime,
    RuntimeFailureError,
    SandboxConfig,
)
from tests.dockerd import Dockerd
from tests.mounts import require_mounts

POD = PodRef("5c1a3cbe-0000-4000-8000-000000000001", "default", "web-0")


class Place:
    """A runtime of one kind, to be opened again and again over the same state."""

    def __init__(self, path: Path, dockerd: Dockerd | None, *, hollow: bool = False) -> None:
        self._path = path
        self._dockerd = dockerd
        self._hollow = hollow
        self.ip = "127.0.0.1" if dockerd is None else "10.213.0.5"

    def require_mounts(self) -> None:
        """Skip the test where processes can have no volumes."""
        if self._dockerd is None and not self._hollow:
            require_mounts()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Runtime]:
        """The runtime while the block runs; what it started goes on."""
        if self._dockerd is not None:
            settings = DockerSettings(
                host=self._dockerd.host,
                node_name="node-0",
                state_dir=self._path,
                pod_cidr="10.213.0.0/24",
            )
            async with docker_runtime(settings, SystemClock()) as runtime:
                yield runtime
            return
        if self._hollow:
            pretending = HollowRuntime(SystemClock())
            yield pretending
            await pretending.close()
            return
        made = ProcessRuntime(self._path / "pods", SystemClock())
        made.open()
        try:
            yield made
        finally:
            await made.close()


@pytest.fixture(params=["process", "docker"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    dockerd: Dockerd | None = None
    if request.param == "docker":
        dockerd = request.getfixturevalue("dockerd")
    yield Place(tmp_path, dockerd, hollow=request.param == "hollow")
    if dockerd is not None:
        dockerd.clean()


@pytest.fixture
async def runtime(place: Place) -> AsyncIterator[Runtime]:
    async with place.open() as made:
        yield made
        for pod in await made.pods():
            await made.stop_sandbox(pod.pod.uid)
            await made.remove_pod(pod.pod.uid)


def sandbox(place: Place, attempt: int = 0) -> SandboxConfig:
    return SandboxConfig(
        pod=POD, attempt=attempt, hostname="web-0", spec=PodSpec(containers=()), ip=place.ip
    )


def container(script: str, *, attempt: int = 0, **more: object) -> ContainerConfig:
    return ContainerConfig(
        pod=POD,
        name="main",
        attempt=attempt,
        image="busybox:1.28",
        command=("/bin/sh", "-c", script),
        spec_hash="a",
        resources=ResourceRequirements(),
        **more,  # type: ignore[arg-type]
    )


async def main_container(runtime: Runtime) -> Container:
    observed = await runtime.observe(POD.uid)
    assert observed is not None
    return observed.containers[-1]


async def ended(runtime: Runtime) -> Container:
    """Wait until the newest container is over."""
    async with asyncio.timeout(10):
        while (one := await main_container(runtime)).phase != "exited":
            async for _ in runtime.changes():
                break
    return one


async def printed(runtime: Runtime, container_id: str, **options: object) -> bytes:
    pieces = [
        piece
        async for piece in runtime.logs(
            container_id,
            LogOptions(**options),  # type: ignore[arg-type]
        )
    ]
    return b"".join(pieces)


EVERY = pytest.mark.parametrize("place", ["process", "docker", "hollow"], indirect=True)
"""Also where nothing runs: these promises are about what is known, not about what happens."""


@EVERY
async def test_shows_what_was_started(runtime: Runtime, place: Place) -> None:
    made = await runtime.start_sandbox(sandbox(place))
    container_id = await runtime.start_container(container("sleep 60"))
    observed = await runtime.observe(POD.uid)
    assert observed is not None
    assert observed.pod == POD
    assert observed.sandbox == made
    assert made.ready
    (one,) = observed.containers
    assert (one.id, one.name, one.attempt, one.phase) == (container_id, "main", 0, "running")


@pytest.mark.parametrize(
    ("script", "code", "reason"),
    [
        pytest.param("exit 0", 0, "Completed", id="success"),
        pytest.param("exit 3", 3, "Error", id="failure keeps its code"),
        pytest.param("sh -c 'kill -9 $$'; exit $?", 137, "Error", id="a signal adds 128"),
    ],
)
async def test_tells_how_it_ended(
    runtime: Runtime, place: Place, script: str, code: int, reason: str
) -> None:
    await runtime.start_sandbox(sandbox(place))
    await runtime.start_container(container(script))
    one = await ended(runtime)
    assert (one.exit_code, one.reason) == (code, reason)
    assert one.finished_at is not None


async def test_a_missing_command_is_a_start_error(runtime: Runtime, place: Place) -> None:
    await runtime.start_sandbox(sandbox(place))
    config = replace(container(""), command=("no-such-program",))
    with suppress(RuntimeFailureError):  # It may be known at once, or only after the start.
        await runtime.start_container(config)
    one = await ended(runtime)
    assert one.reason == "StartError"
    assert "no-such-program" in one.message


@EVERY
async def test_what_was_stopped_is_over_and_can_be_forgotten(
    runtime: Runtime, place: Place
) -> None:
    await runtime.start_sandbox(sandbox(place))
    first = await runtime.start_container(container("sleep 60"))
    await runtime.stop_container(first, grace_s=0)
    one = await main_container(runtime)
    assert (one.phase, one.exit_code) == ("exited", 137)
    assert one.finished_at is not None
    second = await runtime.start_container(container("sleep 60", attempt=1))
    observed = await runtime.observe(POD.uid)
    assert observed is not None
    assert [each.attempt for each in observed.containers] == [0, 1]
    await runtime.remove_container(first)
    assert (await main_container(runtime)).id == second
    await runtime.stop_sandbox(POD.uid)
    observed = await runtime.observe(POD.uid)
    assert observed is not None
    assert observed.sandbox is not None
    assert not observed.sandbox.ready
    assert [each.phase for each in observed.containers] == ["exited"]
    await runtime.remove_pod(POD.uid)
    assert await runtime.observe(POD.uid) is None
    assert await runtime.pods() == []


@EVERY
async def test_a_running_container_has_a_use_and_takes_other_limits(
    runtime: Runtime, place: Place
) -> None:
    await runtime.start_sandbox(sandbox(place))
    container_id = await runtime.start_container(container("sleep 60"))
    limits = ResourceRequirements(limits={"cpu": Quantity("1"), "memory": Quantity("64Mi")})
    await runtime.update_resources(container_id, limits)
    usage = await runtime.usage(container_id)
    assert usage is not None
    assert usage.memory_working_set_bytes > 0
    assert await runtime.image("busybox:1.28") is not None
    assert (await runtime.version()).startswith(f"{runtime.name}://")


async def test_stop_lets_it_finish(runtime: Runtime, place: Place) -> None:
    await runtime.start_sandbox(sandbox(place))
    script = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
    container_id = await runtime.start_container(container(script))
    async for piece in runtime.logs(container_id, LogOptions(follow=True)):
        assert piece == b"ready\n"
        break
    await runtime.stop_container(container_id, grace_s=10)
    one = await main_container(runtime)
    assert (one.phase, one.exit_code) == ("exited", 7)
    assert (await printed(runtime, container_id)).endswith(b"bye\n")


async def test_stop_ends_it_after_the_grace(runtime: Runtime, place: Place) -> None:
    await runtime.start_sandbox(sandbox(place))
    script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    container_id = await runtime.start_container(container(script))
    async for _ in runtime.logs(container_id, LogOptions(follow=True)):
        break
    await runtime.stop_container(container_id, grace_s=0.2)
    one = await main_container(runtime)
    assert (one.phase, one.exit_code) == ("exited", 137)


async def test_attempts_are_told_apart(runtime: Runtime, place: Place) -> None:
    await runtime.start_sandbox(sandbox(place))
    first = await runtime.start_container(container("echo one; exit 1"))
    await ended(runtime)
    second = await runtime.start_container(container("echo two; exit 2", attempt=1))
    await ended(runtime)
    assert await printed(runtime, first) == b"one\n"
    assert await printed(runtime, second) == b"two\n"
    await runtime.remove_container(first)
    assert (await main_container(runtime)).attempt == 1


async def test_logs_can_be_asked_for_in_part(runtime: Runtime, place: Place) -> None:
    await runtime.start_sandbox(sandbox(place))
    script = "for i in 1 2 3 4 5; do echo line $i; done; echo bad >&2"
    container_id = await runtime.start_container(container(script))
    await ended(runtime)
    assert await printed(runtime, container_id, stream="Stderr") == b"bad\n"
    assert await printed(runtime, container_id, stream="Stdout", tail_lines=2) in (
        b"line 5\n",
        b"line 4\nline 5\n",
    )
    assert await printed(runtime, container_id, stream="Stdout", limit_bytes=9) == b"line 1\nli"
    stamped = await printed(runtime, container_id, stream="Stderr", timestamps=True)
    assert stamped.split(b" ")[0].endswith(b"Z")


async def test_exec_answers_output_and_code(runtime: Runtime, place: Place) -> None:
    await runtime.start_sandbox(sandbox(place))
    container_id = await runtime.start_container(container("sleep 60", env=(("COLOUR", "blue"),)))
    async with asyncio.timeout(10):
        while True:
            try:
                session = await runtime.exec(
                    container_id,
                    ["/bin/sh", "-c", "cat; echo $COLOUR; echo no >&2; exit 4"],
                    stdin=True,
                )
                break
            except RuntimeFailureError:
                await asyncio.sleep(0.01)
    await session.write(b"hello ")
    await session.close_stdin()
    seen = {"stdout": b"", "stderr": b""}
    async for stream, data in session.output():
        seen[stream] += data
    assert seen == {"stdout": b"hello blue\n", "stderr": b"no\n"}
    assert await session.exit_code() == 4
    await session.close()


async def test_attach_is_to_the_streams_of_the_container(runtime: Runtime, place: Place) -> None:
    await runtime.start_sandbox(sandbox(place))
    script = "while read word; do echo got $word; done; echo over; exit 5"
    config = container(script, stdin=True, stdin_once=True)
    container_id = await runtime.start_container(config)
    async with asyncio.timeout(10):
        session = await runtime.attach(container_id)
        await session.write(b"one\n")
        await session.write(b"two\n")
        seen = b""
        async for _, data in session.output():
            seen += data
            if seen == b"got one\ngot two\n":
                await session.close_stdin()
        assert seen == b"got one\ngot two\nover\n"
        assert await session.exit_code() == 5
        await session.close()
    assert await printed(runtime, container_id) == seen


async def test_a_container_may_have_a_terminal(runtime: Runtime, place: Place) -> None:
    await runtime.start_sandbox(sandbox(place))
    script = "read word; tty; stty size; echo got $word >&2; exit 5"
    container_id = await runtime.start_container(container(script, tty=True, stdin=True))
    async with asyncio.timeout(30):
        session = await runtime.attach(container_id)
        await session.resize(columns=101, rows=33)
        await session.write(b"one\n")
        seen = b"".join([data async for _, data in session.output()])
        assert await session.exit_code() == 5
        await session.close()
    shown = seen.decode().splitlines()
    assert shown[0] == "one", "what is typed is shown"
    assert shown[1].startswith("/dev/")
    assert shown[2:] == ["33 101", "got one"]
    one = await ended(runtime)
    assert (one.exit_code, one.reason) == (5, "Error")
    assert "got one" in (await printed(runtime, container_id)).decode()


async def test_mounts_are_seen(runtime: Runtime, place: Place, tmp_path: Path) -> None:
    place.require_mounts()
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume" / "greeting").write_text("hello\n")
    await runtime.start_sandbox(sandbox(place))
    mount = Mount(
        host_path=str(tmp_path / "volume"), container_path="/srv/knarr/data", read_only=True
    )
    script = "cat /srv/knarr/data/greeting; echo x >/srv/knarr/data/y || echo refused"
    container_id = await runtime.start_container(container(script, mounts=(mount,)))
    await ended(runtime)
    shown = await printed(runtime, container_id, stream="Stdout")
    assert shown == b"hello\nrefused\n"


async def test_what_runs_survives_the_kubelet(place: Place, tmp_path: Path) -> None:
    place.require_mounts()
    (tmp_path / "volume").mkdir()
    mount = Mount(host_path=str(tmp_path / "volume"), container_path="/srv/knarr")
    script = "echo one; while [ ! -e /srv/knarr/go ]; do sleep 0.05; done; echo two"
    async with place.open() as first:
        await first.start_sandbox(sandbox(place))
        container_id = await first.start_container(container(script, mounts=(mount,)))
        async for _ in first.logs(container_id, LogOptions(follow=True)):
            break
    async with place.open() as second:
        (before,) = (await second.pods())[0].containers
        assert (before.id, before.phase) == (container_id, "running")
        (tmp_path / "volume" / "go").touch()
        one = await ended(second)
        assert one.exit_code == 0
        assert await printed(second, container_id) == b"one\ntwo\n"
        await second.stop_sandbox(POD.uid)
        await second.remove_pod(POD.uid)
        assert await second.pods() == []


async def test_a_port_of_the_pod_can_be_reached(runtime: Runtime, place: Place) -> None:
    await runtime.start_sandbox(sandbox(place))
    script = f"import socket; s = socket.create_server(('{place.ip}', 18080)); s.accept()"
    listen = "echo hello | busybox nc -l -p 18080"
    python = f"python3 -c \"{script}[0].sendall(b'hello\\n')\""
    await runtime.start_container(container(f"{listen} 2>/dev/null || {python}"))
    async with asyncio.timeout(10):
        while True:
            try:
                connection = await runtime.connect(POD.uid, 18080)
                break
            except OSError:
                await asyncio.sleep(0.05)
    assert await connection.read() == b"hello\n"
    await connection.close()


async def test_a_second_stop_may_be_less_patient(runtime: Runtime, place: Place) -> None:
    await runtime.start_sandbox(sandbox(place))
    script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    container_id = await runtime.start_container(container(script))
    async for _ in runtime.logs(container_id, LogOptions(follow=True)):
        break
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(runtime.stop_container(container_id, grace_s=600))
        await asyncio.sleep(0.1)
        group.create_task(runtime.stop_container(container_id, grace_s=0))
    assert (await main_container(runtime)).exit_code == 137


@pytest.mark.parametrize("place", ["process"], indirect=True)
async def test_nothing_is_left_of_a_killed_container(runtime: Runtime, place: Place) -> None:
    await runtime.start_sandbox(sandbox(place))
    container_id = await runtime.start_container(container("sleep 61 & echo $!; sleep 62"))
    async for piece in runtime.logs(container_id, LogOptions(follow=True)):
        child = int(piece)
        break
    await runtime.stop_container(container_id, grace_s=0)
    assert start_time(child) == "", "it is gone, or a zombie that nobody has reaped yet"
