"""The types of csi node in storage."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct, ListMap, PatchMerge


class VolumeNodeResources(ApiStruct):
    """How many volumes a node takes."""

    count: Int32 | None = None
    """The number."""


class CSINodeDriver(ApiStruct):
    """A driver on a node."""

    allocatable: VolumeNodeResources | None = None
    """How many volumes the node takes."""
    name: str
    """Name of the object."""
    node_id: str
    """Id of the node at the driver."""
    topology_keys: tuple[str, ...] = ()
    """Node labels that say from where volumes can be reached."""


class CSINodeSpec(ApiStruct):
    """The drivers on a node."""

    drivers: Annotated[tuple[CSINodeDriver, ...], ListMap("name"), PatchMerge("name")]
    """The drivers."""


class CSINode(ApiStruct):
    """The storage drivers on a node."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: CSINodeSpec
    """What is wanted."""
