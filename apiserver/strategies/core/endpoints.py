"""Rules of Endpoints."""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.core.endpoints import EndpointAddress, EndpointPort, Endpoints, EndpointSubset
from knarr.api.field_errors import FieldError, broken_names, invalid, not_supported, required
from knarr.api.printing.core import endpoints_row

PROTOCOLS = ("SCTP", "TCP", "UDP")

_OWN_LOOPBACK = ipaddress.ip_network("127.0.0.0/16")
"""The part of 127/8 that is the host itself. The rest may be pods: see docs on networking."""
_SERVER = ("default", "kubernetes")
"""The server writes its own address there, which is the host itself where all runs on one."""


class EndpointsRules(Strategy[Endpoints]):
    """What holds for Endpoints."""

    has_status = False
    has_generation = False
    allow_create_on_update = True

    def default(self, obj: Endpoints) -> Endpoints:
        """Ports are TCP unless told otherwise."""
        if all(port.protocol for subset in obj.subsets for port in subset.ports):
            return obj
        return replace(obj, subsets=tuple(map(_default_subset, obj.subsets)))

    def validate(self, obj: Endpoints) -> Iterable[FieldError]:
        """Addresses that can be reached, ports with names where there are several."""
        here = (obj.metadata.namespace, obj.metadata.name) == _SERVER
        return _validate(obj.subsets, host_allowed=here)

    def row(self, obj: Endpoints, now: datetime) -> Sequence[Any]:
        """Name, addresses with ports, age."""
        return endpoints_row(obj, now)


def _default_subset(subset: EndpointSubset) -> EndpointSubset:
    ports = tuple(port if port.protocol else replace(port, protocol="TCP") for port in subset.ports)
    return replace(subset, ports=ports)


def _validate(subsets: tuple[EndpointSubset, ...], *, host_allowed: bool) -> Iterator[FieldError]:
    for i, subset in enumerate(subsets):
        at = f"subsets[{i}]"
        if not subset.addresses and not subset.not_ready_addresses:
            yield required(at, "must specify `addresses` or `notReadyAddresses`")
        for j, address in enumerate(subset.addresses):
            if not (host_allowed and address.ip.startswith("127.")):
                yield from _validate_address(address, f"{at}.addresses[{j}]")
        for j, address in enumerate(subset.not_ready_addresses):
            yield from _validate_address(address, f"{at}.notReadyAddresses[{j}]")
        for j, port in enumerate(subset.ports):
            several = len(subset.ports) > 1
            yield from _validate_port(port, f"{at}.ports[{j}]", name_wanted=several)


def _validate_address(address: EndpointAddress, path: str) -> Iterator[FieldError]:
    yield from broken_names(f"{path}.ip", address.ip, names.ip_address(address.ip))
    if address.hostname:
        yield from broken_names(
            f"{path}.hostname", address.hostname, names.dns_label(address.hostname)
        )
    if address.node_name is not None:
        yield from broken_names(
            f"{path}.nodeName", address.node_name, names.dns_subdomain(address.node_name)
        )
    yield from validate_reachable(address.ip, f"{path}.ip")


def validate_reachable(address: str, path: str) -> Iterator[FieldError]:
    """An address that others than the host itself can reach."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        yield invalid(path, address, "must be a valid IP address")
        return
    if parsed.is_unspecified:
        yield invalid(path, address, f"may not be unspecified ({address})")
    if parsed.is_loopback and (parsed.version == 6 or parsed in _OWN_LOOPBACK):
        detail = "may not be in the loopback range (127.0.0.0/8, ::1/128)"
        yield invalid(path, address, detail)
    if parsed.is_link_local:
        detail = "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
        yield invalid(path, address, detail)
    if _is_link_local_multicast(parsed):
        detail = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
        yield invalid(path, address, detail)


def _is_link_local_multicast(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    wide = "224.0.0.0/24" if address.version == 4 else "ff02::/16"
    return address in ipaddress.ip_network(wide)


def _validate_port(port: EndpointPort, path: str, *, name_wanted: bool) -> Iterator[FieldError]:
    if port.name:
        yield from broken_names(f"{path}.name", port.name, names.dns_label(port.name))
    elif name_wanted:
        yield required(f"{path}.name")
    yield from broken_names(f"{path}.port", port.port, names.port_number(port.port))
    if not port.protocol:
        yield required(f"{path}.protocol")
    elif port.protocol not in PROTOCOLS:
        yield not_supported(f"{path}.protocol", port.protocol, PROTOCOLS)
    if port.app_protocol is not None:
        broken = names.qualified_name(port.app_protocol)
        yield from broken_names(f"{path}.appProtocol", port.app_protocol, broken)
