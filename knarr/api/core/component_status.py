"""TODO."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct, ListMap, PatchMerge


class ComponentCondition(ApiStruct):
    """TODO."""

    error: str = ""
    """TODO."""
    message: str = ""
    """TODO."""
    type: str
    """TODO."""
    status: str
    """TODO."""


class ComponentStatus(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    conditions: Annotated[tuple[ComponentCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """TODO."""
