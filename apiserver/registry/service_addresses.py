"""What a Service says about its addresses, before any is given to it.

`prepared` keeps `clusterIP` and `clusterIPs` in step, carries over what the
client left out, and settles the address families; this cluster has one: IPv4.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from apiserver.registry.write import refuse
from knarr.api import names
from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.field_errors import FieldError, invalid
from knarr.api.kinds import kind_of

HEADLESS = "None"
"""The clusterIP of a Service that wants none."""

_SINGLE, _PREFER, _REQUIRE = "SingleStack", "PreferDualStack", "RequireDualStack"


def needs_cluster_ip(spec: ServiceSpec) -> bool:
    """Whether a Service is to have an address of its own."""
    return spec.type != "ExternalName" and spec.cluster_ip != HEADLESS


def needs_node_ports(spec: ServiceSpec) -> bool:
    """Whether a Service is to have a port on every node."""
    if spec.type == "NodePort":
        return True
    return spec.type == "LoadBalancer" and spec.allocate_load_balancer_node_ports is not False


def needs_health_check_port(spec: ServiceSpec) -> bool:
    """Whether load balancers ask each node if it has an endpoint."""
    return spec.type == "LoadBalancer" and spec.external_traffic_policy == "Local"


def prepared(service: Service, old: Service | None) -> Service:
    """The Service with all but its new addresses. Raise InvalidError."""
    before = old.spec if old is not None else None
    spec = _normalized(service.spec, before)
    if before is not None:
        spec = _carried_over(spec, before)
    if spec.type == "ExternalName":
        return replace(service, spec=spec)
    name = service.metadata.name
    refuse(kind_of(Service), name, _related_errors(spec))
    spec = _with_families(spec)
    refuse(kind_of(Service), name, _family_errors(spec))
    return replace(service, spec=spec)


def _normalized(spec: ServiceSpec, before: ServiceSpec | None) -> ServiceSpec:
    cluster_ips = spec.cluster_ips
    if before is not None and spec.cluster_ip != before.cluster_ip:
        if cluster_ips == before.cluster_ips:
            # Who changes one of the two means both.
            cluster_ips = (spec.cluster_ip,) if spec.cluster_ip else ()
    elif before is not None and not cluster_ips and spec.cluster_ip:
        cluster_ips = before.cluster_ips
    if spec.cluster_ip and not cluster_ips:
        cluster_ips = (spec.cluster_ip,)
    return replace(spec, cluster_ips=cluster_ips)


def _carried_over(spec: ServiceSpec, before: ServiceSpec) -> ServiceSpec:
    if before.type != "ExternalName" and spec.type != "ExternalName":
        if not spec.cluster_ip:
            spec = replace(spec, cluster_ip=before.cluster_ip)
        if not spec.cluster_ips and spec.cluster_ip == before.cluster_ip:
            spec = replace(spec, cluster_ips=before.cluster_ips)
    if needs_node_ports(before) and needs_node_ports(spec):
        spec = replace(spec, ports=_ports_carried_over(spec.ports, before.ports))
    if (
        needs_health_check_port(before)
        and needs_health_check_port(spec)
        and not spec.health_check_node_port
    ):
        spec = replace(spec, health_check_node_port=before.health_check_node_port)
    return spec


def _ports_carried_over(
    ports: Sequence[ServicePort], before: Sequence[ServicePort]
) -> tuple[ServicePort, ...]:
    known = {(port.protocol or "TCP", port.port): port.node_port for port in before}
    taken = {port.node_port for port in ports if port.node_port}
    carried = []
    for port in ports:
        node_port = known.get((port.protocol or "TCP", port.port), 0)
        is_free = node_port and not port.node_port and node_port not in taken
        carried.append(replace(port, node_port=node_port) if is_free else port)
    return tuple(carried)


def _related_errors(spec: ServiceSpec) -> list[FieldError]:
    """Where addresses and families contradict each other."""
    ips, field = spec.cluster_ips, "spec.clusterIPs"
    if not spec.cluster_ip and ips:
        why = "must be empty when `clusterIP` is not specified"
        return [invalid(field, ips, why)]
    if ips and ips[0] != spec.cluster_ip:
        return [invalid(field, ips, "first value must match `clusterIP`")]
    errors: list[FieldError] = []
    for index, ip in enumerate(ips):
        if ip != HEADLESS:
            errors.extend(invalid(f"{field}[{index}]", ip, w) for w in names.ip_address(ip))
    return errors or _mismatches(spec)


def _mismatches(spec: ServiceSpec) -> list[FieldError]:
    """Where addresses are not what the families say."""
    ips = spec.cluster_ips
    errors: list[FieldError] = []
    if max(len(ips), len(spec.ip_families)) > 1 and (spec.ip_family_policy or _SINGLE) == _SINGLE:
        what = "IP families" if len(spec.ip_families) > 1 else "cluster IPs"
        why = f"must be '{_REQUIRE}' or '{_PREFER}' when multiple {what} are specified"
        errors.append(invalid("spec.ipFamilyPolicy", _SINGLE, why))
    for index, (ip, family) in enumerate(zip(ips, spec.ip_families, strict=False)):
        if ip != HEADLESS and _family(ip) != family:
            why = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            errors.append(invalid(f"spec.clusterIPs[{index}]", ip, why))
    return errors


def _family(ip: str) -> str:
    return "IPv6" if ":" in ip else "IPv4"


def _with_families(spec: ServiceSpec) -> ServiceSpec:
    if spec.cluster_ip == HEADLESS and not spec.selector:
        # Endpoints made by hand may be of any family.
        return replace(
            spec,
            ip_family_policy=spec.ip_family_policy or _REQUIRE,
            ip_families=_both(spec.ip_families, spec.ip_family_policy or _REQUIRE),
        )
    families = spec.ip_families or ("IPv4",)
    return replace(spec, ip_family_policy=spec.ip_family_policy or _SINGLE, ip_families=families)


def _both(families: tuple[str, ...], policy: str) -> tuple[str, ...]:
    first = families or ("IPv4",)
    if policy == _SINGLE or len(first) > 1:
        return first
    return (*first, "IPv6" if first[0] == "IPv4" else "IPv4")


def _family_errors(spec: ServiceSpec) -> list[FieldError]:
    """What a cluster with IPv4 alone cannot give."""
    if spec.cluster_ip == HEADLESS and not spec.selector:
        return []
    for index, ip in enumerate(spec.cluster_ips):
        if ip != HEADLESS and _family(ip) == "IPv6":
            why = "IPv6 is not configured on this cluster"
            return [invalid(f"spec.clusterIPs[{index}]", spec.cluster_ips, why)]
    errors: list[FieldError] = []
    if spec.ip_family_policy == _REQUIRE:
        why = "this cluster is not configured for dual-stack services"
        errors.append(invalid("spec.ipFamilyPolicy", _REQUIRE, why))
    errors.extend(
        invalid(f"spec.ipFamilies[{index}]", family, "not configured on this cluster")
        for index, family in enumerate(spec.ip_families)
        if family == "IPv6"
    )
    return errors
