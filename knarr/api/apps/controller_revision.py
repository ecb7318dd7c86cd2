"""The types of controller revision in apps."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Raw
from knarr.api.structs import ApiStruct


class ControllerRevision(ApiStruct):
    """An earlier state of an object's spec, kept for going back."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    data: Raw | None = None
    """The state."""
    revision: int
    """Number of the revision; it grows."""
