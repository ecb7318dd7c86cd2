"""The types of matching in admissionregistration."""

from typing import ClassVar

from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Base64, Int32
from knarr.api.structs import ApiStruct


class MatchCondition(ApiStruct):
    """A CEL expression that must be true for a request to be looked at."""

    expression: str
    """The expression, over `object`, `oldObject`, `request` and `authorizer`."""
    name: str
    """Name of the object."""


class NamedRuleWithOperations(ApiStruct):
    """Requests that are meant, down to the names of objects."""

    map_type: ClassVar[str] = "atomic"
    api_groups: tuple[str, ...] = ()
    """Groups of the resources; * for all."""
    api_versions: tuple[str, ...] = ()
    """Versions of the resources; * for all."""
    operations: tuple[str, ...] = ()
    """CREATE, UPDATE, DELETE, CONNECT or * for all."""
    resource_names: tuple[str, ...] = ()
    """Names of the objects; all when empty."""
    resources: tuple[str, ...] = ()
    """Resources, with subresources as pods/status; * for all."""
    scope: str | None = None
    """Cluster, Namespaced or * for both."""


class MatchResources(ApiStruct):
    """Requests that are looked at."""

    map_type: ClassVar[str] = "atomic"
    exclude_resource_rules: tuple[NamedRuleWithOperations, ...] = ()
    """Requests that are left out all the same."""
    match_policy: str | None = None
    """Exact, or Equivalent to see other versions of the same resource too."""
    namespace_selector: LabelSelector | None = None
    """Chooses namespaces by their labels."""
    object_selector: LabelSelector | None = None
    """Chooses objects by their labels."""
    resource_rules: tuple[NamedRuleWithOperations, ...] = ()
    """Requests that are meant."""


class ParamKind(ApiStruct):
    """Kind of the objects that hold a policy's parameters."""

    map_type: ClassVar[str] = "atomic"
    api_version: str = ""
    """Group and version of the kind."""
    kind: str = ""
    """Kind of the object."""


class ParamRef(ApiStruct):
    """Which object holds the parameters."""

    map_type: ClassVar[str] = "atomic"
    name: str = ""
    """Name of the object."""
    namespace: str = ""
    """Namespace of the object."""
    parameter_not_found_action: str | None = None
    """Allow or Deny when there is none."""
    selector: LabelSelector | None = None
    """Chooses the objects by their labels."""


class RuleWithOperations(ApiStruct):
    """Requests that are meant."""

    api_groups: tuple[str, ...] = ()
    """Groups of the resources; * for all."""
    api_versions: tuple[str, ...] = ()
    """Versions of the resources; * for all."""
    operations: tuple[str, ...] = ()
    """CREATE, UPDATE, DELETE, CONNECT or * for all."""
    resources: tuple[str, ...] = ()
    """Resources, with subresources as pods/status; * for all."""
    scope: str | None = None
    """Cluster, Namespaced or * for both."""


class ServiceReference(ApiStruct):
    """A Service that is asked."""

    name: str
    """Name of the object."""
    namespace: str
    """Namespace of the object."""
    path: str | None = None
    """Path of the URL."""
    port: Int32 | None = None
    """Port of the Service; 443 when absent."""


class Variable(ApiStruct):
    """A value that other expressions use as variables.NAME."""

    map_type: ClassVar[str] = "atomic"
    expression: str
    """The expression that computes it."""
    name: str
    """Name of the object."""


class WebhookClientConfig(ApiStruct):
    """Where a webhook is reached: a URL or a Service."""

    ca_bundle: Base64 = ""
    """Authorities its certificate is checked against, in base64."""
    service: ServiceReference | None = None
    """Service to ask."""
    url: str | None = None
    """URL to ask."""
