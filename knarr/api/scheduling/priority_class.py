"""The types of priority class in scheduling."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct


class PriorityClass(ApiStruct):
    """How important pods are."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    description: str = ""
    """What it is for."""
    global_default: bool = False
    """Whether it holds for pods that name none."""
    preemption_policy: str | None = None
    """PreemptLowerPriority or Never. The server fills in PreemptLowerPriority."""
    value: Int32 = 0
    """The larger, the more important."""
