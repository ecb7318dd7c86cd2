"""The types of token review in authentication."""

from collections.abc import Mapping

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


class TokenReviewSpec(ApiStruct):
    """What token is looked at."""

    audiences: tuple[str, ...] = ()
    """Who wants to believe it; the API server when empty."""
    token: str
    """The token itself."""


class UserInfo(ApiStruct):
    """A user."""

    extra: Mapping[str, tuple[str, ...]] = {}
    """What else is known of the user."""
    groups: tuple[str, ...] = ()
    """Groups of the user."""
    uid: str = ""
    """Uid of the object."""
    username: str = ""
    """Name of the user."""


class TokenReviewStatus(ApiStruct):
    """Whose token it is."""

    audiences: tuple[str, ...] = ()
    """Which of those asked for may believe it."""
    authenticated: bool = False
    """Whether it is good."""
    error: str = ""
    """Why it could not be checked."""
    user: UserInfo | None = None
    """Whose it is."""


class TokenReview(ApiStruct):
    """Asks whose token it is."""

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
