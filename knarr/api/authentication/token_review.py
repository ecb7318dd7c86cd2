"""The types of token review in authentication."""

from collections.abc import Mapping

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


class TokenReviewSpec(ApiStruct):
    """TODO."""

    audiences: tuple[str, ...] = ()
    """TODO."""
    token: str
    """TODO."""


class UserInfo(ApiStruct):
    """TODO."""

    extra: Mapping[str, tuple[str, ...]] = {}
    """TODO."""
    groups: tuple[str, ...] = ()
    """TODO."""
    uid: str = ""
    """Uid of the object."""
    username: str = ""
    """TODO."""


class TokenReviewStatus(ApiStruct):
    """TODO."""

    audiences: tuple[str, ...] = ()
    """TODO."""
    authenticated: bool = False
    """TODO."""
    error: str = ""
    """TODO."""
    user: UserInfo | None = None
    """TODO."""


class TokenReview(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: TokenReviewSpec
    """What is wanted."""
    status: TokenReviewStatus = TokenReviewStatus()
    """What was observed last."""
