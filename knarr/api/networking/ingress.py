"""The types of ingress in networking."""

from typing import ClassVar

from knarr.api.core.references import TypedLocalObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct


class ServiceBackendPort(ApiStruct):
    """A port of a Service."""

    map_type: ClassVar[str] = "atomic"
    name: str = ""
    """Name of the object."""
    number: Int32 = 0
    """Number of the port."""


class IngressServiceBackend(ApiStruct):
    """A Service that answers."""

    name: str
    """Name of the object."""
    port: ServiceBackendPort | None = None
    """Port of the Service."""


class IngressBackend(ApiStruct):
    """Who answers: a Service or another object."""

    resource: TypedLocalObjectReference | None = None
    """Object that answers."""
    service: IngressServiceBackend | None = None
    """Service that answers."""


class HTTPIngressPath(ApiStruct):
    """A path and who answers for it."""

    backend: IngressBackend
    """Who answers."""
    path: str = ""
    """The path; must begin with /."""
    path_type: str
    """Exact, Prefix or ImplementationSpecific."""


class HTTPIngressRuleValue(ApiStruct):
    """Paths of a host."""

    paths: tuple[HTTPIngressPath, ...]
    """The paths."""


class IngressRule(ApiStruct):
    """A host and its paths."""

    host: str = ""
    """Host name; a leading *. stands for one label; all hosts when empty."""
    http: HTTPIngressRuleValue | None = None
    """The paths."""


class IngressTLS(ApiStruct):
    """Hosts with a certificate."""

    hosts: tuple[str, ...] = ()
    """The hosts."""
    secret_name: str = ""
    """Secret with certificate and key."""


class IngressSpec(ApiStruct):
    """Which hosts and paths lead where."""

    default_backend: IngressBackend | None = None
    """Who answers when no rule fits."""
    ingress_class_name: str | None = None
    """Class that says which controller is meant."""
    rules: tuple[IngressRule, ...] = ()
    """The hosts."""
    tls: tuple[IngressTLS, ...] = ()
    """Certificates."""


class IngressPortStatus(ApiStruct):
    """How a port is."""

    error: str | None = None
    """Why it does not work."""
    port: Int32
    """Number of the port."""
    protocol: str
    """TCP, UDP or SCTP."""


class IngressLoadBalancerIngress(ApiStruct):
    """A way in from outside."""

    hostname: str = ""
    """Name of the load balancer."""
    ip: str = ""
    """Its address."""
    ports: tuple[IngressPortStatus, ...] = ()
    """How its ports are."""


class IngressLoadBalancerStatus(ApiStruct):
    """The ways in from outside."""

    ingress: tuple[IngressLoadBalancerIngress, ...] = ()
    """The ways in."""


class IngressStatus(ApiStruct):
    """How an Ingress is."""

    load_balancer: IngressLoadBalancerStatus = IngressLoadBalancerStatus()
    """Ways in from outside."""


class Ingress(ApiStruct):
    """Leads HTTP requests from outside to Services."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: IngressSpec = IngressSpec()
    """What is wanted."""
    status: IngressStatus = IngressStatus()
    """What was observed last."""
