"""The types of token request in authentication."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Time
from knarr.api.structs import ApiStruct


class BoundObjectReference(ApiStruct):
    """TODO."""

    api_version: str = ""
    """TODO."""
    kind: str = ""
    """Kind of the object."""
    name: str = ""
    """Name of the object."""
    uid: str = ""
    """Uid of the object."""


class TokenRequestSpec(ApiStruct):
    """TODO."""

    audiences: tuple[str, ...] = ()
    """TODO."""
    bound_object_ref: BoundObjectReference | None = None
    """TODO."""
    expiration_seconds: int | None = None
    """TODO."""


class TokenRequestStatus(ApiStruct):
    """TODO."""

    expiration_timestamp: Time | None = None
    """TODO."""
    token: str = ""
    """TODO."""


class TokenRequest(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: TokenRequestSpec = TokenRequestSpec()
    """What is wanted."""
    status: TokenRequestStatus = TokenRequestStatus()
    """What was observed last."""
