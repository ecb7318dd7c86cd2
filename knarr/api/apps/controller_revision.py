"""TODO."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Raw
from knarr.api.structs import ApiStruct


class ControllerRevision(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    data: Raw | None = None
    """TODO."""
    revision: int
    """TODO."""
