"""Answers for the cluster's zone and its reverse zones."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from dnslib import QTYPE, RD
from msgspec import Struct
from msgspec.structs import replace

from dns.corefile import Block, Directive
from dns.message import (
    ANY,
    NXDOMAIN,
    Labels,
    Query,
    Record,
    Reply,
    is_within,
    lower,
    question,
    records_of,
)
from dns.plugins.plugin import Ask, Plugin, Site, zone_around, zones_of
from dns.records import Node, PodsMode, Zone, find, find_address
from knarr.api.selectors import parse

REVERSE = ((b"in-addr", b"arpa"), (b"ip6", b"arpa"))

TARGETS_MAX = 20
"""The addresses of so many SRV targets are sent along; of more the client asks for himself."""

ALIASES_MAX = 8
"""So many ExternalName Services may point at each other before it is surely a circle."""

_MINIMAL_ANY = b"\x07RFC8482\x00"


class KubernetesOptions(Struct, frozen=True, kw_only=True):
    """What the block says."""

    zones: tuple[Zone, ...]
    """The cluster's zones, the first of them is where addresses lead back to."""
    reverse: tuple[Labels, ...] = ()
    fallthrough: tuple[Labels, ...] = ()
    short: bool = False
    """Whether names of Services are known without the zone too, where nobody else's are."""


class Kubernetes(Plugin):
    """Services, endpoints and pods by name, and names by address."""

    name = "kubernetes"

    def __init__(self, options: KubernetesOptions, site: Site) -> None:
        self._options = options
        self._site = site
        self._zones = {zone.name: zone for zone in options.zones}

    def not_ready(self) -> str | None:
        """Whether the cluster is known by now."""
        return None if self._site.cluster.is_known else "the lists of Services are not there yet"

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Answer for our zones; where they fall through, others may know unknown names."""
        name = query.lower
        around = zone_around((*self._zones, *self._options.reverse), name)
        if around is None:
            short = self._short(query) if self._options.short else None
            return short or await ask_next(query)
        first = self._options.zones[0]
        zone = self._zones.get(around)
        if zone is not None:
            node = find(zone, self._site.cluster, name)
        else:
            zone = replace(first, name=around)
            node = find_address(zone, self._site.cluster, name, first.name)
            if node is None and name == around:
                node = Node({QTYPE.SOA: lambda: [zone.soa]})
        if node is None and any(is_within(name, one) for one in self._options.fallthrough):
            return await ask_next(query)
        if node is None:
            return _denied(zone, name)
        if QTYPE.CNAME in node.records:
            return await self._alias(query, node)
        return self._found(query, zone, node)

    def _short(self, query: Query) -> Reply | None:
        """What SERVICE.NAMESPACE leads to: some resolvers search for names without dots only."""
        name = query.lower
        if not 2 <= len(name) <= 4:
            return None
        zone = self._options.zones[0]
        service = name if name[-1] == b"svc" else (*name, b"svc")
        node = find(zone, self._site.cluster, (*service, *zone.name))
        if node is None or not node.records or QTYPE.CNAME in node.records:
            return None
        return self._found(query, zone, node)

    def _found(self, query: Query, zone: Zone, node: Node) -> Reply:
        if query.type == ANY and node.records:
            hinfo = Record(query.name, QTYPE.HINFO, zone.ttl, RD(_MINIMAL_ANY))
            return Reply(answer=(hinfo,), is_authoritative=True, depends_on=node.depends_on)
        make = node.records.get(query.type)
        records = tuple(one._replace(name=query.name) for one in make()) if make else ()
        return Reply(
            answer=records,
            authority=() if records else (zone.soa,),
            additional=tuple(self._targets(zone, records)),
            is_authoritative=True,
            depends_on=node.depends_on,
        )

    def _targets(self, zone: Zone, records: tuple[Record, ...]) -> Iterator[Record]:
        named = [one for one in records if one.type in (QTYPE.SRV, QTYPE.NS)]
        for target in list(dict.fromkeys(_target(one) for one in named))[:TARGETS_MAX]:
            node = find(zone, self._site.cluster, target) if is_within(target, zone.name) else None
            for kind in (QTYPE.A, QTYPE.AAAA):
                if node is not None and kind in node.records:
                    yield from node.records[kind]()

    async def _alias(self, query: Query, node: Node) -> Reply:
        """The alias itself and, where addresses are asked for, what it leads to."""
        aliases = tuple(one._replace(name=query.name) for one in node.records[QTYPE.CNAME]())
        alone = Reply(answer=aliases, is_authoritative=True)
        if query.type not in (QTYPE.A, QTYPE.AAAA) or self._site.ask is None:
            return alone
        if query.aliases >= ALIASES_MAX:
            return alone
        inner = question(query, lower(tuple(aliases[0].data.label.label)))
        further = await self._site.ask(replace(inner, aliases=query.aliases + 1))
        records = further.answer if further.wire is None else records_of(further.wire).answer
        return replace(alone, answer=(*aliases, *records)) if records else alone


def _target(record: Record) -> Labels:
    data = record.data
    return lower(tuple((data.target if record.type == QTYPE.SRV else data.label).label))


def _denied(zone: Zone, name: Labels) -> Reply:
    """There is no such name, as long as the Service that it would be of does not come."""
    relative = [label.decode("latin-1") for label in name[: len(name) - len(zone.name)]]
    depends_on: tuple[str, str] | None = None
    if len(relative) >= 3 and relative[-1] == "svc":
        depends_on = (relative[-2], relative[-3])
    elif len(relative) >= 2 and (relative[-1] == "svc" or zone.pods == "insecure"):
        depends_on = (relative[-2], "")
    return Reply(
        rcode=NXDOMAIN, authority=(zone.soa,), is_authoritative=True, depends_on=depends_on
    )


def make(directive: Directive, block: Block, site: Site) -> Plugin:
    """The plugin that a `kubernetes` block asks for."""
    zones = zones_of(directive.arguments, block)
    forward = _forward_zones(zones, directive)
    first = Zone(name=forward[0], pods="disabled", addresses=site.addresses)
    short = False
    fallthrough: tuple[Labels, ...] = ()
    for word, *values in directive.block:
        if word == "short" and not values:
            short = True
        elif word == "fallthrough":
            fallthrough = zones_of(values, block) if values else zones
        elif word not in _IGNORED:
            first = _set(directive, first, word, values)
    if first.namespaces and first.namespace_selector.requirements:
        raise directive.wrong("takes namespaces or namespace_labels, not both")
    made = tuple(replace(first, name=zone) for zone in forward)
    reverse = tuple(zone for zone in zones if zone[-2:] in REVERSE)
    options = KubernetesOptions(zones=made, reverse=reverse, fallthrough=fallthrough, short=short)
    return Kubernetes(options, site)


def _set(directive: Directive, zone: Zone, word: str, values: list[str]) -> Zone:
    try:
        return replace(zone, **_READ[word](values))
    except (KeyError, ValueError, IndexError):
        raise directive.wrong(f"cannot use {' '.join((word, *values))}") from None


def _ttl(values: list[str]) -> dict[str, Any]:
    if len(values) != 1 or not 0 <= int(values[0]) <= 3600:
        raise ValueError
    return {"ttl": int(values[0])}


def _pods(values: list[str]) -> dict[str, Any]:
    if len(values) != 1 or values[0] not in get_args(PodsMode):
        raise ValueError
    return {"pods": values[0]}


def _namespaces(values: list[str]) -> dict[str, Any]:
    if not values:
        raise ValueError
    return {"namespaces": frozenset(values)}


def _selector(field: str) -> Callable[[list[str]], dict[str, Any]]:
    def read(values: list[str]) -> dict[str, Any]:
        if not values:
            raise ValueError
        return {field: parse(" ".join(values))}

    return read


def _only(word: str, field: str, *, value: bool) -> Callable[[list[str]], dict[str, Any]]:
    """A line that says nothing but itself, or one certain word."""

    def read(values: list[str]) -> dict[str, Any]:
        if values != ([word] if word else []):
            raise ValueError
        return {field: value}

    return read


_READ: Mapping[str, Callable[[list[str]], dict[str, Any]]] = {
    "ttl": _ttl,
    "pods": _pods,
    "namespaces": _namespaces,
    "labels": _selector("selector"),
    "namespace_labels": _selector("namespace_selector"),
    "noendpoints": _only("", "has_endpoints", value=False),
    "endpoint_pod_names": _only("", "names_pods", value=True),
    "ignore": _only("empty_service", "hides_empty", value=True),
}
"""What a line of the block says of the zones. They raise ValueError or IndexError."""


def _forward_zones(zones: tuple[Labels, ...], directive: Directive) -> list[Labels]:
    forward = [zone for zone in zones if zone[-2:] not in REVERSE]
    if not forward:
        raise directive.wrong("needs a zone that is no reverse zone, such as cluster.local")
    return forward


_IGNORED = (
    "endpoint",
    "tls",
    "kubeconfig",
    "apiserver_qps",
    "apiserver_burst",
    "apiserver_max_inflight",
    "startup_timeout",
)
"""How the API server is reached: flags of the process say that here."""
