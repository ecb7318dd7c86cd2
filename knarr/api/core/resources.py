"""TODO."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct, ListMap


class ContainerResizePolicy(ApiStruct):
    """TODO."""

    resource_name: str
    """TODO."""
    restart_policy: str
    """TODO."""


class ResourceClaim(ApiStruct):
    """TODO."""

    name: str
    """TODO."""
    request: str = ""
    """TODO."""


class ResourceHealth(ApiStruct):
    """TODO."""

    health: str = ""
    """TODO."""
    message: str = ""
    """TODO."""
    resource_id: str
    """TODO."""


class ResourceRequirements(ApiStruct):
    """TODO."""

    claims: Annotated[tuple[ResourceClaim, ...], ListMap("name")] = ()
    """TODO."""
    limits: Mapping[str, Quantity] = {}
    """TODO."""
    requests: Mapping[str, Quantity] = {}
    """TODO."""


class ResourceStatus(ApiStruct):
    """TODO."""

    name: str
    """TODO."""
    resources: Annotated[tuple[ResourceHealth, ...], ListMap("resourceID")] = ()
    """TODO."""


class VolumeResourceRequirements(ApiStruct):
    """TODO."""

    limits: Mapping[str, Quantity] = {}
    """TODO."""
    requests: Mapping[str, Quantity] = {}
    """TODO."""
