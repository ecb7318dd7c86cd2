"""TODO."""

from collections.abc import Mapping

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Base64
from knarr.api.structs import ApiStruct


class ConfigMap(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    binary_data: Mapping[str, Base64] = {}
    """TODO."""
    data: Mapping[str, str] = {}
    """TODO."""
    immutable: bool | None = None
    """TODO."""
