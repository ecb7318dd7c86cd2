"""Opens the runtime that an operator chose, or the best this host has."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from knarr.daemon.clock import Clock
from knarr.daemon.settings import SettingsError
from kubelet.runtime.hollow import HollowRuntime
from kubelet.runtime.process.runtime import ProcessRuntime
from kubelet.runtime.runtime import Runtime

RuntimeKind = Literal["auto", "docker", "process", "hollow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSettings:
    """What runs a node's containers."""

    kind: RuntimeKind = "auto"
    endpoint: str = ""
    """Where Docker answers: unix://PATH; DOCKER_HOST or Docker's own place when empty."""
    sandbox_image: str = ""
    """The image of sandboxes; the project's own when empty."""
    state_dir: Path
    node_name: str
    pod_cidr: str = ""


@asynccontextmanager
async def open_runtime(settings: RuntimeSettings, clock: Clock) -> AsyncIterator[Runtime]:
    """The runtime while the block runs; containers go on after it. Raise SettingsError."""
    kind = settings.kind
    if kind == "auto":
        kind = "process"
    if kind == "docker":
        raise SettingsError("--runtime docker is not there yet")
    runtime: Runtime
    if kind == "hollow":
        runtime = HollowRuntime(clock)
    else:
        processes = ProcessRuntime(settings.state_dir / "pods", clock)
        processes.open()
        runtime = processes
    try:
        yield runtime
    finally:
        await runtime.close()


def docker_host(environment: dict[str, str] | None = None) -> str:
    """Where Docker's own tools look for it."""
    found = (os.environ if environment is None else environment).get("DOCKER_HOST", "")
    return found or "unix:///var/run/docker.sock"
