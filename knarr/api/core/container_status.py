"""TODO."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.resources import ResourceRequirements, ResourceStatus
from knarr.api.scalars import Int32, Quantity, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class ContainerStateRunning(ApiStruct):
    """TODO."""

    started_at: Time | None = written(default=None)
    """TODO."""


class ContainerStateTerminated(ApiStruct):
    """TODO."""

    container_id: str = ""
    """TODO."""
    exit_code: Int32
    """TODO."""
    finished_at: Time | None = written(default=None)
    """TODO."""
    message: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""
    signal: Int32 = 0
    """TODO."""
    started_at: Time | None = written(default=None)
    """TODO."""


class ContainerStateWaiting(ApiStruct):
    """TODO."""

    message: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""


class ContainerState(ApiStruct):
    """TODO."""

    running: ContainerStateRunning | None = None
    """TODO."""
    terminated: ContainerStateTerminated | None = None
    """TODO."""
    waiting: ContainerStateWaiting | None = None
    """TODO."""


class LinuxContainerUser(ApiStruct):
    """TODO."""

    gid: int
    """TODO."""
    supplemental_groups: tuple[int, ...] = ()
    """TODO."""
    uid: int
    """TODO."""


class ContainerUser(ApiStruct):
    """TODO."""

    linux: LinuxContainerUser | None = None
    """TODO."""


class ImageVolumeStatus(ApiStruct):
    """TODO."""

    image_ref: str
    """TODO."""


class VolumeStatus(ApiStruct):
    """TODO."""

    image: ImageVolumeStatus | None = None
    """TODO."""


class VolumeMountStatus(ApiStruct):
    """TODO."""

    mount_path: str
    """TODO."""
    name: str
    """TODO."""
    read_only: bool = False
    """TODO."""
    recursive_read_only: str | None = None
    """TODO."""
    volume_status: VolumeStatus | None = None
    """TODO."""


class ContainerStatus(ApiStruct):
    """TODO."""

    allocated_resources: Mapping[str, Quantity] = {}
    """TODO."""
    allocated_resources_status: Annotated[
        tuple[ResourceStatus, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """TODO."""
    container_id: str = ""
    """TODO."""
    image: str
    """TODO."""
    image_id: str
    """TODO."""
    last_state: ContainerState = ContainerState()
    """TODO."""
    name: str
    """TODO."""
    ready: bool
    """TODO."""
    resources: ResourceRequirements | None = None
    """TODO."""
    restart_count: Int32
    """TODO."""
    started: bool | None = None
    """TODO."""
    state: ContainerState = ContainerState()
    """TODO."""
    stop_signal: str | None = None
    """TODO."""
    user: ContainerUser | None = None
    """TODO."""
    volume_mounts: Annotated[
        tuple[VolumeMountStatus, ...], ListMap("mountPath"), PatchMerge("mountPath")
    ] = ()
    """TODO."""
