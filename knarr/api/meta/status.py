"""The types of status in meta/v1."""

from knarr.api.meta.object_meta import ListMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct


class StatusCause(ApiStruct):
    """TODO."""

    field: str = ""
    """TODO."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""


class StatusDetails(ApiStruct):
    """TODO."""

    causes: tuple[StatusCause, ...] = ()
    """TODO."""
    group: str = ""
    """TODO."""
    kind: str = ""
    """Kind of the object."""
    name: str = ""
    """Name of the object."""
    retry_after_seconds: Int32 = 0
    """TODO."""
    uid: str = ""
    """Uid of the object."""


class Status(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ListMeta = ListMeta()
    """Name, namespace, labels and what else every object carries."""
    code: Int32 = 0
    """TODO."""
    details: StatusDetails | None = None
    """TODO."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    status: str = ""
    """What was observed last."""
