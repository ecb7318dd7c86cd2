"""The types of watch event in meta/v1."""

from knarr.api.scalars import Raw
from knarr.api.structs import ApiStruct


class WatchEvent(ApiStruct):
    """TODO."""

    object: Raw
    """TODO."""
    type: str
    """TODO."""
