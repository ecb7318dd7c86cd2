"""What each Service leads to: the rules a proxy carries out. Pure.

One `ServicePort` per port of a Service. Endpoints that are ready count, of those
the ones that are hinted to be for our node or zone, if every one has such a hint
and one is for us; where none is ready, those that still serve while they
terminate are the last resort.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from knarr.api.core.service import Service
from knarr.api.core.service import ServicePort as ServicePortSpec
from knarr.api.discovery.endpoint_slice import Endpoint, EndpointHints, EndpointSlice

Protocol = Literal["TCP", "UDP", "SCTP"]
Policy = Literal["Cluster", "Local"]

AFFINITY_DEFAULT_S = 10800
"""How long a client stays with an endpoint: three hours, as Kubernetes' default."""

SERVICE_NAME = "kubernetes.io/service-name"
"""The label by which a slice names its Service."""

HEADLESS = "service.kubernetes.io/headless"
"""A slice with this label, which it has of its Service, leads nobody anywhere."""

_NO_HINTS = EndpointHints()


class Place(Struct, frozen=True):
    """Where a proxy is."""

    node_name: str
    zone: str = ""


class Backend(Struct, frozen=True, order=True):
    """One address and port that answers for a Service."""

    ip: str
    port: int
    node_name: str = ""
    zone: str = ""

    @property
    def address(self) -> tuple[str, int]:
        """Where to connect."""
        return self.ip, self.port


class ServicePort(Struct, frozen=True, kw_only=True):
    """One port of a Service and what is behind it."""

    namespace: str
    name: str
    port_name: str
    protocol: Protocol
    cluster_ips: tuple[str, ...]
    port: int
    node_port: int = 0
    external_ips: tuple[str, ...] = ()
    load_balancer_ips: tuple[str, ...] = ()
    source_ranges: tuple[str, ...] = ()
    affinity_s: int = 0
    """Seconds a client stays with an endpoint; 0 for no affinity."""
    internal_policy: Policy = "Cluster"
    external_policy: Policy = "Cluster"
    health_check_port: int = 0
    backends: tuple[Backend, ...] = ()
    """Every usable endpoint, in order of address."""
    local_backends: tuple[Backend, ...] = ()
    """Those on this node."""

    @property
    def internal(self) -> tuple[Backend, ...]:
        """Where connections to the ClusterIP go."""
        return self.local_backends if self.internal_policy == "Local" else self.backends

    @property
    def external(self) -> tuple[Backend, ...]:
        """Where connections from outside the cluster go."""
        return self.local_backends if self.external_policy == "Local" else self.backends


def service_ports(
    service: Service, slices: Iterable[EndpointSlice], place: Place
) -> tuple[ServicePort, ...]:
    """The rules of one Service; none for a headless or external one."""
    spec = service.spec
    if spec.type == "ExternalName" or spec.cluster_ip in ("", "None"):
        return ()
    slices = tuple(one for one in slices if HEADLESS not in one.metadata.labels)
    return tuple(_service_port(service, port, slices, place) for port in spec.ports)


def _service_port(
    service: Service, port: ServicePortSpec, slices: Sequence[EndpointSlice], place: Place
) -> ServicePort:
    spec = service.spec
    backends = _backends(port, slices)
    return ServicePort(
        namespace=service.metadata.namespace,
        name=service.metadata.name,
        port_name=port.name,
        protocol=_protocol(port.protocol),
        cluster_ips=spec.cluster_ips or (spec.cluster_ip,),
        port=port.port,
        node_port=port.node_port,
        external_ips=spec.external_ips,
        load_balancer_ips=tuple(
            one.ip
            for one in service.status.load_balancer.ingress
            if one.ip and one.ip_mode != "Proxy"
        ),
        source_ranges=spec.load_balancer_source_ranges,
        affinity_s=_affinity_s(service),
        internal_policy="Local" if spec.internal_traffic_policy == "Local" else "Cluster",
        external_policy="Local" if spec.external_traffic_policy == "Local" else "Cluster",
        health_check_port=spec.health_check_node_port,
        backends=_usable(backends, place),
        local_backends=_usable([one for one in backends if one[0].node_name == place.node_name]),
    )


def _backends(
    port: ServicePortSpec, slices: Sequence[EndpointSlice]
) -> list[tuple[Backend, Endpoint]]:
    found: dict[tuple[str, int], tuple[Backend, Endpoint]] = {}
    for one in slices:
        numbers = [
            each.port
            for each in one.ports
            if (each.name or "") == port.name
            and each.port
            and (each.protocol or "TCP") == (port.protocol or "TCP")
        ]
        for endpoint in one.endpoints:
            for number in numbers:
                for address in endpoint.addresses[:1]:
                    backend = Backend(
                        address, number or 0, endpoint.node_name or "", endpoint.zone or ""
                    )
                    found[backend.address] = (backend, endpoint)
    return list(found.values())


def _usable(
    backends: Sequence[tuple[Backend, Endpoint]], place: Place | None = None
) -> tuple[Backend, ...]:
    """The ready ones that are close; failing any, those that serve while they terminate."""
    ready = [one for one in backends if _is_ready(one[1])]
    if place is not None:
        ready = _close(ready, place)
    if not ready:
        ready = [
            (backend, endpoint)
            for backend, endpoint in backends
            if endpoint.conditions is not None
            and endpoint.conditions.serving
            and endpoint.conditions.terminating
        ]
    return tuple(sorted(backend for backend, _ in ready))


def _close(ready: list[tuple[Backend, Endpoint]], place: Place) -> list[tuple[Backend, Endpoint]]:
    """Those for our node or else our zone, where each says whom it is for; else all."""
    hints = [endpoint.hints or _NO_HINTS for _, endpoint in ready]
    for ours, asked in (
        (place.node_name, [{each.name for each in one.for_nodes} for one in hints]),
        (place.zone, [{each.name for each in one.for_zones} for one in hints]),
    ):
        if all(asked) and any(ours in names for names in asked):
            return [one for one, names in zip(ready, asked, strict=True) if ours in names]
    return ready


def _is_ready(endpoint: Endpoint) -> bool:
    return endpoint.conditions is None or endpoint.conditions.ready is not False


def _protocol(word: str) -> Protocol:
    known: Mapping[str, Protocol] = {"UDP": "UDP", "SCTP": "SCTP"}
    return known.get(word, "TCP")


def _affinity_s(service: Service) -> int:
    if service.spec.session_affinity != "ClientIP":
        return 0
    config = service.spec.session_affinity_config
    seconds = config.client_ip.timeout_seconds if config and config.client_ip else None
    return seconds or AFFINITY_DEFAULT_S
