"""The types of resources in core/v1."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct, ListMap


class ContainerResizePolicy(ApiStruct):
    """What a change of a resource in place needs."""

    resource_name: str
    """cpu or memory."""
    restart_policy: str
    """NotRequired or RestartContainer."""


class ResourceClaim(ApiStruct):
    """A claim of the pod that a container uses."""

    name: str
    """Name of the claim within the pod."""
    request: str = ""
    """One request of the claim; all of them when empty."""


class ResourceHealth(ApiStruct):
    """Health of a device."""

    health: str = ""
    """Healthy, Unhealthy or Unknown."""
    message: str = ""
    """More about it, for people."""
    resource_id: str
    """Id of the device."""


class ResourceRequirements(ApiStruct):
    """What is asked for and what may be used."""

    claims: Annotated[tuple[ResourceClaim, ...], ListMap("name")] = ()
    """Claims of the pod that the container uses."""
    limits: Mapping[str, Quantity] = {}
    """Most it may use of each resource."""
    requests: Mapping[str, Quantity] = {}
    """What is set aside for it of each resource; its limits when absent."""


class ResourceStatus(ApiStruct):
    """Health of the devices of one resource."""

    name: str
    """Name of the resource."""
    resources: Annotated[tuple[ResourceHealth, ...], ListMap("resourceID")] = ()
    """The devices."""


class VolumeResourceRequirements(ApiStruct):
    """How much storage is asked for."""

    limits: Mapping[str, Quantity] = {}
    """Most storage."""
    requests: Mapping[str, Quantity] = {}
    """Least storage."""
