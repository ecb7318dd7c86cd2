"""Table lines of networking.k8s.io and discovery.k8s.io."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.networking.ingress import Ingress
from knarr.api.networking.ingress_class import IngressClass
from knarr.api.networking.ip_address import IPAddress
from knarr.api.networking.network_policy import NetworkPolicy
from knarr.api.networking.service_cidr import ServiceCIDR
from knarr.api.printing.cells import NONE, UNSET, age, some
from knarr.api.selectors import describe

SHOWN_MAX = 3


def ingress_row(ingress: Ingress, now: datetime) -> Sequence[Any]:
    """Name, class, hosts, address, ports, age."""
    spec = ingress.spec
    addresses = [
        each.ip or each.hostname
        for each in ingress.status.load_balancer.ingress
        if each.ip or each.hostname
    ]
    hosts = [rule.host for rule in spec.rules if rule.host]
    return [
        ingress.metadata.name,
        NONE if spec.ingress_class_name is None else spec.ingress_class_name,
        some(hosts, at_most=SHOWN_MAX, empty="*"),
        ",".join(addresses),
        "80, 443" if spec.tls else "80",
        age(ingress.metadata, now),
    ]


def ingress_class_row(ingress_class: IngressClass, now: datetime) -> Sequence[Any]:
    """Name, controller, parameters, age."""
    parameters, told = ingress_class.spec.parameters, NONE
    if parameters is not None:
        group = f".{parameters.api_group}" if parameters.api_group is not None else ""
        told = f"{parameters.kind}{group}/{parameters.name}"
    return [
        ingress_class.metadata.name,
        ingress_class.spec.controller,
        told,
        age(ingress_class.metadata, now),
    ]


def network_policy_row(policy: NetworkPolicy, now: datetime) -> Sequence[Any]:
    """Name, pods, age."""
    selector = policy.spec.pod_selector
    told = describe(selector) if selector is not None else NONE
    return [policy.metadata.name, told, age(policy.metadata, now)]


def ip_address_row(address: IPAddress, _now: datetime) -> Sequence[Any]:
    """Name and parent."""
    parent = address.spec.parent_ref
    resource = f"{parent.resource}.{parent.group}" if parent.group else parent.resource
    parts = [resource.lower(), parent.namespace, parent.name]
    return [address.metadata.name, "/".join(part for part in parts if part)]


def service_cidr_row(cidr: ServiceCIDR, now: datetime) -> Sequence[Any]:
    """Name, blocks, age."""
    return [cidr.metadata.name, ",".join(cidr.spec.cidrs), age(cidr.metadata, now)]


def endpoint_slice_row(endpoint_slice: EndpointSlice, now: datetime) -> Sequence[Any]:
    """Name, address type, ports, endpoints, age."""
    ports = ["*" if port.port is None else str(port.port) for port in endpoint_slice.ports or ()]
    addresses = [address for each in endpoint_slice.endpoints or () for address in each.addresses]
    return [
        endpoint_slice.metadata.name,
        endpoint_slice.address_type,
        some(ports, at_most=SHOWN_MAX, empty=UNSET),
        some(addresses, at_most=SHOWN_MAX, empty=UNSET),
        age(endpoint_slice.metadata, now),
    ]
