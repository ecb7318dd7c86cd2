"""Which EndpointSlices mirror an Endpoints object that somebody wrote by hand."""

from collections.abc import Iterable, Iterator

from controller_manager.endpointslice.packing import MANAGED_BY, SERVICE_NAME, Group, pack
from controller_manager.endpointslice.pods import family_of
from knarr.api.core.endpoints import EndpointAddress, Endpoints, EndpointSubset
from knarr.api.core.service import Service
from knarr.api.discovery.endpoint_slice import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
)
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.owners import controller_reference
from knarr.api.plan import Plan

MANAGER = "endpointslicemirroring-controller.k8s.io"
"""Slices with another manager are left alone."""

SKIP = "endpointslice.kubernetes.io/skip-mirror"
"""The label of Endpoints that nobody is to mirror."""

LEADER = "control-plane.alpha.kubernetes.io/leader"
"""The annotation of Endpoints that are a lock and no list of addresses."""

ADDRESSES_PER_SUBSET_MAX = 1000
"""Most addresses of a subset that are mirrored."""


def decide(
    endpoints: Endpoints | None, service: Service | None, slices: Iterable[EndpointSlice]
) -> Plan:
    """Compare Endpoints with the slices that mirror them."""
    ours = [each for each in slices if each.metadata.labels.get(MANAGED_BY) == MANAGER]
    if endpoints is None or not _is_mirrored(endpoints, service):
        return Plan(delete=tuple(ours))
    packed = pack(_wanted(endpoints), ours, _metadata(endpoints))
    return Plan(
        update=tuple(packed.update), delete=tuple(packed.delete), create=tuple(packed.create)
    )


def _is_mirrored(endpoints: Endpoints, service: Service | None) -> bool:
    metadata = endpoints.metadata
    return (
        service is not None
        and not service.spec.selector
        and metadata.labels.get(SKIP) != "true"
        and LEADER not in metadata.annotations
        and metadata.deletion_timestamp is None
    )


def _metadata(endpoints: Endpoints) -> ObjectMeta:
    name = endpoints.metadata.name
    return ObjectMeta(
        generate_name=f"{name}-",
        namespace=endpoints.metadata.namespace,
        labels={**endpoints.metadata.labels, SERVICE_NAME: name, MANAGED_BY: MANAGER},
        owner_references=(controller_reference(endpoints),),
    )


def _wanted(endpoints: Endpoints) -> dict[Group, list[Endpoint]]:
    wanted: dict[Group, list[Endpoint]] = {}
    for subset in endpoints.subsets:
        ports = tuple(_ports(subset))
        listed = [
            *((address, True) for address in subset.addresses),
            *((address, False) for address in subset.not_ready_addresses),
        ]
        for address, ready in listed[:ADDRESSES_PER_SUBSET_MAX]:
            group = (family_of(address.ip), ports)
            wanted.setdefault(group, []).append(_endpoint(address, ready=ready))
    return wanted


def _ports(subset: EndpointSubset) -> Iterator[EndpointPort]:
    for port in subset.ports:
        yield EndpointPort(
            name=port.name,
            port=port.port,
            protocol=port.protocol or "TCP",
            app_protocol=port.app_protocol,
        )


def _endpoint(address: EndpointAddress, *, ready: bool) -> Endpoint:
    return Endpoint(
        addresses=(address.ip,),
        conditions=EndpointConditions(ready=ready),
        hostname=address.hostname or None,
        node_name=address.node_name,
        target_ref=address.target_ref,
    )
