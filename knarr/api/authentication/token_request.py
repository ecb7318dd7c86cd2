"""The types of token request in authentication."""

from msgspec import field

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Time
from knarr.api.structs import ApiStruct


class BoundObjectReference(ApiStruct):
    """An object with which a token ends."""

    api_version: str = ""
    """Group and version of the object."""
    kind: str = ""
    """Kind of the object."""
    name: str = ""
    """Name of the object."""
    uid: str = ""
    """Uid of the object."""


def _nothing() -> None:
    return None


class TokenRequestSpec(ApiStruct):
    """What token is asked for."""

    audiences: tuple[str, ...] = ()
    """Who shall believe it; the API server when empty."""
    bound_object_ref: BoundObjectReference | None = field(default_factory=_nothing)
    """Object with which it ends; written even where there is none."""
    expiration_seconds: int | None = None
    """Seconds it is good for."""


class TokenRequestStatus(ApiStruct):
    """The token."""

    expiration_timestamp: Time | None = None
    """Moment it ends."""
    token: str = ""
    """The token itself."""


class TokenRequest(ApiStruct):
    """Asks for a token of a service account."""

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
