"""The types of container status in core/v1."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.resources import ResourceRequirements, ResourceStatus
from knarr.api.scalars import Int32, Quantity, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class ContainerStateRunning(ApiStruct):
    """A container that runs."""

    started_at: Time | None = written(default=None)
    """Moment it was started."""


class ContainerStateTerminated(ApiStruct):
    """A container that ended."""

    container_id: str = ""
    """Id of the ended container."""
    exit_code: Int32
    """Exit code of its main process."""
    finished_at: Time | None = written(default=None)
    """Moment it ended."""
    message: str = ""
    """What it left as its last words."""
    reason: str = ""
    """Why it ended, in one word: Completed, Error, OOMKilled and others."""
    signal: Int32 = 0
    """Signal that ended it, 0 for none."""
    started_at: Time | None = written(default=None)
    """Moment it was started."""


class ContainerStateWaiting(ApiStruct):
    """A container that does not run yet, or not again."""

    message: str = ""
    """What it waits for, in words."""
    reason: str = ""
    """What it waits for, in one word: ContainerCreating, CrashLoopBackOff and others."""


class ContainerState(ApiStruct):
    """What a container does: exactly one of the three is set."""

    running: ContainerStateRunning | None = None
    """Set while it runs."""
    terminated: ContainerStateTerminated | None = None
    """Set when it ended."""
    waiting: ContainerStateWaiting | None = None
    """Set while it waits."""


class LinuxContainerUser(ApiStruct):
    """The user a container runs as."""

    gid: int
    """Number of the group."""
    supplemental_groups: tuple[int, ...] = ()
    """Numbers of the further groups."""
    uid: int
    """Number of the user."""


class ContainerUser(ApiStruct):
    """The user a container runs as."""

    linux: LinuxContainerUser | None = None
    """The user, on Linux."""


class ImageVolumeStatus(ApiStruct):
    """What a volume made from an image shows."""

    image_ref: str
    """Digest of the image."""


class VolumeStatus(ApiStruct):
    """What is known of a mounted volume."""

    image: ImageVolumeStatus | None = None
    """Set for a volume made from an image."""


class VolumeMountStatus(ApiStruct):
    """A volume as a container sees it."""

    mount_path: str
    """Where in the container it is."""
    name: str
    """Name of the object."""
    read_only: bool = False
    """Whether it cannot be written to."""
    recursive_read_only: str | None = None
    """Whether that holds for mounts below it too: Enabled or Disabled."""
    volume_status: VolumeStatus | None = None
    """More about the volume."""


class ContainerStatus(ApiStruct):
    """How one container of a pod is."""

    allocated_resources: Mapping[str, Quantity] = {}
    """Resources the node has set aside for it."""
    allocated_resources_status: Annotated[
        tuple[ResourceStatus, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """State of the devices among them."""
    container_id: str = ""
    """Id at the runtime, as RUNTIME://ID."""
    image: str
    """Image it runs, as the runtime names it."""
    image_id: str
    """Digest of the image."""
    last_state: ContainerState = ContainerState()
    """How the attempt before this one ended."""
    name: str
    """Name of the object."""
    ready: bool
    """Whether it passes its readiness probe."""
    resources: ResourceRequirements | None = None
    """Resources it has at present."""
    restart_count: Int32
    """How often it was started again."""
    started: bool | None = None
    """Whether it is past its startup probe and its postStart hook."""
    state: ContainerState = ContainerState()
    """What it does now."""
    stop_signal: str | None = None
    """Signal it is asked to end with."""
    user: ContainerUser | None = None
    """User its first process runs as."""
    volume_mounts: Annotated[
        tuple[VolumeMountStatus, ...], ListMap("mountPath"), PatchMerge("mountPath")
    ] = ()
    """Volumes it sees."""
