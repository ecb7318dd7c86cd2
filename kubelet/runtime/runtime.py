"""What every runtime promises.

A pod is a sandbox (its network and name) and containers in it. The runtime
remembers both by the pod's uid, the container's name and the attempt, across
restarts of the kubelet: `pods` after a restart shows what ran on meanwhile.
Nothing restarts by itself; that is the kubelet's decision.
"""

from collections.abc import AsyncIterator, Mapping, Sequence, Set
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct, field

from knarr.api.core.pod import PodSpec
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.security import PodSecurityContext, SecurityContext

ContainerPhase = Literal["created", "running", "exited"]


class RuntimeFailureError(Exception):
    """The runtime could not do it; `reason` is the word a waiting container shows."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class ImageNotPresentError(RuntimeFailureError):
    """The image is not on this host."""

    def __init__(self, image: str) -> None:
        super().__init__("ErrImageNeverPull", f'Container image "{image}" is not present')
        self.image = image


class PodRef(Struct, frozen=True):
    """Which pod."""

    uid: str
    namespace: str
    name: str


class PortMapping(Struct, frozen=True, kw_only=True):
    """A port of the host that leads to a port of the pod."""

    host_port: int
    container_port: int
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    host_ip: str = ""


class SandboxConfig(Struct, frozen=True, kw_only=True):
    """What a pod's sandbox is made from."""

    pod: PodRef
    attempt: int
    hostname: str
    spec: PodSpec
    """For what concerns the pod as a whole: host namespaces, sysctls, its security context."""
    ip: str = ""
    """The address to take, where the kubelet gives addresses; the runtime chooses when empty."""
    ports: tuple[PortMapping, ...] = ()
    resolv_conf: str = ""
    hosts: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


class Mount(Struct, frozen=True, kw_only=True):
    """A path of the host, seen in the container."""

    host_path: str
    container_path: str
    read_only: bool = False
    propagation: Literal["None", "HostToContainer", "Bidirectional"] = "None"
    optional: bool = False
    """Whether a runtime that cannot mount may start the container without it."""


class ContainerConfig(Struct, frozen=True, kw_only=True):
    """What a container is made from; all references are resolved already."""

    pod: PodRef
    name: str
    attempt: int
    kind: Literal["init", "app", "ephemeral"] = "app"
    image: str
    image_user: str | None = None
    """Who the image's programs run as; None where the runtime is to find out."""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    working_dir: str = ""
    mounts: tuple[Mount, ...] = ()
    spec_hash: str
    """Changes when the container must be replaced."""
    resources: ResourceRequirements
    security: SecurityContext | None = None
    pod_security: PodSecurityContext | None = None
    oom_score_adj: int = 0
    tty: bool = False
    stdin: bool = False
    stdin_once: bool = False
    stop_signal: str = ""
    target: str = ""
    """The container whose processes an ephemeral container sees."""


class Container(Struct, frozen=True, kw_only=True):
    """A container as the runtime sees it."""

    id: str
    name: str
    attempt: int
    phase: ContainerPhase
    image: str
    image_id: str
    spec_hash: str
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int = 0
    signal: int = 0
    reason: str = ""
    """Why it ended, as Kubernetes words it: Completed, Error, OOMKilled, ContainerCannotRun."""
    message: str = ""


class Sandbox(Struct, frozen=True, kw_only=True):
    """A sandbox as the runtime sees it."""

    id: str
    attempt: int
    ready: bool
    ip: str
    created_at: datetime


class Observed(Struct, frozen=True):
    """All there is of one pod on this host."""

    pod: PodRef
    sandbox: Sandbox | None = None
    containers: tuple[Container, ...] = ()
    """Every attempt that is left, oldest first."""


class Image(Struct, frozen=True):
    """An image on this host."""

    id: str
    names: tuple[str, ...]
    size_bytes: int
    user: str = ""
    """Who its programs run as, where that was asked for; empty for root."""


class Usage(Struct, frozen=True):
    """What a container uses at a moment."""

    at: datetime
    cpu_core_nanoseconds: int
    memory_working_set_bytes: int
    memory_rss_bytes: int = 0
    disk_bytes: int = 0


class Credentials(Struct, frozen=True):
    """How to log in to an image registry."""

    server: str
    username: str
    password: str


class LogOptions(Struct, frozen=True, kw_only=True):
    """Which part of a container's output is asked for."""

    follow: bool = False
    since: datetime | None = None
    tail_lines: int | None = None
    limit_bytes: int | None = None
    timestamps: bool = False
    stream: Literal["All", "Stdout", "Stderr"] = "All"


class Session(Protocol):
    """A command run in a container, or the streams of one that runs."""

    async def write(self, data: bytes) -> None:
        """Send to its standard input; wait while it is full."""
        ...

    async def close_stdin(self) -> None:
        """Let it read the end of its input."""
        ...

    async def resize(self, *, columns: int, rows: int) -> None:
        """Tell the terminal's size."""
        ...

    def output(self) -> AsyncIterator[tuple[Literal["stdout", "stderr"], bytes]]:
        """Yield what it prints until it ends."""
        ...

    async def exit_code(self) -> int:
        """Wait for its end."""
        ...

    async def close(self) -> None:
        """Let go; a command started by `exec` is ended."""
        ...


class Connection(Protocol):
    """A stream to a port of a pod."""

    async def read(self) -> bytes:
        """Some bytes, empty at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """Send; wait while the other side is slow."""
        ...

    async def write_eof(self) -> None:
        """Say that nothing more is sent; what the pod still says is read."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


class Runtime(Protocol):
    """Runs the containers of one host."""

    name: str
    """What `status.nodeInfo.containerRuntimeVersion` begins with: docker, process, hollow."""

    is_real: bool
    """False where nothing runs: then nothing is probed and no volume is made."""

    async def version(self) -> str:
        """The version as nodes report it: `docker://20.10.24`."""
        ...

    def use_pod_cidr(self, cidr: str) -> None:
        """The node got its addresses; told once, before any sandbox."""
        ...

    async def pods(self) -> Sequence[Observed]:
        """Everything on this host that belongs to this kubelet."""
        ...

    async def observe(self, uid: str) -> Observed | None:
        """All there is of one pod; None when there is nothing."""
        ...

    def changes(self) -> AsyncIterator[str]:
        """Yield a pod's uid whenever something of it may have changed by itself."""
        ...

    async def start_sandbox(self, config: SandboxConfig) -> Sandbox:
        """Make and start a sandbox. Raise RuntimeFailureError."""
        ...

    async def stop_sandbox(self, uid: str) -> None:
        """Stop the pod's sandbox; its containers are stopped before."""
        ...

    async def remove_pod(self, uid: str) -> None:
        """Remove all that is left of a pod whose containers are stopped."""
        ...

    async def start_container(self, config: ContainerConfig) -> str:
        """Make and start a container in the pod's sandbox; answer its id.

        Raise RuntimeFailureError; a container that could be made and not
        started is left exited, with the reason.
        """
        ...

    async def stop_container(self, container_id: str, *, grace_s: float) -> None:
        """Ask it to end, end it after the grace; return when it is over."""
        ...

    async def remove_container(self, container_id: str) -> None:
        """Forget an exited container."""
        ...

    async def update_resources(self, container_id: str, resources: ResourceRequirements) -> None:
        """Change the limits of a running container."""
        ...

    async def update_pod_resources(self, uid: str, resources: ResourceRequirements) -> None:
        """Change what all containers of a running pod may use together."""
        ...

    async def exec(
        self, container_id: str, command: Sequence[str], *, stdin: bool = False, tty: bool = False
    ) -> Session:
        """Run a command in a running container."""
        ...

    async def attach(self, container_id: str) -> Session:
        """The streams of a running container."""
        ...

    async def connect(self, uid: str, port: int) -> Connection:
        """A connection to a port inside the pod."""
        ...

    def logs(self, container_id: str, options: LogOptions) -> AsyncIterator[bytes]:
        """Yield a container's output in pieces of whole lines; ends when it does."""
        ...

    async def usage(self, container_id: str) -> Usage | None:
        """What it uses; None when that is not known."""
        ...

    def disk_paths(self, container_id: str) -> Sequence[Path]:
        """Where on this host lies what a container wrote into itself, and its log."""
        ...

    def image_folder(self) -> Path | None:
        """A folder on the disk that holds images; None where there are none."""
        ...

    async def image(self, name: str) -> Image | None:
        """The image of that name on this host, or None."""
        ...

    async def images(self) -> Sequence[Image]:
        """All images on this host."""
        ...

    async def pull(self, name: str, credentials: Sequence[Credentials]) -> Image:
        """Get an image. Raise RuntimeFailureError with ErrImagePull and the cause."""
        ...

    async def unpack(self, name: str) -> Path:
        """The files of an image that is on this host. Raise RuntimeFailureError."""
        ...

    async def remove_image(self, image_id: str) -> None:
        """Remove an image that nothing uses."""
        ...

    async def remove_unpacked(self, in_use: Set[str]) -> None:
        """Remove what `unpack` laid out of images other than these, by their ids."""
        ...

    async def close(self) -> None:
        """Let go; what runs goes on."""
        ...
