"""TODO."""

from collections.abc import Mapping

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Base64
from knarr.api.structs import ApiStruct


class Secret(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    data: Mapping[str, Base64] = {}
    """TODO."""
    immutable: bool | None = None
    """TODO."""
    string_data: Mapping[str, str] = {}
    """TODO."""
    type: str = ""
    """TODO."""
