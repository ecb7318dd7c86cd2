"""What a node uses."""

from collections.abc import Mapping

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity, Time
from knarr.api.structs import ApiStruct


class NodeMetrics(ApiStruct):
    """What a node used of late."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """The node's name and labels."""
    timestamp: Time = Time("")
    """When the window ended."""
    window: str = ""
    """How long was measured: `15.03s`."""
    usage: Mapping[str, Quantity] = {}
    """How much of each resource was used on average."""
