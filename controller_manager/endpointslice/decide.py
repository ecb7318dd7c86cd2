"""Which EndpointSlices list the pods of a Service."""

from collections.abc import Iterable, Iterator, Mapping

from controller_manager.endpointslice.packing import (
    MANAGED_BY,
    SERVICE_NAME,
    Group,
    pack,
)
from controller_manager.endpointslice.pods import (
    HEADLESS,
    addresses_of,
    has_endpoints,
    hostname_in,
    is_headless,
    reachable,
    reference_to,
    target_port,
)
from knarr.api.core.pod import Pod
from knarr.api.core.service import Service
from knarr.api.discovery.endpoint_slice import (
    Endpoint,
    EndpointConditions,
    EndpointHints,
    EndpointPort,
    EndpointSlice,
    ForNode,
    ForZone,
)
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.owners import controller_reference
from knarr.api.plan import Plan
from knarr.api.pods import is_ready

MANAGER = "endpointslice-controller.k8s.io"
"""Slices with another manager are left alone."""


def decide(
    service: Service,
    pods: Iterable[Pod],
    slices: Iterable[EndpointSlice],
    *,
    zones: Mapping[str, str],
) -> Plan:
    """Compare the pods a Service selects with the slices that list them.

    `zones` holds the zone of each pod's node that exists, empty for a node in none.
    """
    ours = [each for each in slices if each.metadata.labels.get(MANAGED_BY) == MANAGER]
    if not has_endpoints(service):
        return Plan()
    packed = pack(_wanted(service, pods, zones), ours, _metadata(service))
    return Plan(
        update=tuple(packed.update), delete=tuple(packed.delete), create=tuple(packed.create)
    )


def _metadata(service: Service) -> ObjectMeta:
    name = service.metadata.name
    labels = {**service.metadata.labels, SERVICE_NAME: name, MANAGED_BY: MANAGER}
    labels.pop(HEADLESS, None)
    if is_headless(service):
        labels[HEADLESS] = ""
    return ObjectMeta(
        generate_name=f"{name}-",
        namespace=service.metadata.namespace,
        labels=labels,
        owner_references=(controller_reference(service),),
    )


def _wanted(
    service: Service, pods: Iterable[Pod], zones: Mapping[str, str]
) -> dict[Group, list[Endpoint]]:
    families = service.spec.ip_families or ("IPv4",)
    wanted: dict[Group, list[Endpoint]] = {}
    for pod in sorted(reachable(pods), key=lambda each: each.metadata.name):
        if pod.spec.node_name not in zones and not service.spec.publish_not_ready_addresses:
            continue
        ports = tuple(_ports(service, pod))
        if service.spec.ports and not ports:
            continue
        for family in families:
            addresses = addresses_of(pod, family)
            if addresses:
                endpoint = _endpoint(service, pod, addresses, zones.get(pod.spec.node_name, ""))
                wanted.setdefault((family, ports), []).append(endpoint)
    for family in families:
        if not any(group[0] == family for group in wanted):
            wanted[family, ()] = []
    return wanted


def _ports(service: Service, pod: Pod) -> Iterator[EndpointPort]:
    for service_port in service.spec.ports:
        port = target_port(service_port, pod)
        if port is not None:
            yield EndpointPort(
                name=service_port.name,
                port=port,
                protocol=service_port.protocol or "TCP",
                app_protocol=service_port.app_protocol,
            )


def _endpoint(service: Service, pod: Pod, addresses: tuple[str, ...], zone: str) -> Endpoint:
    serving = is_ready(pod)
    terminating = pod.metadata.deletion_timestamp is not None
    ready = service.spec.publish_not_ready_addresses or (serving and not terminating)
    return Endpoint(
        addresses=addresses,
        conditions=EndpointConditions(ready=ready, serving=serving, terminating=terminating),
        hostname=hostname_in(service, pod) or None,
        node_name=pod.spec.node_name or None,
        zone=zone or None,
        target_ref=reference_to(pod),
        hints=_hints(service.spec.traffic_distribution, pod.spec.node_name, zone),
    )


def _hints(distribution: str | None, node_name: str, zone: str) -> EndpointHints | None:
    """Who should prefer the endpoint, as the Service asks to keep traffic close."""
    zones = (ForZone(name=zone),) if zone and distribution is not None else ()
    nodes = (ForNode(name=node_name),) if node_name and distribution == "PreferSameNode" else ()
    return EndpointHints(for_zones=zones, for_nodes=nodes) if zones or nodes else None
