"""Rules of an Ingress."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from apiserver.strategies.rules import typed_reference
from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    invalid,
    not_supported,
    required,
)
from knarr.api.networking.ingress import (
    HTTPIngressPath,
    Ingress,
    IngressBackend,
    IngressLoadBalancerIngress,
    IngressPortStatus,
    IngressRule,
    IngressSpec,
    IngressTLS,
    ServiceBackendPort,
)
from knarr.api.printing.networking import ingress_row

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
PATH_TYPES = ("Exact", "Prefix", "ImplementationSpecific")
BAD_IN_PATH = ("//", "/./", "/../", "%2f", "%2F")
BAD_AT_END = ("/..", "/.")


class IngressRules(Strategy[Ingress]):
    """What holds for an Ingress."""

    def validate(self, obj: Ingress) -> Iterable[FieldError]:
        """The rules of every Ingress."""
        return _spec(obj.spec, "spec")

    def validate_create(self, obj: Ingress) -> Iterable[FieldError]:
        """The class by annotation and by field are the same where both are given."""
        annotated = obj.metadata.annotations.get(CLASS_ANNOTATION)
        named = obj.spec.ingress_class_name
        if annotated is not None and named is not None and annotated != named:
            yield invalid(
                f"annotations.{CLASS_ANNOTATION}",
                annotated,
                "must match `ingressClassName` when both are specified",
            )
        yield from self.validate(obj)

    def validate_status_update(self, obj: Ingress, old: Ingress) -> Iterable[FieldError]:
        """Addresses and hosts can be read."""
        for i, each in enumerate(obj.status.load_balancer.ingress):
            yield from _load_balancer(each, f"status.loadBalancer.ingress[{i}]")

    def warnings(self, obj: Ingress, old: Ingress | None) -> Iterable[str]:
        """The annotation has a field that took its place."""
        if old is None and CLASS_ANNOTATION in obj.metadata.annotations:
            yield (
                f'annotation "{CLASS_ANNOTATION}" is deprecated, please use '
                "'spec.ingressClassName' instead"
            )

    def row(self, obj: Ingress, now: datetime) -> Sequence[Any]:
        """Name, class, hosts, address, ports, age."""
        return ingress_row(obj, now)


def _spec(spec: IngressSpec, path: str) -> Iterator[FieldError]:
    if not spec.rules and spec.default_backend is None:
        yield invalid(path, None, "either `defaultBackend` or `rules` must be specified")
    if spec.default_backend is not None:
        yield from _backend(spec.default_backend, f"{path}.defaultBackend")
    for i, rule in enumerate(spec.rules):
        yield from _rule(rule, f"{path}.rules[{i}]")
    for i, each in enumerate(spec.tls):
        yield from _tls(each, f"{path}.tls[{i}]")
    name = spec.ingress_class_name
    if name is not None:
        yield from broken_names(f"{path}.ingressClassName", name, names.dns_subdomain(name))


def _rule(rule: IngressRule, path: str) -> Iterator[FieldError]:
    if rule.host:
        yield from _host(rule.host, f"{path}.host")
    if rule.http is None:
        return
    if not rule.http.paths:
        yield required(f"{path}.http.paths")
    for i, each in enumerate(rule.http.paths):
        yield from _path(each, f"{path}.http.paths[{i}]")


def _host(host: str, path: str) -> Iterator[FieldError]:
    if not names.ip_address(host):
        yield invalid(path, host, "must be a DNS name, not an IP address")
        return
    rule = names.wildcard_subdomain if "*" in host else names.dns_subdomain
    yield from broken_names(path, host, rule(host))


def _path(each: HTTPIngressPath, path: str) -> Iterator[FieldError]:
    if not each.path_type:
        yield required(f"{path}.pathType", "pathType must be specified")
    elif each.path_type not in PATH_TYPES:
        yield not_supported(f"{path}.pathType", each.path_type, PATH_TYPES)
    elif each.path_type == "ImplementationSpecific":
        if each.path and not each.path.startswith("/"):
            yield invalid(f"{path}.path", each.path, "must be an absolute path")
    else:
        yield from _exact_path(each.path, f"{path}.path")
    yield from _backend(each.backend, f"{path}.backend")


def _exact_path(value: str, path: str) -> Iterator[FieldError]:
    if not value.startswith("/"):
        yield invalid(path, value, "must be an absolute path")
    if not value:
        return
    for bad in BAD_IN_PATH:
        if bad in value:
            yield invalid(path, value, f"must not contain '{bad}'")
    for bad in BAD_AT_END:
        if value.endswith(bad):
            yield invalid(path, value, f"cannot end with '{bad}'")


def _backend(backend: IngressBackend, path: str) -> Iterator[FieldError]:
    if backend.resource is not None and backend.service is not None:
        yield invalid(path, "", "cannot set both resource and service backends")
    elif backend.resource is not None:
        yield from typed_reference(backend.resource, f"{path}.resource")
    elif backend.service is None:
        yield invalid(path, "", "resource or service backend is required")
    else:
        service = backend.service
        if not service.name:
            yield required(f"{path}.service.name")
        else:
            yield from broken_names(
                f"{path}.service.name", service.name, names.dns_label(service.name)
            )
        yield from _port(service.port, path)


def _port(port: ServiceBackendPort | None, path: str) -> Iterator[FieldError]:
    if port is None or (not port.name and not port.number):
        yield required(path, "port name or number is required")
        return
    if port.name and port.number:
        yield invalid(path, "", "cannot set both port name & port number")
    elif port.name:
        yield from broken_names(f"{path}.service.port.name", port.name, names.port_name(port.name))
    else:
        yield from broken_names(
            f"{path}.service.port.number", port.number, names.port_number(port.number)
        )


def _tls(tls: IngressTLS, path: str) -> Iterator[FieldError]:
    for i, host in enumerate(tls.hosts):
        rule = names.wildcard_subdomain if "*" in host else names.dns_subdomain
        yield from broken_names(f"{path}.hosts[{i}]", host, rule(host))
    if tls.secret_name:
        yield from broken_names(
            f"{path}.secretName", tls.secret_name, names.dns_subdomain(tls.secret_name)
        )


def _load_balancer(each: IngressLoadBalancerIngress, path: str) -> Iterator[FieldError]:
    if each.ip:
        yield from broken_names(f"{path}.ip", each.ip, names.ip_address(each.ip))
    if each.hostname:
        yield from broken_names(
            f"{path}.hostname", each.hostname, names.dns_subdomain(each.hostname)
        )
        if not names.ip_address(each.hostname):
            yield invalid(
                f"{path}.hostname",
                each.hostname,
                "must be a DNS name, not an IP address",
            )
    for i, port in enumerate(each.ports):
        yield from _port_status(port, f"{path}.ports[{i}]")


def _port_status(port: IngressPortStatus, path: str) -> Iterator[FieldError]:
    if port.error:
        yield from broken_names(f"{path}.error", port.error, names.qualified_name(port.error))
    yield from broken_names(f"{path}.port", port.port, names.port_number(port.port))
    if port.protocol not in ("TCP", "UDP", "SCTP"):
        yield not_supported(f"{path}.protocol", port.protocol, ("TCP", "UDP", "SCTP"))
