"""The types of csi node in storage."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct, ListMap, PatchMerge


class VolumeNodeResources(ApiStruct):
    """TODO."""

    count: Int32 | None = None
    """TODO."""


class CSINodeDriver(ApiStruct):
    """TODO."""

    allocatable: VolumeNodeResources | None = None
    """TODO."""
    name: str
    """Name of the object."""
    node_id: str
    """TODO."""
    topology_keys: tuple[str, ...] = ()
    """TODO."""


class CSINodeSpec(ApiStruct):
    """TODO."""

    drivers: Annotated[tuple[CSINodeDriver, ...], ListMap("name"), PatchMerge("name")]
    """TODO."""


class CSINode(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: CSINodeSpec
    """What is wanted."""
