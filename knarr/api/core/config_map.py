"""The types of config map in core/v1."""

from collections.abc import Mapping

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Base64
from knarr.api.structs import ApiStruct


class ConfigMap(ApiStruct):
    """Settings that pods read as variables, arguments or files."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    binary_data: Mapping[str, Base64] = {}
    """Values that are no text, in base64. Keys are those of `data` with no key in both."""
    data: Mapping[str, str] = {}
    """Values that are text. Keys may have letters, digits, dashes, dots and underscores."""
    immutable: bool | None = None
    """True forbids any further change of the values; then nobody needs to watch them."""
