"""The tables that the kernel carries Services by, as nft text. Pure.

One table a family. Base chains look the destination up in verdict maps, which lead
to a chain for the number of endpoints; that takes one of them, by chance, from a map
of all Services' endpoints. So a Service is elements of maps and the chains are few:
the kernel walks through all rules at each change, and nft reads all chains before it.
What the elements and further chains of a Service are says content.py.
"""

import ipaddress
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

TABLE = "knarr-proxy"

MARK = 0x4000
"""The bit that says that a packet's source is to be replaced on its way out."""

PROTOCOLS = ("tcp", "udp", "sctp")

CHOICES_MAX = 65536
"""More endpoints than any Service has."""

Family = Literal["ip", "ip6"]


class RulesetOptions(Struct, frozen=True, kw_only=True):
    """What the node is like."""

    family: Family = "ip"
    cluster_cidr: str = ""
    """Where pods are; others' sources are replaced on their way to a pod of another node."""
    nodeport_addresses: tuple[str, ...] = ()
    """Ranges of our addresses at which node ports answer; empty: all of them."""
    masquerade_all: bool = False
    table: str = TABLE
    """Clusters that share a machine have a table each."""

    @property
    def name(self) -> str:
        """The table as nft wants it: family and name."""
        return f"{self.family} {self.table}"

    @property
    def is_v6(self) -> bool:
        """Whether this is the other family."""
        return self.family == "ip6"

    @property
    def address_type(self) -> str:
        """The word of nft for an address."""
        return "ipv6_addr" if self.is_v6 else "ipv4_addr"

    @property
    def loopback(self) -> str:
        """Addresses that never leave the machine."""
        return "::1" if self.is_v6 else "127.0.0.0/8"


def base(options: RulesetOptions) -> str:
    """The table as it is without any Service; one transaction that replaces what was there."""
    name = options.name
    return f"add table {name}\ndelete table {name}\n" + _BASE.format(
        name=name,
        f=options.family,
        a=options.address_type,
        mark=hex(MARK),
        nodeports=_nodeports_match(options),
        localnet=_guard(options),
        outsiders=_outsiders(options),
        endpoint_maps="\n".join(_endpoint_maps(options)),
    )


def removal(options: RulesetOptions) -> str:
    """What leaves nothing behind."""
    name = options.name
    return f"add table {name}\ndelete table {name}\n"


def _nodeports_match(options: RulesetOptions) -> str:
    ranges = [
        one
        for one in options.nodeport_addresses
        if (ipaddress.ip_network(one, strict=False).version == 6) == options.is_v6
    ]
    if not ranges:
        return "fib daddr type local"
    return f"fib daddr type local {options.family} daddr {{ {', '.join(ranges)} }}"


def _guard(options: RulesetOptions) -> str:
    """Addresses of the loopback stay the machine's own, even where they may be routed."""
    return f'iifname != "lo" {options.family} daddr {options.loopback} drop'


def _endpoint_maps(options: RulesetOptions) -> Iterator[str]:
    """By what a packet is for and a number where it goes, of either family and protocol.

    A map for each protocol, as nft 1.0.6 reads back from the kernel a port of TCP or
    of UDP, but not one of either.
    """
    for protocol in PROTOCOLS:
        port = f"{protocol} dport"
        number = f"numgen random mod {CHOICES_MAX}"
        to = f"{options.family} daddr . {port}"
        for name, key in (("endpoints", to), ("nodeport-endpoints", port)):
            for prefix in ("", "local-"):
                yield f"  map {prefix}{name}-{protocol} {{ typeof {key} . {number} : {to}; }}"


def _outsiders(options: RulesetOptions) -> str:
    """Clients from outside the cluster get replies from us, or not at all."""
    family = options.family
    to_us = f"{family} daddr @cluster-ips jump mark-for-masquerade"
    if options.masquerade_all:
        return to_us
    return f"{family} saddr != {options.cluster_cidr} {to_us}" if options.cluster_cidr else ""


_BASE = """table {name} {{
  comment "Services, by knarr-proxy"
  set cluster-ips {{ type {a}; }}
  set hairpins {{ type {a} . {a}; }}
  map service-ips {{ type {a} . inet_proto . inet_service : verdict; }}
  map service-nodeports {{ type inet_proto . inet_service : verdict; }}
  map no-endpoint-services {{ type {a} . inet_proto . inet_service : verdict; }}
  map no-endpoint-nodeports {{ type inet_proto . inet_service : verdict; }}
{endpoint_maps}
  map firewall-ips {{ type {a} . inet_proto . inet_service : verdict; }}
  chain mark-for-masquerade {{
    meta mark set meta mark | {mark}
  }}
  chain masquerading {{
    meta mark & {mark} == 0 return
    meta mark set meta mark ^ {mark}
    masquerade fully-random
  }}
  chain reject-chain {{
    meta l4proto tcp reject with tcp reset
    reject
  }}
  chain services {{
    {outsiders}
    {f} daddr . meta l4proto . th dport vmap @service-ips
    {nodeports} meta l4proto . th dport vmap @service-nodeports
  }}
  chain refusals {{
    {f} daddr . meta l4proto . th dport vmap @no-endpoint-services
    {nodeports} meta l4proto . th dport vmap @no-endpoint-nodeports
    {f} daddr @cluster-ips goto reject-chain
  }}
  chain filter-prerouting {{
    type filter hook prerouting priority dstnat - 10; policy accept;
    {localnet}
    ct state new {f} daddr . meta l4proto . th dport vmap @firewall-ips
  }}
  chain nat-prerouting {{
    type nat hook prerouting priority dstnat - 5; policy accept;
    jump services
  }}
  chain nat-output {{
    type nat hook output priority -105; policy accept;
    jump services
  }}
  chain nat-postrouting {{
    type nat hook postrouting priority srcnat - 5; policy accept;
    ct status dnat {f} saddr . {f} daddr @hairpins masquerade fully-random
    jump masquerading
  }}
  chain filter-input {{
    type filter hook input priority -10; policy accept;
    ct state new jump refusals
  }}
  chain filter-forward {{
    type filter hook forward priority -10; policy accept;
    ct state new jump refusals
  }}
  chain filter-output {{
    type filter hook output priority -10; policy accept;
    ct state new jump refusals
  }}
}}
"""
