"""What happens to a service's fields when its type changes, and which may not change."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.core.service_families import is_headless
from knarr.api.core.service import LoadBalancerStatus, Service, ServicePort, ServiceSpec
from knarr.api.field_errors import FieldError, invalid

_ADDRESSED = frozenset({"ClusterIP", "NodePort", "LoadBalancer"})


def has_cluster_ip(spec: ServiceSpec) -> bool:
    """Whether the service is of a type that has an address in the cluster."""
    return spec.type in _ADDRESSED


def has_node_ports(spec: ServiceSpec) -> bool:
    """Whether the service answers on ports of the nodes."""
    return spec.type == "NodePort" or (
        spec.type == "LoadBalancer" and spec.allocate_load_balancer_node_ports is not False
    )


def has_health_port(spec: ServiceSpec) -> bool:
    """Whether load balancers ask the nodes which of them have endpoints."""
    return spec.type == "LoadBalancer" and spec.external_traffic_policy == "Local"


def is_external(spec: ServiceSpec) -> bool:
    """Whether the service is reached from outside the cluster."""
    return spec.type in ("LoadBalancer", "NodePort") or (
        spec.type == "ClusterIP" and bool(spec.external_ips)
    )


def merged(service: Service, old: Service) -> Service:
    """An update with what the server gave out before, less what a new type has no use for."""
    spec = _with_matching_addresses(service.spec, old.spec)
    spec = _with_allocated(spec, old.spec)
    spec = _without_useless(spec, old.spec)
    status = service.status
    if spec.type != "LoadBalancer" and old.spec.type == "LoadBalancer":
        status = replace(status, load_balancer=LoadBalancerStatus())
    return replace(service, spec=spec, status=status)


def _with_matching_addresses(spec: ServiceSpec, old: ServiceSpec) -> ServiceSpec:
    """Clients older than `clusterIPs` change `clusterIP` only."""
    if spec.cluster_ip == old.cluster_ip or spec.cluster_ips != old.cluster_ips:
        return spec
    return replace(spec, cluster_ips=(spec.cluster_ip,) if spec.cluster_ip else ())


def _with_allocated(spec: ServiceSpec, old: ServiceSpec) -> ServiceSpec:
    changes: dict[str, Any] = {}
    if has_cluster_ip(spec) and has_cluster_ip(old):
        if not spec.cluster_ip:
            changes["cluster_ip"] = old.cluster_ip
        if not spec.cluster_ips:
            changes["cluster_ips"] = old.cluster_ips
    if has_node_ports(spec) and has_node_ports(old):
        changes["ports"] = _with_node_ports(spec.ports, old.ports)
    if has_health_port(spec) and has_health_port(old) and not spec.health_check_node_port:
        changes["health_check_node_port"] = old.health_check_node_port
    return replace(spec, **changes) if changes else spec


def _with_node_ports(
    ports: tuple[ServicePort, ...], old: tuple[ServicePort, ...]
) -> tuple[ServicePort, ...]:
    before = {(port.protocol, port.port): port.node_port for port in old}
    taken = {port.node_port for port in ports if port.node_port}

    def kept(port: ServicePort) -> ServicePort:
        number = before.get((port.protocol, port.port), 0)
        if port.node_port or not number or number in taken:
            return port
        taken.add(number)
        return replace(port, node_port=number)

    return tuple(map(kept, ports))


def _without_useless(spec: ServiceSpec, old: ServiceSpec) -> ServiceSpec:
    """Fields a new type has no use for go, unless the client has just set them."""
    changes: dict[str, Any] = {}
    for used, field, empty in _USES:
        if used(old) and not used(spec) and getattr(spec, field) == getattr(old, field):
            changes[field] = empty
    wants_none = spec.type not in ("NodePort", "LoadBalancer")
    if has_node_ports(old) and wants_none and _same_node_ports(spec, old):
        changes["ports"] = tuple(replace(port, node_port=0) for port in spec.ports)
    return replace(spec, **changes) if changes else spec


def _is_balanced(spec: ServiceSpec) -> bool:
    return spec.type == "LoadBalancer"


_USES: tuple[tuple[Callable[[ServiceSpec], bool], str, Any], ...] = (
    (has_cluster_ip, "cluster_ip", ""),
    (has_cluster_ip, "cluster_ips", ()),
    (has_cluster_ip, "ip_families", ()),
    (has_cluster_ip, "ip_family_policy", None),
    (has_cluster_ip, "internal_traffic_policy", None),
    (has_health_port, "health_check_node_port", 0),
    (is_external, "external_traffic_policy", ""),
    (_is_balanced, "allocate_load_balancer_node_ports", None),
    (_is_balanced, "load_balancer_class", None),
)
"""Which services use a field, and what stands there when they stop."""


def _same_node_ports(spec: ServiceSpec, old: ServiceSpec) -> bool:
    before = {port.node_port for port in old.ports if port.node_port}
    return {port.node_port for port in spec.ports if port.node_port} <= before


def validate_kept(spec: ServiceSpec, old: ServiceSpec, path: str) -> Iterator[FieldError]:
    """Addresses and the class of load balancer stay what they are."""
    if has_cluster_ip(spec) and has_cluster_ip(old):
        yield from _validate_addresses_kept(spec, old, f"{path}.clusterIPs")
    if _is_balanced(spec) and _is_balanced(old):
        kind = spec.load_balancer_class
        if kind != old.load_balancer_class:
            yield invalid(f"{path}.loadBalancerClass", kind, "may not change once set")


def _validate_addresses_kept(
    spec: ServiceSpec, old: ServiceSpec, path: str
) -> Iterator[FieldError]:
    new, before = spec.cluster_ips, old.cluster_ips
    if is_headless(spec) and is_headless(old):
        return
    if len(new) == len(before):
        for i, address in enumerate(before):
            if address != new[i]:
                yield invalid(f"{path}[{i}]", new, "may not change once set")
    elif before and not new:
        yield invalid(f"{path}[0]", new, "primary clusterIP can not be unset")
    elif before and new[0] != before[0]:
        yield invalid(f"{path}[0]", new, "may not change once set")
