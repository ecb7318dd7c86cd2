"""Which routes lead to the other nodes' pods. Pure."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from knarr.api.core.node import Node

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Tunnel(Struct, frozen=True):
    """A node that shares no link with ours: packets to it travel within others."""

    gateway: str
    """The far end's address within the tunnel: the first of its range, which no pod has."""
    mac: str
    remote: str
    """The node's own address."""


class Wanted(Struct, frozen=True):
    """All routes of one node."""

    direct: Mapping[str, str] = field(default_factory=dict)
    """The nodes' addresses by their ranges."""
    tunnels: Mapping[str, Tunnel] = field(default_factory=dict)
    """Ranges of nodes behind a router."""


def decide(nodes: Iterable[Node], own_name: str, links: Sequence[Network]) -> Wanted:
    """The routes of the node `own_name` whose links reach these networks directly."""
    direct: dict[str, str] = {}
    tunnels: dict[str, Tunnel] = {}
    nodes = tuple(nodes)
    # Nodes that share our address are on this host: the kernel knows the way to them.
    here = {
        address_of(one, version=v) for one in nodes for v in (4, 6) if one.metadata.name == own_name
    }
    for node in sorted(nodes, key=lambda one: one.metadata.name):
        if node.metadata.name == own_name:
            continue
        for cidr in node.spec.pod_cidrs or ((node.spec.pod_cidr,) if node.spec.pod_cidr else ()):
            address = address_of(node, version=_version(cidr))
            if not address or address in here or cidr in direct or cidr in tunnels:
                continue
            if any(ipaddress.ip_address(address) in one for one in links):
                direct[cidr] = address
            elif _version(cidr) == 4:
                tunnels[cidr] = Tunnel(inner_address(cidr), mac_of(cidr), address)
    return Wanted(direct, tunnels)


def address_of(node: Node, *, version: int = 4) -> str:
    """The node's own address of one family, empty where it has none yet."""
    for one in node.status.addresses:
        if one.type == "InternalIP" and _version(one.address) == version:
            return one.address
    return ""


def inner_address(cidr: str) -> str:
    """The address of a node within the tunnel."""
    return str(ipaddress.ip_network(cidr, strict=False).network_address)


def mac_of(cidr: str) -> str:
    """The hardware address of a node within the tunnel: everybody can tell it from the range."""
    packed = ipaddress.ip_network(cidr, strict=False).network_address.packed
    return "ee:00:" + ":".join(f"{byte:02x}" for byte in packed[:4])


def _version(text: str) -> int:
    try:
        return ipaddress.ip_network(text, strict=False).version
    except ValueError:
        return 0
