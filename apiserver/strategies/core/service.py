"""Rules of a Service."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.core.service_changes import is_external, merged, validate_kept
from apiserver.strategies.core.service_families import (
    CONFIGURED,
    trimmed,
    validate_addresses,
    with_families,
)
from apiserver.strategies.core.service_rules import (
    validate_load_balancer_status,
    validate_service,
)
from apiserver.strategies.core.service_warnings import service_warnings
from apiserver.strategies.strategy import Context, Strategy
from knarr.api.core.service import (
    ClientIPConfig,
    LoadBalancerIngress,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
    SessionAffinityConfig,
)
from knarr.api.field_errors import FieldError
from knarr.api.printing.services import service_row

AFFINITY_S = 10800
"""How long a client stays with its endpoint: three hours."""


class ServiceRules(Strategy[Service]):
    """What holds for a Service."""

    has_generation = False
    allow_create_on_update = True

    def __init__(self, families: tuple[str, ...] = CONFIGURED) -> None:
        self._families = families
        """Of which families the cluster has addresses."""

    def default(self, obj: Service) -> Service:
        """Type, ports, affinity and policies."""
        status = obj.status
        spec = _default_spec(obj.spec)
        if spec.type == "LoadBalancer" and status.load_balancer.ingress:
            ingress = tuple(map(_with_mode, status.load_balancer.ingress))
            status = replace(status, load_balancer=replace(status.load_balancer, ingress=ingress))
        return replace(obj, spec=spec, status=status)

    def prepare_for_create(self, obj: Service, context: Context) -> Service:
        """No load balancer serves it yet; the address families are settled."""
        fresh = _with_addresses(replace(obj, status=ServiceStatus()))
        return with_families(fresh, self._families)

    def prepare_for_update(self, obj: Service, old: Service, context: Context) -> Service:
        """What was given out stays; what a new type has no use for goes."""
        whole = merged(_with_addresses(obj), old)
        spec = trimmed(whole.spec, old.spec)
        return with_families(replace(whole, spec=spec), self._families)

    def validate(self, obj: Service) -> Iterable[FieldError]:
        """Without a good address nothing else is looked at."""
        wrong = validate_addresses(obj.spec, "spec", self._families)
        return wrong or validate_service(obj.spec, "spec")

    def validate_update(self, obj: Service, old: Service) -> Iterable[FieldError]:
        """Addresses stay."""
        if validate_addresses(obj.spec, "spec", self._families):
            return ()
        return validate_kept(obj.spec, old.spec, "spec")

    def validate_status_update(self, obj: Service, old: Service) -> Iterable[FieldError]:
        """Only load balancers have addresses of one."""
        return validate_load_balancer_status(obj, "status.loadBalancer")

    def warnings(self, obj: Service, old: Service | None) -> Iterable[str]:
        """Fields that do nothing, or will not for long."""
        return service_warnings(obj)

    def fields(self, obj: Service) -> Mapping[str, str]:
        """Services are selected by address and type."""
        return {"spec.clusterIP": obj.spec.cluster_ip, "spec.type": obj.spec.type}

    def row(self, obj: Service, now: datetime) -> Sequence[Any]:
        """Name, type, cluster address, external address, ports, age, selector."""
        return service_row(obj, now)


def _default_spec(spec: ServiceSpec) -> ServiceSpec:
    kind = spec.type or "ClusterIP"
    affinity = spec.session_affinity or "None"
    changes: dict[str, Any] = {
        "type": kind,
        "session_affinity": affinity,
        "session_affinity_config": _affinity_config(spec, affinity),
        "ports": tuple(map(_default_port, spec.ports)),
    }
    if kind in ("ClusterIP", "NodePort", "LoadBalancer"):
        changes["internal_traffic_policy"] = (
            "Cluster" if spec.internal_traffic_policy is None else spec.internal_traffic_policy
        )
    if kind == "LoadBalancer" and spec.allocate_load_balancer_node_ports is None:
        changes["allocate_load_balancer_node_ports"] = True
    filled = replace(spec, **changes)
    if is_external(filled) and not filled.external_traffic_policy:
        filled = replace(filled, external_traffic_policy="Cluster")
    return filled


def _with_addresses(service: Service) -> Service:
    """Who gives one address gives them all; the server's doing, so nobody owns the field."""
    spec = service.spec
    if not spec.cluster_ip or spec.cluster_ips:
        return service
    return replace(service, spec=replace(spec, cluster_ips=(spec.cluster_ip,)))


def _affinity_config(spec: ServiceSpec, affinity: str) -> SessionAffinityConfig | None:
    if affinity == "None":
        return None
    config = spec.session_affinity_config
    given = config.client_ip if config is not None else None
    if affinity != "ClientIP" or (given is not None and given.timeout_seconds is not None):
        return config
    return SessionAffinityConfig(client_ip=ClientIPConfig(timeout_seconds=AFFINITY_S))


def _default_port(port: ServicePort) -> ServicePort:
    return replace(
        port,
        protocol=port.protocol or "TCP",
        target_port=port.target_port or port.port,
    )


def _with_mode(ingress: LoadBalancerIngress) -> LoadBalancerIngress:
    if not ingress.ip or ingress.ip_mode is not None:
        return ingress
    return replace(ingress, ip_mode="VIP")
