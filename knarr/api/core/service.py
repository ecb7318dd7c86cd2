"""TODO."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.meta.condition import Condition
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, IntOrString
from knarr.api.structs import ApiStruct, Atomic, Defaulted, ListMap, PatchMerge


class ClientIPConfig(ApiStruct):
    """TODO."""

    timeout_seconds: Int32 | None = None
    """TODO."""


class PortStatus(ApiStruct):
    """TODO."""

    error: str | None = None
    """TODO."""
    port: Int32
    """TODO."""
    protocol: str
    """TODO."""


class LoadBalancerIngress(ApiStruct):
    """TODO."""

    hostname: str = ""
    """TODO."""
    ip: str = ""
    """TODO."""
    ip_mode: str | None = None
    """TODO."""
    ports: tuple[PortStatus, ...] = ()
    """TODO."""


class LoadBalancerStatus(ApiStruct):
    """TODO."""

    ingress: tuple[LoadBalancerIngress, ...] = ()
    """TODO."""


class ServicePort(ApiStruct):
    """TODO."""

    app_protocol: str | None = None
    """TODO."""
    name: str = ""
    """TODO."""
    node_port: Int32 = 0
    """TODO."""
    port: Int32
    """TODO."""
    protocol: Annotated[str, Defaulted("TCP")] = ""
    """TODO."""
    target_port: IntOrString | None = None
    """TODO."""


class SessionAffinityConfig(ApiStruct):
    """TODO."""

    client_ip: ClientIPConfig | None = None
    """TODO."""


class ServiceSpec(ApiStruct):
    """TODO."""

    allocate_load_balancer_node_ports: bool | None = None
    """TODO."""
    cluster_ip: str = ""
    """TODO."""
    cluster_ips: tuple[str, ...] = ()
    """TODO."""
    external_ips: tuple[str, ...] = ()
    """TODO."""
    external_name: str = ""
    """TODO."""
    external_traffic_policy: str = ""
    """TODO."""
    health_check_node_port: Int32 = 0
    """TODO."""
    internal_traffic_policy: str | None = None
    """TODO."""
    ip_families: tuple[str, ...] = ()
    """TODO."""
    ip_family_policy: str | None = None
    """TODO."""
    load_balancer_class: str | None = None
    """TODO."""
    load_balancer_ip: str = ""
    """TODO."""
    load_balancer_source_ranges: tuple[str, ...] = ()
    """TODO."""
    ports: Annotated[tuple[ServicePort, ...], ListMap("port", "protocol"), PatchMerge("port")] = ()
    """TODO."""
    publish_not_ready_addresses: bool = False
    """TODO."""
    selector: Annotated[Mapping[str, str], Atomic()] = {}
    """TODO."""
    session_affinity: str = ""
    """TODO."""
    session_affinity_config: SessionAffinityConfig | None = None
    """TODO."""
    traffic_distribution: str | None = None
    """TODO."""
    type: str = ""
    """TODO."""


class ServiceStatus(ApiStruct):
    """TODO."""

    conditions: Annotated[tuple[Condition, ...], ListMap("type"), PatchMerge("type")] = ()
    """TODO."""
    load_balancer: LoadBalancerStatus = LoadBalancerStatus()
    """TODO."""


class Service(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: ServiceSpec = ServiceSpec()
    """TODO."""
    status: ServiceStatus = ServiceStatus()
    """TODO."""
