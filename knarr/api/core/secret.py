"""The types of secret in core/v1."""

from collections.abc import Mapping

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Base64
from knarr.api.structs import ApiStruct


class Secret(ApiStruct):
    """Passwords, keys and the like, that pods read as variables or files."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    data: Mapping[str, Base64] = {}
    """Values in base64."""
    immutable: bool | None = None
    """True forbids any further change of the values."""
    string_data: Mapping[str, str] = {}
    """Values as plain text; the server moves them into `data`."""
    type: str = ""
    """What is in it, such as Opaque or kubernetes.io/tls. The server fills in Opaque."""
