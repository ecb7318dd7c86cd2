"""What a pod's containers use."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge


class ContainerMetrics(ApiStruct):
    """What a container used of late."""

    name: str
    """The container's name."""
    usage: Mapping[str, Quantity] = {}
    """How much of each resource was used on average."""


class PodMetrics(ApiStruct):
    """What a pod's containers used of late."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """The pod's name and labels."""
    timestamp: Time = Time("")
    """When the window ended."""
    window: str = ""
    """How long was measured: `15.03s`."""
    containers: Annotated[tuple[ContainerMetrics, ...], ListMap("name"), PatchMerge("name")] = ()
    """Each container that was measured."""
