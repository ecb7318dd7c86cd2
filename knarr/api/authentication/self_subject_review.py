"""The types of self subject review in authentication."""

from knarr.api.authentication.token_review import UserInfo
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


class SelfSubjectReviewStatus(ApiStruct):
    """Who asks."""

    user_info: UserInfo | None = None
    """The user."""


class SelfSubjectReview(ApiStruct):
    """Asks who one is."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    status: SelfSubjectReviewStatus = SelfSubjectReviewStatus()
    """What was observed last."""
