"""The types of csi storage capacity in storage."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct


class CSIStorageCapacity(ApiStruct):
    """How much storage a class has left at a place."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    capacity: Quantity | None = None
    """How much is left."""
    maximum_volume_size: Quantity | None = None
    """Largest volume that can be made."""
    node_topology: LabelSelector | None = None
    """Chooses the nodes by their labels."""
    storage_class_name: str
    """The class."""
