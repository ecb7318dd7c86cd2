"""Rules of a NetworkPolicy."""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.address_warnings import cidr_warnings
from apiserver.strategies.label_rules import validate_label_selector
from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    forbidden,
    invalid,
    not_supported,
    required,
)
from knarr.api.networking.network_policy import (
    IPBlock,
    NetworkPolicy,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicySpec,
)
from knarr.api.printing.networking import network_policy_row

PROTOCOLS = ("TCP", "UDP", "SCTP")
TYPES = ("Ingress", "Egress")
TYPES_MAX = 2


class NetworkPolicyRules(Strategy[NetworkPolicy]):
    """What holds for a NetworkPolicy."""

    has_status = False

    def default(self, obj: NetworkPolicy) -> NetworkPolicy:
        """Fill in protocols and which way the policy works."""
        spec = obj.spec
        types = spec.policy_types or (TYPES if spec.egress else TYPES[:1])
        defaulted = replace(
            spec,
            policy_types=types,
            ingress=tuple(replace(rule, ports=_ports(rule.ports)) for rule in spec.ingress),
            egress=tuple(replace(rule, ports=_ports(rule.ports)) for rule in spec.egress),
        )
        return replace(obj, spec=defaulted)

    def validate(self, obj: NetworkPolicy) -> Iterable[FieldError]:
        """The rules of every NetworkPolicy."""
        return _spec(obj.spec, "spec")

    def warnings(self, obj: NetworkPolicy, old: NetworkPolicy | None) -> Iterable[str]:
        """Ranges of addresses in odd forms."""
        rules = [("ingress", "from", [each.from_ for each in obj.spec.ingress])]
        rules.append(("egress", "to", [each.to for each in obj.spec.egress]))
        for way, name, sides in rules:
            for i, peers in enumerate(sides):
                for j, peer in enumerate(peers):
                    yield from _block_warnings(peer, f"spec.{way}[{i}].{name}[{j}].ipBlock")

    def row(self, obj: NetworkPolicy, now: datetime) -> Sequence[Any]:
        """Name, pods, age."""
        return network_policy_row(obj, now)


def _ports(ports: Sequence[NetworkPolicyPort]) -> tuple[NetworkPolicyPort, ...]:
    return tuple(replace(port, protocol="TCP") if port.protocol is None else port for port in ports)


def _spec(spec: NetworkPolicySpec, path: str) -> Iterator[FieldError]:
    yield from validate_label_selector(spec.pod_selector, f"{path}.podSelector")
    for i, ingress in enumerate(spec.ingress):
        yield from _rule(ingress.ports, ingress.from_, f"{path}.ingress[{i}]", "from")
    for i, egress in enumerate(spec.egress):
        yield from _rule(egress.ports, egress.to, f"{path}.egress[{i}]", "to")
    if len(spec.policy_types) > TYPES_MAX:
        yield invalid(
            f"{path}.policyTypes", spec.policy_types, "may not specify more than two policyTypes"
        )
        return
    for i, each in enumerate(spec.policy_types):
        if each not in TYPES:
            yield not_supported(f"{path}.policyTypes[{i}]", each, TYPES)


def _rule(
    ports: Sequence[NetworkPolicyPort], peers: Sequence[NetworkPolicyPeer], path: str, name: str
) -> Iterator[FieldError]:
    for i, port in enumerate(ports):
        yield from _port(port, f"{path}.ports[{i}]")
    for i, peer in enumerate(peers):
        yield from _peer(peer, f"{path}.{name}[{i}]")


def _port(port: NetworkPolicyPort, path: str) -> Iterator[FieldError]:
    if port.protocol is not None and port.protocol not in PROTOCOLS:
        yield not_supported(f"{path}.protocol", port.protocol, PROTOCOLS)
    if port.port is None:
        if port.end_port is not None:
            yield required(f"{path}.port", "must be specified when `endPort` is specified")
        return
    yield from broken_names(f"{path}.port", port.port, names.port(port.port))
    if port.end_port is None:
        return
    if isinstance(port.port, str):
        yield invalid(
            f"{path}.endPort", port.end_port, "may not be specified when `port` is non-numeric"
        )
        return
    if port.end_port < port.port:
        yield invalid(f"{path}.endPort", port.end_port, "must be greater than or equal to `port`")
    yield from broken_names(f"{path}.endPort", port.end_port, names.port_number(port.end_port))


def _peer(peer: NetworkPolicyPeer, path: str) -> Iterator[FieldError]:
    peers = 0
    for selector, name in (
        (peer.pod_selector, "podSelector"),
        (peer.namespace_selector, "namespaceSelector"),
    ):
        if selector is not None:
            peers += 1
            yield from validate_label_selector(selector, f"{path}.{name}")
    if peer.ip_block is not None:
        peers += 1
        yield from _ip_block(peer.ip_block, f"{path}.ipBlock")
    if not peers:
        yield required(path, "must specify a peer")
    elif peer.ip_block is not None and peers > 1:
        yield forbidden(path, "may not specify both ipBlock and another peer")


def _block_warnings(peer: NetworkPolicyPeer, path: str) -> Iterator[str]:
    if peer.ip_block is None:
        return
    yield from cidr_warnings(peer.ip_block.cidr, f"{path}.cidr")
    for i, each in enumerate(peer.ip_block.except_):
        yield from cidr_warnings(each, f"{path}.except[{i}]")


def _ip_block(block: IPBlock, path: str) -> Iterator[FieldError]:
    if not block.cidr:
        yield required(f"{path}.cidr")
        return
    broken = names.cidr(block.cidr)
    yield from broken_names(f"{path}.cidr", block.cidr, broken)
    if broken:
        return
    whole = ipaddress.ip_network(block.cidr, strict=False)
    for i, each in enumerate(block.except_):
        broken = names.cidr(each)
        yield from broken_names(f"{path}.except[{i}]", each, broken)
        if not broken and not _is_within(ipaddress.ip_network(each, strict=False), whole):
            yield invalid(f"{path}.except[{i}]", each, "must be a strict subset of `cidr`")


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _is_within(part: Network, whole: Network) -> bool:
    return (
        part.version == whole.version
        and part.prefixlen > whole.prefixlen
        and part.network_address in whole
    )
