"""The types of ingress in networking."""

from typing import ClassVar

from knarr.api.core.references import TypedLocalObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct


class ServiceBackendPort(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    name: str = ""
    """Name of the object."""
    number: Int32 = 0
    """TODO."""


class IngressServiceBackend(ApiStruct):
    """TODO."""

    name: str
    """Name of the object."""
    port: ServiceBackendPort | None = None
    """TODO."""


class IngressBackend(ApiStruct):
    """TODO."""

    resource: TypedLocalObjectReference | None = None
    """TODO."""
    service: IngressServiceBackend | None = None
    """TODO."""


class HTTPIngressPath(ApiStruct):
    """TODO."""

    backend: IngressBackend
    """TODO."""
    path: str = ""
    """TODO."""
    path_type: str
    """TODO."""


class HTTPIngressRuleValue(ApiStruct):
    """TODO."""

    paths: tuple[HTTPIngressPath, ...]
    """TODO."""


class IngressRule(ApiStruct):
    """TODO."""

    host: str = ""
    """TODO."""
    http: HTTPIngressRuleValue | None = None
    """TODO."""


class IngressTLS(ApiStruct):
    """TODO."""

    hosts: tuple[str, ...] = ()
    """TODO."""
    secret_name: str = ""
    """TODO."""


class IngressSpec(ApiStruct):
    """TODO."""

    default_backend: IngressBackend | None = None
    """TODO."""
    ingress_class_name: str | None = None
    """TODO."""
    rules: tuple[IngressRule, ...] = ()
    """TODO."""
    tls: tuple[IngressTLS, ...] = ()
    """TODO."""


class IngressPortStatus(ApiStruct):
    """TODO."""

    error: str | None = None
    """TODO."""
    port: Int32
    """TODO."""
    protocol: str
    """TODO."""


class IngressLoadBalancerIngress(ApiStruct):
    """TODO."""

    hostname: str = ""
    """TODO."""
    ip: str = ""
    """TODO."""
    ports: tuple[IngressPortStatus, ...] = ()
    """TODO."""


class IngressLoadBalancerStatus(ApiStruct):
    """TODO."""

    ingress: tuple[IngressLoadBalancerIngress, ...] = ()
    """TODO."""


class IngressStatus(ApiStruct):
    """TODO."""

    load_balancer: IngressLoadBalancerStatus = IngressLoadBalancerStatus()
    """TODO."""


class Ingress(ApiStruct):
    """TODO."""

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
