"""The types of watch event in meta/v1."""

from knarr.api.scalars import Raw
from knarr.api.structs import ApiStruct


class WatchEvent(ApiStruct):
    """One event of a watch."""

    object: Raw
    """The object, or a Status for ERROR."""
    type: str
    """ADDED, MODIFIED, DELETED, BOOKMARK or ERROR."""
