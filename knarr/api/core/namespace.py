"""TODO."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class NamespaceSpec(ApiStruct):
    """TODO."""

    finalizers: tuple[str, ...] = ()
    """TODO."""


class NamespaceCondition(ApiStruct):
    """TODO."""

    last_transition_time: Time | None = written(default=None)
    """TODO."""
    message: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""
    type: str
    """TODO."""
    status: str
    """TODO."""


class NamespaceStatus(ApiStruct):
    """TODO."""

    conditions: Annotated[tuple[NamespaceCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """TODO."""
    phase: str = ""
    """TODO."""


class Namespace(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: NamespaceSpec = NamespaceSpec()
    """TODO."""
    status: NamespaceStatus = NamespaceStatus()
    """TODO."""
