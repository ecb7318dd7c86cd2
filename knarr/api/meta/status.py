"""The types of status in meta/v1."""

from knarr.api.meta.object_meta import ListMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct


class StatusCause(ApiStruct):
    """One cause of a refusal."""

    field: str = ""
    """Field that is at fault."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""


class StatusDetails(ApiStruct):
    """What a Status says for programs."""

    causes: tuple[StatusCause, ...] = ()
    """All causes."""
    group: str = ""
    """Group of the resource."""
    kind: str = ""
    """Kind of the object."""
    name: str = ""
    """Name of the object."""
    retry_after_seconds: Int32 = 0
    """Seconds after which to try again."""
    uid: str = ""
    """Uid of the object."""


class Status(ApiStruct):
    """The answer where there is no object to answer with."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ListMeta = ListMeta()
    """Name, namespace, labels and what else every object carries."""
    code: Int32 = 0
    """Status code of HTTP."""
    details: StatusDetails | None = None
    """More for programs."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    status: str = ""
    """What was observed last."""
