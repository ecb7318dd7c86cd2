"""What the tables of ruleset.py hold for each Service. Pure.

A Service's addresses and node ports are elements of verdict maps, its endpoints
elements of maps from address, port and a number to where that endpoint is; the
number is drawn by the chain that the verdict leads to. Services with as many
endpoints share that chain. Only where clients stay with their endpoint a Service
has chains of its own, one for each endpoint and a set of its clients.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from proxy.model import Backend, ServicePort
from proxy.ruleset import RulesetOptions

Element = tuple[str, str]
"""The map or set, and the key in it."""

Elements = Mapping[Element, str]
"""What they lead to; empty for elements of sets."""


class Content(Struct, frozen=True):
    """All that the table holds for one Service."""

    chains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Rules by name; those of the same name are the same for all Services."""
    sets: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[str, Elements] = field(default_factory=dict)
    """By address or node port all elements that belong to it: who has one has them all."""

    @property
    def elements(self) -> dict[Element, str]:
        """Those of all entries."""
        return {key: value for one in self.entries.values() for key, value in one.items()}


class _Way(Struct, frozen=True):
    """A way in, and the maps for it."""

    leads: str
    refuses: str
    endpoints: str
    """With the protocol."""
    is_by_address: bool


ADDRESS = _Way("service-ips", "no-endpoint-services", "endpoints", is_by_address=True)
NODE_PORT = _Way(
    "service-nodeports", "no-endpoint-nodeports", "nodeport-endpoints", is_by_address=False
)


def content(ports: Iterable[ServicePort], options: RulesetOptions) -> Content:
    """The content of one Service."""
    made = Content({}, {}, {})
    for port in ports:
        one = _Port(port, options).content()
        made = Content(
            {**made.chains, **one.chains},
            {**made.sets, **one.sets},
            {**made.entries, **one.entries},
        )
    return made


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
        self._outside_ips = self._addresses((*port.external_ips, *port.load_balancer_ips))
        self._chains: dict[str, tuple[str, ...]] = {}
        self._entries: dict[str, dict[Element, str]] = {}

    def content(self) -> Content:
        """All of it."""
        port = self._port
        for ip in dict.fromkeys(one.ip for one in self._used if not one.ip.startswith("127.")):
            self._entries[f"hairpin {ip}"] = {("hairpins", f"{ip} . {ip}"): ""}
        for ip in self._addresses(port.cluster_ips):
            self._entries[f"cluster {ip}"] = {("cluster-ips", ip): ""}
            self._entries[self._key(ip)] = self._inside(ip)
        for ip in self._outside_ips:
            self._entries[self._key(ip)] = self._outside(ADDRESS, self._key(ip), ip)
        if port.node_port:
            key = f"{self._protocol} . {port.node_port}"
            self._entries[key] = self._outside(NODE_PORT, key)
        self._guard()
        return Content(self._chains, self._client_sets(), self._entries)

    def _inside(self, ip: str) -> dict[Element, str]:
        """What a cluster address leads to."""
        backends = self._local if self._internal_local else self._all
        if not backends:
            return {(ADDRESS.refuses, self._key(ip)): self._refusal(local=self._internal_local)}
        chain, elements = self._choice(ADDRESS, ip, backends)
        return {(ADDRESS.leads, self._key(ip)): f"goto {chain}", **elements}

    def _outside(self, way: _Way, key: str, ip: str = "") -> dict[Element, str]:
        """What an address or a node port leads to that clients outside the cluster know."""
        if not self._all:
            return {(way.refuses, key): self._refusal(local=self._external_local)}
        chain, elements = self._choice(way, ip, self._all)
        if not self._external_local:
            name = f"outside-{chain}"
            self._chains[name] = ("jump mark-for-masquerade", f"goto {chain}")
        else:
            # Clients of this node and pods still reach all endpoints.
            name = f"outside-{chain}-local-{len(self._local)}"
            local = None
            if self._local:
                local, more = self._choice(way, ip, self._local, prefix="local-")
                elements |= more
            self._chains[name] = tuple(self._local_rules(chain, local))
        return {(way.leads, key): f"goto {name}", **elements}

    def _local_rules(self, chain: str, local: str | None) -> Iterator[str]:
        if self._options.cluster_cidr:
            yield f"{self._options.family} saddr {self._options.cluster_cidr} goto {chain}"
        yield "fib saddr type local jump mark-for-masquerade"
        yield f"fib saddr type local goto {chain}"
        # Others' clients keep their source, so only endpoints of this node may answer.
        yield f"goto {local}" if local is not None else "drop"

    def _choice(
        self, way: _Way, ip: str, backends: Sequence[Backend], prefix: str = ""
    ) -> tuple[str, dict[Element, str]]:
        """The chain that takes one of these, and the elements that it finds it in."""
        if self._port.affinity_s:
            return self._staying(backends), {}
        family, port = self._options.family, f"{self._protocol} dport"
        looked_up = f"{family} daddr . {port}" if way.is_by_address else port
        key = f"{ip} . {self._port.port}" if way.is_by_address else str(self._port.node_port)
        listed_in = f"{prefix}{way.endpoints}-{self._protocol}"
        name = f"{listed_in}-{len(backends)}"
        # A transaction may come between the two look-ups of a packet and take the element
        # away that was drawn; the first is there as long as there are any.
        draws = (len(backends), 1) if len(backends) > 1 else (1,)
        self._chains[name] = tuple(
            f"dnat {family} to {looked_up} . numgen random mod {most} map @{listed_in}"
            for most in draws
        )
        return name, {
            (listed_in, f"{key} . {number}"): f"{one.ip} . {one.port}"
            for number, one in enumerate(backends)
        }

    def _staying(self, backends: Sequence[Backend]) -> str:
        """The chain that leads clients to the endpoint that they had, or to one by chance."""
        name = f"svc-{self._tag}" if backends is self._all else f"svl-{self._tag}"
        rules = []
        for one in backends:
            clients, chain = self._clients(one), self._endpoint(one)
            rules.append(f"{self._options.family} saddr @{clients} goto {chain}")
            self._chains[chain] = (
                f"update @{clients} {{ {self._options.family} saddr }}",
                self._rewrite(one),
            )
        for number, one in enumerate(backends):
            left = len(backends) - number
            chance = f"numgen random mod {left} 0 " if left > 1 else ""
            rules.append(f"{chance}goto {self._endpoint(one)}")
        self._chains[name] = tuple(rules)
        return name

    def _guard(self) -> None:
        """Only some clients may use an address of a load balancer."""
        ips = self._addresses(self._port.load_balancer_ips)
        found = [one.strip() for one in self._port.source_ranges]
        ranges = [one for one in found if (":" in one) == self._options.is_v6]
        if not ips or not ranges:
            return
        chain = f"fw-{self._tag}"
        allowed = f"{self._options.family} saddr {{ {', '.join(ranges)} }} return"
        self._chains[chain] = (allowed, "drop")
        for ip in ips:
            self._entries[self._key(ip)]["firewall-ips", self._key(ip)] = f"goto {chain}"

    def _client_sets(self) -> dict[str, str]:
        """A set of its clients for each endpoint, where clients stay."""
        if not self._port.affinity_s:
            return {}
        kind = self._options.address_type
        flags = f"flags dynamic,timeout; timeout {self._port.affinity_s}s;"
        return {self._clients(one): f"{{ type {kind}; size 65536; {flags} }}" for one in self._used}

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

    def _rewrite(self, backend: Backend) -> str:
        ip = f"[{backend.ip}]" if self._options.is_v6 else backend.ip
        return f"meta l4proto {self._protocol} dnat to {ip}:{backend.port}"

    def _endpoint(self, backend: Backend) -> str:
        return f"ep-{_hash(f'{self._tag}/{backend.ip}/{backend.port}/{self._port.affinity_s}')}"

    def _clients(self, backend: Backend) -> str:
        # Another timeout needs another set: the kernel cannot change that of one.
        place = f"{self._tag}/{backend.ip}/{backend.port}/{self._port.affinity_s}"
        return f"aff-{_hash(place)}"

    def _key(self, ip: str) -> str:
        return f"{ip} . {self._protocol} . {self._port.port}"

    def _addresses(self, addresses: Iterable[str]) -> tuple[str, ...]:
        return tuple(one for one in addresses if one and (":" in one) == self._options.is_v6)

    def _ours(self, backends: Iterable[Backend]) -> tuple[Backend, ...]:
        return tuple(one for one in backends if (":" in one.ip) == self._options.is_v6)


def _hash(text: str) -> str:
    """A name that fits into the kernel's limits, the same on each node and at each start."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
