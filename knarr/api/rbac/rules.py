"""The types of rules in rbac."""

from typing import ClassVar

from knarr.api.meta.selector import LabelSelector
from knarr.api.structs import ApiStruct


class AggregationRule(ApiStruct):
    """TODO."""

    cluster_role_selectors: tuple[LabelSelector, ...] = ()
    """TODO."""


class PolicyRule(ApiStruct):
    """TODO."""

    api_groups: tuple[str, ...] = ()
    """TODO."""
    non_resource_urls: tuple[str, ...] = ()
    """TODO."""
    resource_names: tuple[str, ...] = ()
    """TODO."""
    resources: tuple[str, ...] = ()
    """TODO."""
    verbs: tuple[str, ...]
    """TODO."""


class RoleRef(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    api_group: str = ""
    """Group of the object."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""


class Subject(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    api_group: str = ""
    """Group of the object."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""
    namespace: str = ""
    """Namespace of the object."""
