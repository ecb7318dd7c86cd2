"""The types of priority class in scheduling."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct


class PriorityClass(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    description: str = ""
    """TODO."""
    global_default: bool = False
    """TODO."""
    preemption_policy: str | None = None
    """TODO."""
    value: Int32 = 0
    """TODO."""
