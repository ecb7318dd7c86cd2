"""TODO."""

from collections.abc import Mapping
from typing import ClassVar

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct


class ScopedResourceSelectorRequirement(ApiStruct):
    """TODO."""

    operator: str
    """TODO."""
    scope_name: str
    """TODO."""
    values: tuple[str, ...] = ()
    """TODO."""


class ScopeSelector(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    match_expressions: tuple[ScopedResourceSelectorRequirement, ...] = ()
    """TODO."""


class ResourceQuotaSpec(ApiStruct):
    """TODO."""

    hard: Mapping[str, Quantity] = {}
    """TODO."""
    scope_selector: ScopeSelector | None = None
    """TODO."""
    scopes: tuple[str, ...] = ()
    """TODO."""


class ResourceQuotaStatus(ApiStruct):
    """TODO."""

    hard: Mapping[str, Quantity] = {}
    """TODO."""
    used: Mapping[str, Quantity] = {}
    """TODO."""


class ResourceQuota(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: ResourceQuotaSpec = ResourceQuotaSpec()
    """TODO."""
    status: ResourceQuotaStatus = ResourceQuotaStatus()
    """TODO."""
