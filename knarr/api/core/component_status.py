"""The types of component status in core/v1."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct, ListMap, PatchMerge


class ComponentCondition(ApiStruct):
    """How one part of the control plane is."""

    error: str = ""
    """Why its health could not be asked for."""
    message: str = ""
    """What it answered."""
    type: str
    """Always Healthy."""
    status: str
    """True, False or Unknown."""


class ComponentStatus(ApiStruct):
    """The health of a part of the control plane. Kept for old clients only."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    conditions: Annotated[tuple[ComponentCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What was found."""
