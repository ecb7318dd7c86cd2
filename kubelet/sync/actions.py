"""What the kubelet decided to do for one pod."""

from typing import Literal

from msgspec import Struct

from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.container import EphemeralContainer

ContainerKind = Literal["init", "app", "ephemeral"]


class Stop(Struct, frozen=True):
    """End a running container."""

    container_id: str
    name: str
    grace_s: float
    message: str
    """What the Killing event says."""
    is_change: bool = False
    """It did nothing wrong: another one takes its place at once."""


class Start(Struct, frozen=True):
    """Start a container, for the first time or again."""

    container: ContainerSpec | EphemeralContainer
    kind: ContainerKind
    attempt: int
    """0 for the first start; what `restartCount` will say."""
    is_change: bool = False
    """It takes the place of one that was stopped for a change, not of one that failed."""


class Actions(Struct, frozen=True):
    """Done in the order of the fields; what stands in one field is done side by side."""

    stop: tuple[Stop, ...] = ()
    stop_sandbox: bool = False
    """After `stop`: all containers are over and the sandbox goes too."""
    start_sandbox: int | None = None
    """The attempt of a sandbox to make, None when there is a good one or none is wanted."""
    remove: tuple[str, ...] = ()
    """Ids of exited containers that nobody asks for any more."""
    start: tuple[Start, ...] = ()
    again_after_s: float | None = None
    """Look again then even if nothing changes."""
    backing_off: tuple[tuple[str, float], ...] = ()
    """Containers that wait before their next start, each with its present delay."""
