"""The types of csi storage capacity in storage."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct


class CSIStorageCapacity(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    capacity: Quantity | None = None
    """TODO."""
    maximum_volume_size: Quantity | None = None
    """TODO."""
    node_topology: LabelSelector | None = None
    """TODO."""
    storage_class_name: str
    """TODO."""
