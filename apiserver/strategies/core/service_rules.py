"""Rules for the fields of a service, in Kubernetes' order."""

from collections.abc import Iterator

from apiserver.strategies.core.endpoints import PROTOCOLS, validate_reachable
from apiserver.strategies.core.service_changes import has_health_port, is_external
from apiserver.strategies.core.service_families import is_headless
from apiserver.strategies.label_rules import validate_labels
from knarr.api import names
from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.field_errors import (
    FieldError,
    Told,
    broken_names,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)

KUBELET_PORT = 10250
AFFINITY_S_MAX = 86400

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_POLICIES = ("Cluster", "Local")
_DISTRIBUTIONS = ("PreferClose", "PreferSameNode", "PreferSameZone")


def validate_service(spec: ServiceSpec, path: str) -> Iterator[FieldError]:
    """All rules but those about addresses and families."""
    headless = is_headless(spec)
    if not spec.ports and not headless and spec.type != "ExternalName":
        yield required(f"{path}.ports")
    yield from _validate_for_type(spec, path)
    seen: set[str] = set()
    for i, port in enumerate(spec.ports):
        yield from _validate_port(port, seen, f"{path}.ports[{i}]", several=len(spec.ports) > 1)
    yield from validate_labels(spec.selector, f"{path}.selector")
    yield from _validate_affinity(spec, path)
    for i, address in enumerate(spec.external_ips):
        broken = broken_names(f"{path}.externalIPs[{i}]", address, names.ip_address(address))
        yield from broken or validate_reachable(address, f"{path}.externalIPs[{i}]")
    if not spec.type:
        yield required(f"{path}.type")
    elif spec.type not in _TYPES:
        yield not_supported(f"{path}.type", spec.type, _TYPES)
    yield from _validate_node_ports(spec, f"{path}.ports")
    yield from _validate_balancing(spec, path)
    yield from _validate_external_policy(spec, path)
    yield from _validate_internal_policy(spec, path)


def _validate_for_type(spec: ServiceSpec, path: str) -> Iterator[FieldError]:
    if spec.type == "LoadBalancer":
        for i, port in enumerate(spec.ports):
            if port.port == KUBELET_PORT:
                detail = (
                    f"may not expose port {KUBELET_PORT} externally since it is used by kubelet"
                )
                yield invalid(f"{path}.ports[{i}]", port.port, detail)
    if spec.type in ("LoadBalancer", "NodePort") and is_headless(spec):
        detail = f"may not be set to 'None' for {spec.type} services"
        yield invalid(f"{path}.clusterIPs[0]", spec.cluster_ip, detail)
    if spec.type == "ExternalName":
        yield from _validate_external_name(spec, path)


def _validate_external_name(spec: ServiceSpec, path: str) -> Iterator[FieldError]:
    for field, given in (
        ("clusterIPs", spec.cluster_ips),
        ("ipFamilies", spec.ip_families),
        ("ipFamilyPolicy", spec.ip_family_policy),
    ):
        if given:
            yield forbidden(f"{path}.{field}", "may not be set for ExternalName services")
    name = spec.external_name.removesuffix(".")
    if not name:
        yield required(f"{path}.externalName")
    else:
        yield from broken_names(f"{path}.externalName", name, names.dns_subdomain(name))


def _validate_port(
    port: ServicePort, seen: set[str], path: str, *, several: bool
) -> Iterator[FieldError]:
    if port.name:
        yield from broken_names(f"{path}.name", port.name, names.dns_label(port.name))
        if port.name in seen:
            yield duplicate(f"{path}.name", port.name)
        seen.add(port.name)
    elif several:
        yield required(f"{path}.name")
    yield from broken_names(f"{path}.port", port.port, names.port_number(port.port))
    if not port.protocol:
        yield required(f"{path}.protocol")
    elif port.protocol not in PROTOCOLS:
        yield not_supported(f"{path}.protocol", port.protocol, PROTOCOLS)
    target = port.target_port or 0
    yield from broken_names(f"{path}.targetPort", target, names.port(target))
    if port.app_protocol is not None:
        broken = names.qualified_name(port.app_protocol)
        yield from broken_names(f"{path}.appProtocol", port.app_protocol, broken)


def _validate_affinity(spec: ServiceSpec, path: str) -> Iterator[FieldError]:
    affinity, config = spec.session_affinity, spec.session_affinity_config
    at = f"{path}.sessionAffinityConfig"
    if not affinity:
        yield required(f"{path}.sessionAffinity")
    elif affinity not in ("ClientIP", "None"):
        yield not_supported(f"{path}.sessionAffinity", affinity, ("ClientIP", "None"))
    if affinity == "None" and config is not None:
        yield forbidden(at, "must not be set when session affinity is None")
    if affinity != "ClientIP":
        return
    if config is None:
        yield required(at, "when session affinity type is ClientIP")
        return
    client = config.client_ip
    seconds = client.timeout_seconds if client is not None else None
    if seconds is None:
        yield required(f"{at}.clientIP", "when session affinity type is ClientIP")
    elif not 0 < seconds <= AFFINITY_S_MAX:
        detail = f"must be greater than 0 and less than {AFFINITY_S_MAX}"
        yield invalid(f"{at}.clientIP.timeoutSeconds", seconds, detail)


def _validate_node_ports(spec: ServiceSpec, path: str) -> Iterator[FieldError]:
    if spec.type == "ClusterIP":
        for i, port in enumerate(spec.ports):
            if port.node_port:
                detail = "may not be used when `type` is 'ClusterIP'"
                yield forbidden(f"{path}[{i}].nodePort", detail)
    yield from _validate_unique(spec, path)


def _validate_unique(spec: ServiceSpec, path: str) -> Iterator[FieldError]:
    node_ports: set[tuple[str, int]] = set()
    for i, port in enumerate(spec.ports):
        if port.node_port:
            if (port.protocol, port.node_port) in node_ports:
                yield duplicate(f"{path}[{i}].nodePort", port.node_port)
            node_ports.add((port.protocol, port.node_port))
    ports: set[tuple[str, int]] = set()
    for i, port in enumerate(spec.ports):
        if (port.protocol, port.port) in ports:
            shown = Told(
                Name="",
                Protocol=port.protocol,
                AppProtocol=None,
                Port=port.port,
                TargetPort=0,
                NodePort=0,
            )
            yield duplicate(f"{path}[{i}]", shown)
        ports.add((port.protocol, port.port))


def _validate_balancing(spec: ServiceSpec, path: str) -> Iterator[FieldError]:
    only = "may only be used when `type` is 'LoadBalancer'"
    balanced = spec.type == "LoadBalancer"
    ranges = f"{path}.loadBalancerSourceRanges"
    if spec.load_balancer_source_ranges and not balanced:
        yield forbidden(ranges, only)
    for i, cidr in enumerate(spec.load_balancer_source_ranges):
        yield from broken_names(f"{ranges}[{i}]", cidr, names.cidr(cidr.strip()))
    allocate = spec.allocate_load_balancer_node_ports
    if not balanced and allocate is not None:
        yield forbidden(f"{path}.allocateLoadBalancerNodePorts", only)
    kind = spec.load_balancer_class
    if kind is None:
        return
    if not balanced:
        yield forbidden(f"{path}.loadBalancerClass", only)
    else:
        broken = names.qualified_name(kind)
        yield from broken_names(f"{path}.loadBalancerClass", kind, broken)


def _validate_external_policy(spec: ServiceSpec, path: str) -> Iterator[FieldError]:
    policy, port = spec.external_traffic_policy, spec.health_check_node_port
    at = f"{path}.externalTrafficPolicy"
    if not is_external(spec):
        if policy:
            yield invalid(at, policy, "may only be set for externally-accessible services")
    elif not policy:
        yield required(at)
    elif policy not in _POLICIES:
        yield not_supported(at, policy, _POLICIES)
    if not port:
        return
    if not has_health_port(spec):
        detail = (
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        )
        yield invalid(f"{path}.healthCheckNodePort", port, detail)
    else:
        yield from broken_names(f"{path}.healthCheckNodePort", port, names.port_number(port))


def _validate_internal_policy(spec: ServiceSpec, path: str) -> Iterator[FieldError]:
    policy = spec.internal_traffic_policy
    if spec.type != "ExternalName" and policy is None:
        yield required(f"{path}.internalTrafficPolicy")
    elif policy is not None and policy not in _POLICIES:
        yield not_supported(f"{path}.internalTrafficPolicy", policy, _POLICIES)
    distribution = spec.traffic_distribution
    if distribution is not None and distribution not in _DISTRIBUTIONS:
        yield not_supported(f"{path}.trafficDistribution", distribution, _DISTRIBUTIONS)


def validate_load_balancer_status(service: Service, path: str) -> Iterator[FieldError]:
    """What a load balancer says of itself."""
    ingress = service.status.load_balancer.ingress
    if ingress and service.spec.type != "LoadBalancer":
        yield forbidden(f"{path}.ingress", "may only be used when `spec.type` is 'LoadBalancer'")
        return
    for i, one in enumerate(ingress):
        at = f"{path}.ingress[{i}]"
        if one.ip:
            yield from broken_names(f"{at}.ip", one.ip, names.ip_address(one.ip))
        if one.ip and one.ip_mode is None:
            yield required(f"{at}.ipMode", "must be specified when `ip` is set")
        elif one.ip_mode is not None and not one.ip:
            yield forbidden(f"{at}.ipMode", "may not be specified when `ip` is not set")
        elif one.ip_mode is not None and one.ip_mode not in ("VIP", "Proxy"):
            yield not_supported(f"{at}.ipMode", one.ip_mode, ("Proxy", "VIP"))
        if one.hostname:
            broken = names.dns_subdomain(one.hostname)
            yield from broken_names(f"{at}.hostname", one.hostname, broken)
