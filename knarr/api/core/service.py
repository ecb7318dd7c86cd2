"""The types of service in core/v1."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.meta.condition import Condition
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, IntOrString
from knarr.api.structs import ApiStruct, Atomic, Defaulted, ListMap, PatchMerge


class ClientIPConfig(ApiStruct):
    """How long clients stay with an endpoint."""

    timeout_seconds: Int32 | None = None
    """Seconds; the server fills in 10800."""


class PortStatus(ApiStruct):
    """How a port of a load balancer is."""

    error: str | None = None
    """Why it does not work."""
    port: Int32
    """Number of the port."""
    protocol: str
    """TCP, UDP or SCTP."""


class LoadBalancerIngress(ApiStruct):
    """A way in from outside."""

    hostname: str = ""
    """Name of the load balancer."""
    ip: str = ""
    """Its address."""
    ip_mode: str | None = None
    """VIP, or Proxy where packets arrive with other addresses."""
    ports: tuple[PortStatus, ...] = ()
    """How its ports are."""


class LoadBalancerStatus(ApiStruct):
    """The ways in from outside."""

    ingress: tuple[LoadBalancerIngress, ...] = ()
    """The ways in."""


class ServicePort(ApiStruct):
    """A port of a Service."""

    app_protocol: str | None = None
    """Protocol spoken on the port, such as http or kubernetes.io/h2c."""
    name: str = ""
    """Name of the port; needed where there are several."""
    node_port: Int32 = 0
    """Port of every node that leads here. The server chooses one where the type needs it."""
    port: Int32
    """Port of the Service's address."""
    protocol: Annotated[str, Defaulted("TCP")] = ""
    """TCP, UDP or SCTP. The server fills in TCP."""
    target_port: IntOrString | None = None
    """Number or name of the pods' port. The server fills in `port`."""


class SessionAffinityConfig(ApiStruct):
    """How affinity works."""

    client_ip: ClientIPConfig | None = None
    """For affinity by the client's address."""


class ServiceSpec(ApiStruct):
    """How pods are reached together."""

    allocate_load_balancer_node_ports: bool | None = None
    """Whether a load balancer's Service gets node ports. The server fills in true."""
    cluster_ip: str = ""
    """Address within the cluster; None for a headless Service. The server chooses one."""
    cluster_ips: tuple[str, ...] = ()
    """Addresses within the cluster, one per family; the first is clusterIP."""
    external_ips: tuple[str, ...] = ()
    """Further addresses of nodes at which it answers."""
    external_name: str = ""
    """DNS name it stands for, with type ExternalName."""
    external_traffic_policy: str = ""
    """Cluster, or Local to send outside clients to pods of the same node only."""
    health_check_node_port: Int32 = 0
    """Port at which nodes say whether they have pods of it, for Local."""
    internal_traffic_policy: str | None = None
    """Cluster, or Local to send clients to pods of the same node only."""
    ip_families: tuple[str, ...] = ()
    """IPv4, IPv6 or both, in order."""
    ip_family_policy: str | None = None
    """SingleStack, PreferDualStack or RequireDualStack."""
    load_balancer_class: str | None = None
    """Which load balancer is meant."""
    load_balancer_ip: str = ""
    """Address wished for. Kept for old objects."""
    load_balancer_source_ranges: tuple[str, ...] = ()
    """Ranges whose clients the load balancer lets in."""
    ports: Annotated[tuple[ServicePort, ...], ListMap("port", "protocol"), PatchMerge("port")] = ()
    """Its ports."""
    publish_not_ready_addresses: bool = False
    """Whether pods count that are not ready."""
    selector: Annotated[Mapping[str, str], Atomic()] = {}
    """Labels of the pods behind it; without, somebody else names the endpoints."""
    session_affinity: str = ""
    """None, or ClientIP to keep a client with one pod. The server fills in None."""
    session_affinity_config: SessionAffinityConfig | None = None
    """How affinity works."""
    traffic_distribution: str | None = None
    """Which endpoints are preferred: PreferSameZone, PreferSameNode or PreferClose."""
    type: str = ""
    """ClusterIP, NodePort, LoadBalancer or ExternalName. The server fills in ClusterIP."""


class ServiceStatus(ApiStruct):
    """How a Service is."""

    conditions: Annotated[tuple[Condition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""
    load_balancer: LoadBalancerStatus = LoadBalancerStatus()
    """Ways in from outside."""


class Service(ApiStruct):
    """A steady name and address for pods that come and go."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ServiceSpec = ServiceSpec()
    """What is wanted."""
    status: ServiceStatus = ServiceStatus()
    """What was observed last."""
