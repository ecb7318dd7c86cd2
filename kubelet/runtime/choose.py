"""Opens the runtime that an operator chose, or the best this host has."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

from msgspec import Struct

from knarr.daemon.clock import Clock
from knarr.daemon.settings import SettingsError
from kubelet.runtime.docker.engine import EngineError, connect
from kubelet.runtime.docker.runtime import DockerSettings, docker_runtime
from kubelet.runtime.hollow import HollowRuntime
from kubelet.runtime.process.network import Bridge, PodNetworks
from kubelet.runtime.process.runtime import ProcessRuntime
from kubelet.runtime.runtime import Runtime

RuntimeKind = Literal["auto", "docker", "process", "hollow"]


class RuntimeSettings(Struct, frozen=True, kw_only=True):
    """What runs a node's containers."""

    kind: RuntimeKind = "auto"
    endpoint: str = ""
    """Where Docker answers: unix://PATH; DOCKER_HOST or Docker's own place when empty."""
    sandbox_image: str = ""
    """The image of sandboxes; the project's own when empty."""
    state_dir: Path
    node_name: str
    pod_cidr: str = ""
    pids_max: int = 0
    """Most processes a container may have at a time; 0 for no limit."""
    bridge: Bridge | None = None
    """What pods of the process runtime are behind; without one they share the machine's network."""


@asynccontextmanager
async def open_runtime(settings: RuntimeSettings, clock: Clock) -> AsyncIterator[Runtime]:
    """The runtime while the block runs; containers go on after it. Raise SettingsError."""
    kind = settings.kind
    if kind == "auto":
        kind = "docker" if await is_docker_there(settings.endpoint) else "process"
    if kind == "docker":
        async with _docker(settings, clock) as runtime:
            yield runtime
        return
    if kind == "hollow":
        made: Runtime = HollowRuntime(clock)
    else:
        networks = PodNetworks(settings.bridge) if settings.bridge is not None else None
        processes = ProcessRuntime(settings.state_dir / "pods", clock, networks)
        processes.open()
        made = processes
    try:
        yield made
    finally:
        await made.close()


async def is_docker_there(endpoint: str = "") -> bool:
    """Whether a Docker answers that we can use."""
    try:
        async with connect(endpoint or docker_host()):
            return True
    except EngineError:
        return False


@asynccontextmanager
async def _docker(settings: RuntimeSettings, clock: Clock) -> AsyncIterator[Runtime]:
    wanted = DockerSettings(
        host=settings.endpoint or docker_host(),
        node_name=settings.node_name,
        state_dir=settings.state_dir,
        pod_cidr=settings.pod_cidr,
        sandbox_image=settings.sandbox_image,
        pids_max=settings.pids_max,
    )
    async with AsyncExitStack() as stack:
        try:
            runtime = await stack.enter_async_context(docker_runtime(wanted, clock))
        except EngineError as error:
            raise SettingsError(error.message) from None
        yield runtime


def docker_host(environment: dict[str, str] | None = None) -> str:
    """Where Docker's own tools look for it."""
    found = (os.environ if environment is None else environment).get("DOCKER_HOST", "")
    return found or "unix:///var/run/docker.sock"
