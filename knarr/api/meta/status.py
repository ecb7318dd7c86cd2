"""TODO."""

from knarr.api.meta.object_meta import ListMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct


class StatusCause(ApiStruct):
    """TODO."""

    field: str = ""
    """TODO."""
    message: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""


class StatusDetails(ApiStruct):
    """TODO."""

    causes: tuple[StatusCause, ...] = ()
    """TODO."""
    group: str = ""
    """TODO."""
    kind: str = ""
    """TODO."""
    name: str = ""
    """TODO."""
    retry_after_seconds: Int32 = 0
    """TODO."""
    uid: str = ""
    """TODO."""


class Status(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ListMeta = ListMeta()
    """TODO."""
    code: Int32 = 0
    """TODO."""
    details: StatusDetails | None = None
    """TODO."""
    message: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""
    status: str = ""
    """TODO."""
