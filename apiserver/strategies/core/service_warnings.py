"""What is legal in a service and yet does nothing, or will not for long."""

from collections.abc import Callable, Iterable, Iterator

from apiserver.strategies.address_warnings import cidr_warnings, ip_warnings
from apiserver.strategies.core.service_families import is_headless
from knarr.api.core.service import Service, ServiceSpec

OLD_HINTS = "service.kubernetes.io/topology-aware-hints"


def service_warnings(service: Service) -> Iterator[str]:
    """Addresses in odd forms, fields that are ignored, words that have better ones."""
    spec = service.spec
    headless = spec.type == "ClusterIP" and is_headless(spec)
    if OLD_HINTS in service.metadata.annotations:
        yield (
            f"annotation {OLD_HINTS} is deprecated, please use "
            "service.kubernetes.io/topology-mode instead"
        )
    if spec.cluster_ip not in ("", "None"):
        yield from _each(ip_warnings, spec.cluster_ips, "spec.clusterIPs")
    if headless:
        yield from _headless(spec)
    yield from _external(spec, headless=headless)
    if spec.load_balancer_ip:
        yield from ip_warnings(spec.load_balancer_ip, "spec.loadBalancerIP")
    ranges = spec.load_balancer_source_ranges
    yield from _each(cidr_warnings, ranges, "spec.loadBalancerSourceRanges")
    yield from _by_type(spec)
    if spec.traffic_distribution == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'


def _each(
    rule: Callable[[str, str], Iterator[str]], values: Iterable[str], path: str
) -> Iterator[str]:
    for i, value in enumerate(values):
        yield from rule(value, f"{path}[{i}]")


def _external(spec: ServiceSpec, *, headless: bool) -> Iterator[str]:
    yield from _each(ip_warnings, spec.external_ips, "spec.externalIPs")
    if spec.external_ips and not headless and spec.type != "ExternalName":
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"


def _by_type(spec: ServiceSpec) -> Iterator[str]:
    if spec.type == "ExternalName" and spec.external_ips:
        yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    if spec.type != "ExternalName" and spec.external_name:
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'


def _headless(spec: ServiceSpec) -> Iterator[str]:
    if spec.load_balancer_ip:
        yield "spec.loadBalancerIP is ignored for headless services"
    if spec.external_ips:
        yield "spec.externalIPs is ignored for headless services"
    if spec.session_affinity != "None":
        yield "spec.SessionAffinity is ignored for headless services"
