"""Answers from a hosts file, or from lines like those of one."""

import asyncio
import ipaddress
from collections.abc import Iterable, Mapping
from pathlib import Path

from dnslib import AAAA, PTR, QTYPE, A
from msgspec import Struct, field

from dns.corefile import Block, Directive
from dns.message import SERVFAIL, Labels, Query, Record, Reply, is_within, labels_of
from dns.plugins.plugin import Ask, Plugin, Site, zone_around, zones_of
from dns.records import address_of
from knarr.daemon.settings import duration_s

TTL = 3600
LOOK_S = 5.0
"""How often the file is looked at, as CoreDNS does."""


class Table(Struct, frozen=True):
    """Addresses by name and names by address."""

    addresses: Mapping[Labels, list[str]] = field(default_factory=dict)
    names: Mapping[str, list[Labels]] = field(default_factory=dict)


class Hosts(Plugin):
    """The table of a file and of the block's own lines."""

    name = "hosts"

    def __init__(
        self,
        path: Path | None,
        lines: Iterable[tuple[str, ...]],
        zones: tuple[Labels, ...],
        *,
        ttl: int = TTL,
        look_s: float = LOOK_S,
        reverse: bool = True,
        fallthrough: tuple[Labels, ...] = (),
    ) -> None:
        self._path = path
        self._lines = tuple(lines)
        self._zones = zones
        self._ttl = ttl
        self._look_s = look_s
        self._reverse = reverse
        self._fallthrough = fallthrough
        self._stamp: float | None = None
        self._table = Table()
        self._read()

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Answer names of the table; others of our zones only where they fall through."""
        name = query.lower
        if query.type == QTYPE.PTR and self._reverse:
            names = self._table.names.get(address_of(name) or "", [])
            if names:
                records = [Record(query.name, QTYPE.PTR, self._ttl, PTR(one)) for one in names]
                return Reply(answer=tuple(records), is_authoritative=True)
        known = self._table.addresses.get(name)
        if zone_around(self._zones, name) is None or query.type not in (QTYPE.A, QTYPE.AAAA):
            return await ask_next(query)
        if known is None:
            if any(is_within(name, one) for one in self._fallthrough):
                return await ask_next(query)
            return Reply(rcode=SERVFAIL)  # Without an SOA nobody can be told that there is none.
        records = [self._record(query, one) for one in known]
        answer = tuple(one for one in records if one.type == query.type)
        return Reply(answer=answer, is_authoritative=True)

    async def run(self) -> None:
        """Read the file again when it changes."""
        while self._path is not None and self._look_s > 0:
            await asyncio.sleep(self._look_s)
            self._read()

    def _record(self, query: Query, address: str) -> Record:
        if ":" in address:
            data = AAAA(tuple(ipaddress.IPv6Address(address).packed))
            return Record(query.name, QTYPE.AAAA, self._ttl, data)
        return Record(query.name, QTYPE.A, self._ttl, A(address))

    def _read(self) -> None:
        lines = list(self._lines)
        try:
            if self._path is not None:
                stamp = self._path.stat().st_mtime
                if stamp == self._stamp:
                    return
                self._stamp = stamp
                text = self._path.read_text()
                lines += [tuple(line.partition("#")[0].split()) for line in text.splitlines()]
        except OSError:
            pass  # A file that is not there yet has no names.
        self._table = table(lines)


def table(lines: Iterable[tuple[str, ...]]) -> Table:
    """The table of lines `ADDRESS NAME...`; what is no such line counts as none."""
    addresses: dict[Labels, list[str]] = {}
    names: dict[str, list[Labels]] = {}
    for line in lines:
        if len(line) < 2:
            continue
        try:
            address = str(ipaddress.ip_address(line[0]))
        except ValueError:
            continue
        for word in line[1:]:
            name = labels_of(word.lower())
            addresses.setdefault(name, []).append(address)
            names.setdefault(address, []).append(name)
    return Table(addresses, names)


def make(directive: Directive, block: Block, _site: Site) -> Plugin:
    """The plugin that a `hosts` block asks for."""
    lines, ttl, look_s, reverse = [], TTL, LOOK_S, True
    fallthrough: tuple[Labels, ...] = ()
    for word, *values in directive.block:
        if word == "fallthrough":
            fallthrough = zones_of(values, block)
        elif word == "no_reverse":
            reverse = False
        elif word == "ttl" and values and values[0].isdigit():
            ttl = int(values[0])
        elif word == "reload" and values:
            look_s = duration_s(values[0])
        elif values:
            lines.append((word, *values))
        else:
            raise directive.wrong(f"cannot use {word}")
    path = Path(directive.arguments[0]) if directive.arguments else None
    return Hosts(
        path if path is not None or lines else Path("/etc/hosts"),
        lines,
        zones_of(directive.arguments[1:], block),
        ttl=ttl,
        look_s=look_s,
        reverse=reverse,
        fallthrough=fallthrough,
    )
