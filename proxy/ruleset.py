"""What the kernel is told of each Service, as nft text. Pure.

One table a family. Base chains look the destination up in verdict maps; a map
leads to the Service's chain, which rewrites the address to that of an endpoint,
by way of a chain of the endpoint's own where clients stay with theirs. An
endpoint that reaches itself by its Service is found in a set on the way out.
The content of a Service is its chains, sets and elements; a change of a Service
is the difference of two contents and touches nothing else.

Endpoints are chosen by one `numgen` rule each: one anonymous map a Service
instead costs the kernel a walk over all others at each load. Chains are few,
because nft reads them all before each change.
"""

import hashlib
import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct, field

from proxy.model import Backend, ServicePort

TABLE = "knarr-proxy"

MARK = 0x4000
"""The bit that says that a packet's source is to be replaced on its way out."""

ELEMENTS_MAX = 1000
"""So many elements stand in one command, so that no line grows without bounds."""

Family = Literal["ip", "ip6"]
Element = tuple[str, str]
"""The map or set, and the key in it."""


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


class Content(Struct, frozen=True):
    """All that the table holds for one Service."""

    chains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sets: Mapping[str, str] = field(default_factory=dict)
    elements: Mapping[Element, str] = field(default_factory=dict)
    """Verdicts by element; empty for elements of sets."""


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
    )


def removal(options: RulesetOptions) -> str:
    """What leaves nothing behind."""
    name = options.name
    return f"add table {name}\ndelete table {name}\n"


def content(ports: Iterable[ServicePort], options: RulesetOptions) -> Content:
    """The content of one Service."""
    chains: dict[str, tuple[str, ...]] = {}
    sets: dict[str, str] = {}
    elements: dict[Element, str] = {}
    for port in ports:
        one = _Port(port, options)
        chains |= one.chains()
        sets |= one.sets()
        elements |= dict(one.elements())
    return Content(chains, sets, elements)


def difference(old: Content, new: Content, options: RulesetOptions) -> list[str]:
    """The commands that turn one content into the other."""
    return transaction([(old, new)], options)


def transaction(changes: Sequence[tuple[Content, Content]], options: RulesetOptions) -> list[str]:
    """The commands for several Services, in an order in which nothing refers to nothing."""
    name = options.name
    flushed: list[str] = []
    block: list[str] = []
    gone: list[str] = []
    gone_elements: dict[str, list[str]] = {}
    new_elements: dict[str, list[str]] = {}
    for old, new in changes:
        block += [f"set {one} {new.sets[one]}" for one in new.sets if one not in old.sets]
        for chain, rules in new.chains.items():
            if old.chains.get(chain) != rules:
                flushed += [chain] if chain in old.chains else []
                block.append(f"chain {chain} {{\n" + "\n".join(rules) + "\n}")
        gone += [one for one in old.chains if one not in new.chains]
        for (where, key), _ in old.elements.items() - new.elements.items():
            gone_elements.setdefault(where, []).append(key)
        for (where, key), verdict in new.elements.items() - old.elements.items():
            text = f"{key} : {verdict}" if verdict else key
            new_elements.setdefault(where, []).append(text)
    return [
        *(f"flush chain {name} {one}" for one in flushed),
        *([f"table {name} {{\n" + "\n".join(block) + "\n}"] if block else []),
        *_elements("delete", name, gone_elements),
        *_elements("add", name, new_elements),
        *(f"flush chain {name} {one}" for one in gone),
        *(f"delete chain {name} {one}" for one in gone),
        *(f"delete set {name} {s}" for old, new in changes for s in old.sets if s not in new.sets),
    ]


def _elements(verb: str, name: str, elements: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for where, texts in sorted(elements.items()):
        ordered = sorted(texts)
        for at in range(0, len(ordered), ELEMENTS_MAX):
            some = ", ".join(ordered[at : at + ELEMENTS_MAX])
            yield f"{verb} element {name} {where} {{ {some} }}"


class _Port:
    """The content of one port of a Service."""

    def __init__(self, port: ServicePort, options: RulesetOptions) -> None:
        self._port = port
        self._options = options
        self._protocol = port.protocol.lower()
        self._tag = _hash(f"{port.namespace}/{port.name}/{self._protocol}/{port.port}")
        self._all = self._ours(port.backends)
        self._local = self._ours(port.local_backends) if self._has_local_policy else ()
        self._used = tuple(dict.fromkeys((*self._all, *self._local)))
        self._cluster_ips = self._addresses(port.cluster_ips)
        self._outside_ips = self._addresses((*port.external_ips, *port.load_balancer_ips))

    def chains(self) -> dict[str, tuple[str, ...]]:
        """The chains and their rules."""
        found: dict[str, tuple[str, ...]] = {}
        if self._port.affinity_s:
            for backend in self._used:
                found[self._endpoint(backend)] = tuple(self._endpoint_rules(backend))
        if self._all:
            found[f"svc-{self._tag}"] = (*self._marks(), *self._choice(self._all))
        if self._local:
            found[f"svl-{self._tag}"] = tuple(self._choice(self._local))
        if self._local and self._internal_local:
            found[f"int-{self._tag}"] = (*self._marks(), f"goto svl-{self._tag}")
        if self._external and self._has_outside:
            found[f"ext-{self._tag}"] = tuple(self._external_rules())
        if self._source_ranges():
            ranges = ", ".join(self._source_ranges())
            found[f"fw-{self._tag}"] = (
                f"{self._options.family} saddr {{ {ranges} }} return",
                "drop",
            )
        return found

    def sets(self) -> dict[str, str]:
        """A set of its clients for each endpoint, where clients stay."""
        if not self._port.affinity_s:
            return {}
        kind = self._options.address_type
        flags = f"flags dynamic,timeout; timeout {self._port.affinity_s}s;"
        return {self._clients(one): f"{{ type {kind}; size 65536; {flags} }}" for one in self._used}

    def elements(self) -> Iterator[tuple[Element, str]]:
        """Where its addresses and ports lead."""
        port = self._port
        for ip in dict.fromkeys(one.ip for one in self._used if not one.ip.startswith("127.")):
            yield ("hairpins", f"{ip} . {ip}"), ""
        for ip in self._cluster_ips:
            yield ("cluster-ips", ip), ""
            chain = "int" if self._internal_local else "svc"
            yield self._lead("service-ips", "no-endpoint-services", ip, chain, port.internal)
        for ip in self._outside_ips:
            yield self._lead("service-ips", "no-endpoint-services", ip, "ext", port.external)
        if port.node_port:
            key = f"{self._protocol} . {port.node_port}"
            if self._external:
                yield ("service-nodeports", key), f"goto ext-{self._tag}"
            else:
                yield ("no-endpoint-nodeports", key), self._refusal(local=self._external_local)
        if self._source_ranges():
            for ip in self._addresses(port.load_balancer_ips):
                yield ("firewall-ips", self._key(ip)), f"goto fw-{self._tag}"

    def _lead(
        self, leads: str, refuses: str, ip: str, chain: str, backends: Sequence[Backend]
    ) -> tuple[Element, str]:
        if self._ours(backends) or (chain == "ext" and self._all):
            return (leads, self._key(ip)), f"goto {chain}-{self._tag}"
        is_local = self._external_local if chain == "ext" else self._internal_local
        return (refuses, self._key(ip)), self._refusal(local=is_local)

    def _refusal(self, *, local: bool) -> str:
        """Refuse where there are no endpoints at all; elsewhere there may be some."""
        return "drop" if local and self._all else "goto reject-chain"

    @property
    def _internal_local(self) -> bool:
        return self._port.internal_policy == "Local"

    @property
    def _external_local(self) -> bool:
        return self._port.external_policy == "Local"

    @property
    def _has_local_policy(self) -> bool:
        return self._internal_local or self._external_local

    @property
    def _external(self) -> tuple[Backend, ...]:
        """With a local policy clients of this node and pods still reach all."""
        return self._all

    @property
    def _has_outside(self) -> bool:
        return bool(self._port.node_port or self._outside_ips)

    def _marks(self) -> Iterator[str]:
        """Clients from outside the cluster get replies from us, or not at all."""
        options = self._options
        if options.masquerade_all:
            yield "jump mark-for-masquerade"
        elif options.cluster_cidr:
            yield f"{options.family} saddr != {options.cluster_cidr} jump mark-for-masquerade"

    def _external_rules(self) -> Iterator[str]:
        if not self._external_local:
            yield "jump mark-for-masquerade"
            yield f"goto svc-{self._tag}"
            return
        if self._options.cluster_cidr:
            yield f"{self._options.family} saddr {self._options.cluster_cidr} goto svc-{self._tag}"
        yield "fib saddr type local jump mark-for-masquerade"
        yield f"fib saddr type local goto svc-{self._tag}"
        # Others' clients keep their source, so only endpoints of this node may answer.
        yield f"goto svl-{self._tag}" if self._local else "drop"

    def _choice(self, backends: Sequence[Backend]) -> Iterator[str]:
        if self._port.affinity_s:
            for one in backends:
                clients = self._clients(one)
                yield f"{self._options.family} saddr @{clients} goto {self._endpoint(one)}"
        for number, one in enumerate(backends):
            left = len(backends) - number
            chance = f"numgen random mod {left} 0 " if left > 1 else ""
            yield chance + (
                f"goto {self._endpoint(one)}" if self._port.affinity_s else self._rewrite(one)
            )

    def _endpoint_rules(self, backend: Backend) -> Iterator[str]:
        yield f"update @{self._clients(backend)} {{ {self._options.family} saddr }}"
        yield self._rewrite(backend)

    def _rewrite(self, backend: Backend) -> str:
        ip = f"[{backend.ip}]" if self._options.is_v6 else backend.ip
        return f"meta l4proto {self._protocol} dnat to {ip}:{backend.port}"

    def _endpoint(self, backend: Backend) -> str:
        return f"ep-{_hash(f'{self._tag}/{backend.ip}/{backend.port}')}"

    def _clients(self, backend: Backend) -> str:
        # Another timeout needs another set: the kernel cannot change that of one.
        place = f"{self._tag}/{backend.ip}/{backend.port}/{self._port.affinity_s}"
        return f"aff-{_hash(place)}"

    def _key(self, ip: str) -> str:
        return f"{ip} . {self._protocol} . {self._port.port}"

    def _source_ranges(self) -> list[str]:
        if not self._addresses(self._port.load_balancer_ips):
            return []
        found = [one.strip() for one in self._port.source_ranges]
        return [one for one in found if (":" in one) == self._options.is_v6]

    def _addresses(self, addresses: Iterable[str]) -> tuple[str, ...]:
        return tuple(one for one in addresses if one and (":" in one) == self._options.is_v6)

    def _ours(self, backends: Iterable[Backend]) -> tuple[Backend, ...]:
        return tuple(one for one in backends if (":" in one.ip) == self._options.is_v6)


def _hash(text: str) -> str:
    """A name that fits into the kernel's limits, the same on each node and at each start."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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


_BASE = """table {name} {{
  comment "Services, by knarr-proxy"
  set cluster-ips {{ type {a}; }}
  set hairpins {{ type {a} . {a}; }}
  map service-ips {{ type {a} . inet_proto . inet_service : verdict; }}
  map service-nodeports {{ type inet_proto . inet_service : verdict; }}
  map no-endpoint-services {{ type {a} . inet_proto . inet_service : verdict; }}
  map no-endpoint-nodeports {{ type inet_proto . inet_service : verdict; }}
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
