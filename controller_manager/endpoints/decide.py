"""Which addresses the Endpoints object of a Service lists."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

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
from knarr.api.core.endpoints import EndpointAddress, EndpointPort, Endpoints, EndpointSubset
from knarr.api.core.pod import Pod
from knarr.api.core.service import Service
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.plan import Plan
from knarr.api.pods import is_ready

ADDRESSES_MAX = 1000
"""Most addresses listed; more would make the object too large to send around."""

OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
"""The annotation of an object that leaves addresses out."""

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
"""The label that says who writes the object."""

MANAGER = "endpoint-controller"


def decide(service: Service | None, pods: Iterable[Pod], existing: Endpoints | None) -> Plan:
    """Compare the pods a Service selects with its Endpoints. They go when the Service goes."""
    if service is None:
        return Plan(delete=() if existing is None else (existing,))
    if not has_endpoints(service):
        return Plan()
    subsets = _subsets(service, list(pods))
    subsets, is_over = _cut(subsets)
    wanted = _wanted(service, existing, subsets, is_over=is_over)
    if existing is None:
        return Plan(create=(wanted,))
    return Plan(update=() if wanted == existing else (wanted,))


def _wanted(
    service: Service,
    existing: Endpoints | None,
    subsets: tuple[EndpointSubset, ...],
    *,
    is_over: bool,
) -> Endpoints:
    labels = {**service.metadata.labels, MANAGED_BY: MANAGER}
    labels.pop(HEADLESS, None)
    if is_headless(service):
        labels[HEADLESS] = ""
    stored = existing or Endpoints(
        metadata=ObjectMeta(name=service.metadata.name, namespace=service.metadata.namespace)
    )
    annotations = dict(stored.metadata.annotations)
    annotations.pop(OVER_CAPACITY, None)
    if is_over:
        annotations[OVER_CAPACITY] = "truncated"
    metadata = replace(stored.metadata, labels=labels, annotations=annotations)
    return replace(stored, metadata=metadata, subsets=subsets)


Side = frozenset[tuple[str, bool]]


def _subsets(service: Service, pods: Iterable[Pod]) -> tuple[EndpointSubset, ...]:
    """Addresses in groups that share their ports, as small as they get."""
    addresses: dict[tuple[str, bool], EndpointAddress] = {}
    by_port: dict[EndpointPort | None, set[tuple[str, bool]]] = {}
    for pod in reachable(pods):
        if pod.metadata.deletion_timestamp is not None:
            continue
        address = _address(service, pod)
        if address is None:
            continue
        is_listed_ready = service.spec.publish_not_ready_addresses or is_ready(pod)
        place = (address.ip, is_listed_ready)
        addresses[place] = address
        for port in _ports(service, pod):
            by_port.setdefault(port, set()).add(place)
    by_places: dict[Side, list[EndpointPort]] = {}
    for port, places in by_port.items():
        ports = by_places.setdefault(frozenset(places), [])
        if port is not None:
            ports.append(port)
    subsets = [_subset(addresses, places, ports) for places, ports in by_places.items()]
    return tuple(sorted(subsets, key=_order))


def _subset(
    addresses: dict[tuple[str, bool], EndpointAddress], places: Side, ports: list[EndpointPort]
) -> EndpointSubset:
    ordered = sorted(places)
    return EndpointSubset(
        addresses=tuple(addresses[place] for place in ordered if place[1]),
        not_ready_addresses=tuple(addresses[place] for place in ordered if not place[1]),
        ports=tuple(sorted(ports, key=lambda port: (port.name, port.port, port.protocol))),
    )


def _order(subset: EndpointSubset) -> tuple[str, ...]:
    listed = (*subset.addresses, *subset.not_ready_addresses)
    return (*(f"{port.name}:{port.port}" for port in subset.ports), *(each.ip for each in listed))


def _address(service: Service, pod: Pod) -> EndpointAddress | None:
    family = service.spec.ip_families[0] if service.spec.ip_families else "IPv4"
    addresses = addresses_of(pod, family)
    if not addresses:
        return None
    return EndpointAddress(
        ip=addresses[0],
        hostname=hostname_in(service, pod),
        node_name=pod.spec.node_name or None,
        target_ref=reference_to(pod),
    )


def _ports(service: Service, pod: Pod) -> Iterator[EndpointPort | None]:
    """The pod's ports; one None for a headless Service without ports."""
    if not service.spec.ports and is_headless(service):
        yield None
    for service_port in service.spec.ports:
        port = target_port(service_port, pod)
        if port is not None:
            yield EndpointPort(
                name=service_port.name,
                port=port,
                protocol=service_port.protocol or "TCP",
                app_protocol=service_port.app_protocol,
            )


def _cut(subsets: tuple[EndpointSubset, ...]) -> tuple[tuple[EndpointSubset, ...], bool]:
    """Leave addresses out that are too many, the unready ones first."""
    total = sum(len(each.addresses) + len(each.not_ready_addresses) for each in subsets)
    if total <= ADDRESSES_MAX:
        return subsets, False
    left = ADDRESSES_MAX
    ready: list[tuple[EndpointAddress, ...]] = []
    for subset in subsets:
        ready.append(subset.addresses[:left])
        left -= len(ready[-1])
    cut = []
    for subset, addresses in zip(subsets, ready, strict=True):
        not_ready = subset.not_ready_addresses[:left]
        left -= len(not_ready)
        if addresses or not_ready:
            cut.append(replace(subset, addresses=addresses, not_ready_addresses=not_ready))
    return tuple(cut), True
