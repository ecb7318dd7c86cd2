"""The types of rules in rbac."""

from typing import ClassVar

from knarr.api.meta.selector import LabelSelector
from knarr.api.structs import ApiStruct


class AggregationRule(ApiStruct):
    """Roles whose rules another one takes over."""

    cluster_role_selectors: tuple[LabelSelector, ...] = ()
    """Choose the roles by their labels."""


class PolicyRule(ApiStruct):
    """Requests that are allowed."""

    api_groups: tuple[str, ...] = ()
    """Groups of the resources; * for all."""
    non_resource_urls: tuple[str, ...] = ()
    """Paths of what is no resource; a * at the end stands for anything."""
    resource_names: tuple[str, ...] = ()
    """Names of the objects; all when empty."""
    resources: tuple[str, ...] = ()
    """Resources, with subresources as pods/log; * for all."""
    verbs: tuple[str, ...]
    """Verbs; * for all."""


class RoleRef(ApiStruct):
    """The role that a binding gives."""

    map_type: ClassVar[str] = "atomic"
    api_group: str = ""
    """Group of the object."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""


class Subject(ApiStruct):
    """Who is given rights."""

    map_type: ClassVar[str] = "atomic"
    api_group: str = ""
    """Group of the object."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""
    namespace: str = ""
    """Namespace of the object."""
