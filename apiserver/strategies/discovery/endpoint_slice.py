"""Rules of an EndpointSlice."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.rules import immutable
from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.discovery.endpoint_slice import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
)
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    duplicate,
    invalid,
    not_supported,
    required,
    too_many,
)
from knarr.api.printing.networking import endpoint_slice_row

ADDRESSES_MAX = 100
PORTS_MAX = 20_000
ENDPOINTS_MAX = 1000
ZONE_HINTS_MAX = 8
NODE_HINTS_MAX = 8
TOPOLOGY_MAX = 16
PROTOCOLS = ("TCP", "UDP", "SCTP")
ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")


class EndpointSliceRules(Strategy[EndpointSlice]):
    """What holds for an EndpointSlice."""

    has_status = False
    generation_without_spec = True

    def default(self, obj: EndpointSlice) -> EndpointSlice:
        """Ports have a name and a protocol."""
        ports = tuple(
            replace(
                port,
                name="" if port.name is None else port.name,
                protocol="TCP" if port.protocol is None else port.protocol,
            )
            for port in obj.ports
        )
        endpoints = tuple(
            replace(each, conditions=each.conditions or EndpointConditions())
            for each in obj.endpoints
        )
        return replace(obj, ports=ports, endpoints=endpoints)

    def validate(self, obj: EndpointSlice) -> Iterable[FieldError]:
        """Addresses fit their type; ports have names of their own."""
        yield from _address_type(obj.address_type, "addressType")
        errors = _endpoints(obj.endpoints, obj.address_type, "endpoints")
        if (obj.metadata.namespace, obj.metadata.name) == _SERVER:
            # The server's own address is the host itself where all runs on one.
            errors = (error for error in errors if not str(error.value).startswith("127."))
        yield from errors
        yield from _ports(obj.ports, "ports")

    def validate_update(self, obj: EndpointSlice, old: EndpointSlice) -> Iterable[FieldError]:
        """The type of addresses stays."""
        return immutable(obj.address_type, old.address_type, "addressType")

    def row(self, obj: EndpointSlice, now: datetime) -> Sequence[Any]:
        """Name, address type, ports, endpoints, age."""
        return endpoint_slice_row(obj, now)


def _address_type(kind: str, path: str) -> Iterator[FieldError]:
    if not kind:
        yield required(path)
    elif kind not in ADDRESS_TYPES:
        yield not_supported(path, kind, ADDRESS_TYPES)


def _endpoints(endpoints: Sequence[Endpoint], kind: str, path: str) -> Iterator[FieldError]:
    if len(endpoints) > ENDPOINTS_MAX:
        yield too_many(path, len(endpoints), ENDPOINTS_MAX)
        return
    for i, endpoint in enumerate(endpoints):
        yield from _endpoint(endpoint, kind, f"{path}[{i}]")


def _endpoint(endpoint: Endpoint, kind: str, path: str) -> Iterator[FieldError]:
    addresses = f"{path}.addresses"
    if not endpoint.addresses:
        yield required(addresses, "must contain at least 1 address")
    elif len(endpoint.addresses) > ADDRESSES_MAX:
        yield too_many(addresses, len(endpoint.addresses), ADDRESSES_MAX)
    for i, address in enumerate(endpoint.addresses):
        yield from _address(address, kind, f"{addresses}[{i}]")
    if endpoint.node_name is not None:
        yield from broken_names(
            f"{path}.nodeName", endpoint.node_name, names.dns_subdomain(endpoint.node_name)
        )
    topology = endpoint.deprecated_topology
    if len(topology) > TOPOLOGY_MAX:
        yield too_many(f"{path}.deprecatedTopology", len(topology), TOPOLOGY_MAX)
    if "kubernetes.io/hostname" in topology:
        yield invalid(
            f"{path}.deprecatedTopology[kubernetes.io/hostname]",
            "",
            "may not be set, use nodeName",
        )
    if endpoint.hostname is not None:
        yield from broken_names(
            f"{path}.hostname", endpoint.hostname, names.dns_label(endpoint.hostname)
        )
    yield from _hints(endpoint, f"{path}.hints")


def _address(address: str, kind: str, path: str) -> Iterator[FieldError]:
    if kind == "FQDN":
        yield from broken_names(path, address, names.dns_subdomain(address))
        return
    broken = names.ip_address(address)
    if kind in ("IPv4", "IPv6"):
        is_right = not broken and (":" in address) == (kind == "IPv6")
        if not is_right:
            word = "an IPv4" if kind == "IPv4" else "an IPv6"
            yield from broken_names(path, address, broken or [f"must be {word} address"])
            return
        yield from _special(address, path)


_SERVER = ("default", "kubernetes")

# Of 127/8 only 127.0/16 is the host itself; the rest may be pods where pods have no network.
_SPECIAL = (
    (("0.0.0.0", "::"), "may not be unspecified"),
    (("127.0.", "::1"), "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
    (("169.254.", "fe80:"), "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
    (
        ("224.0.0.", "ff02:"),
        "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
    ),
)


def _special(address: str, path: str) -> Iterator[FieldError]:
    for (four, six), told in _SPECIAL:
        is_four = address == four if four == "0.0.0.0" else address.startswith(four)
        is_six = address.startswith(six) if six.endswith(":") and six != "::" else address == six
        if is_four or is_six:
            yield invalid(path, address, f"{told}")
            return


def _hints(endpoint: Endpoint, path: str) -> Iterator[FieldError]:
    if endpoint.hints is None:
        return
    zones = [each.name for each in endpoint.hints.for_zones]
    nodes = [each.name for each in endpoint.hints.for_nodes]
    yield from _some_hints(zones, f"{path}.forZones", names.label_value, ZONE_HINTS_MAX)
    yield from _some_hints(nodes, f"{path}.forNodes", names.dns_subdomain, NODE_HINTS_MAX)


def _some_hints(
    hints: Sequence[str], path: str, rule: Callable[[str], list[str]], maximum: int
) -> Iterator[FieldError]:
    if len(hints) > maximum:
        yield too_many(path, len(hints), maximum)
        return
    for i, hint in enumerate(hints):
        if hint in hints[:i]:
            yield duplicate(f"{path}[{i}].name", hint)
        yield from broken_names(f"{path}[{i}].name", hint, rule(hint))


def _ports(ports: Sequence[EndpointPort], path: str) -> Iterator[FieldError]:
    if len(ports) > PORTS_MAX:
        yield too_many(path, len(ports), PORTS_MAX)
        return
    seen: set[str] = set()
    for i, port in enumerate(ports):
        if port.name:
            yield from broken_names(f"{path}[{i}].name", port.name, names.dns_label(port.name))
        if (port.name or "") in seen:
            yield duplicate(f"{path}[{i}].name", port.name)
        seen.add(port.name or "")
        yield from _port(port, f"{path}[{i}]")


def _port(port: EndpointPort, path: str) -> Iterator[FieldError]:
    if port.protocol is None:
        yield required(f"{path}.protocol")
    elif port.protocol not in PROTOCOLS:
        yield not_supported(f"{path}.protocol", port.protocol, PROTOCOLS)
    if port.port is not None:
        yield from broken_names(f"{path}.port", port.port, names.port_number(port.port))
    if port.app_protocol is not None:
        yield from broken_names(
            f"{path}.appProtocol", port.app_protocol, names.qualified_name(port.app_protocol)
        )
