"""The types of resource quota in core/v1."""

from collections.abc import Mapping
from typing import ClassVar

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct


class ScopedResourceSelectorRequirement(ApiStruct):
    """A rule about what a quota counts."""

    operator: str
    """In, NotIn, Exists or DoesNotExist."""
    scope_name: str
    """Scope the rule is about, such as PriorityClass."""
    values: tuple[str, ...] = ()
    """Values of the scope."""


class ScopeSelector(ApiStruct):
    """Rules that all must hold for an object to be counted."""

    map_type: ClassVar[str] = "atomic"
    match_expressions: tuple[ScopedResourceSelectorRequirement, ...] = ()
    """The rules."""


class ResourceQuotaSpec(ApiStruct):
    """What a namespace may use."""

    hard: Mapping[str, Quantity] = {}
    """Most of each resource or kind of object."""
    scope_selector: ScopeSelector | None = None
    """Rules about what is counted."""
    scopes: tuple[str, ...] = ()
    """What is counted: Terminating, NotTerminating, BestEffort, NotBestEffort, PriorityClass and
    others.
    """


class ResourceQuotaStatus(ApiStruct):
    """What a namespace uses."""

    hard: Mapping[str, Quantity] = {}
    """Bounds that are in force."""
    used: Mapping[str, Quantity] = {}
    """What is used of each."""


class ResourceQuota(ApiStruct):
    """Bounds on what a namespace may use in all."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ResourceQuotaSpec = ResourceQuotaSpec()
    """What is wanted."""
    status: ResourceQuotaStatus = ResourceQuotaStatus()
    """What was observed last."""
