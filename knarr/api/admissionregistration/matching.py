"""The types of matching in admissionregistration."""

from typing import ClassVar

from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Base64, Int32
from knarr.api.structs import ApiStruct


class MatchCondition(ApiStruct):
    """TODO."""

    expression: str
    """TODO."""
    name: str
    """Name of the object."""


class NamedRuleWithOperations(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    api_groups: tuple[str, ...] = ()
    """TODO."""
    api_versions: tuple[str, ...] = ()
    """TODO."""
    operations: tuple[str, ...] = ()
    """TODO."""
    resource_names: tuple[str, ...] = ()
    """TODO."""
    resources: tuple[str, ...] = ()
    """TODO."""
    scope: str | None = None
    """TODO."""


class MatchResources(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    exclude_resource_rules: tuple[NamedRuleWithOperations, ...] = ()
    """TODO."""
    match_policy: str | None = None
    """TODO."""
    namespace_selector: LabelSelector | None = None
    """TODO."""
    object_selector: LabelSelector | None = None
    """TODO."""
    resource_rules: tuple[NamedRuleWithOperations, ...] = ()
    """TODO."""


class ParamKind(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    api_version: str = ""
    """TODO."""
    kind: str = ""
    """Kind of the object."""


class ParamRef(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    name: str = ""
    """Name of the object."""
    namespace: str = ""
    """Namespace of the object."""
    parameter_not_found_action: str | None = None
    """TODO."""
    selector: LabelSelector | None = None
    """TODO."""


class RuleWithOperations(ApiStruct):
    """TODO."""

    api_groups: tuple[str, ...] = ()
    """TODO."""
    api_versions: tuple[str, ...] = ()
    """TODO."""
    operations: tuple[str, ...] = ()
    """TODO."""
    resources: tuple[str, ...] = ()
    """TODO."""
    scope: str | None = None
    """TODO."""


class ServiceReference(ApiStruct):
    """TODO."""

    name: str
    """Name of the object."""
    namespace: str
    """Namespace of the object."""
    path: str | None = None
    """TODO."""
    port: Int32 | None = None
    """TODO."""


class Variable(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    expression: str
    """TODO."""
    name: str
    """Name of the object."""


class WebhookClientConfig(ApiStruct):
    """TODO."""

    ca_bundle: Base64 = ""
    """TODO."""
    service: ServiceReference | None = None
    """TODO."""
    url: str | None = None
    """TODO."""
