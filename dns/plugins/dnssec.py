"""Signs what we say of our own zones, while it is said, for those who ask for that."""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import structlog
from dnslib import QTYPE
from msgspec.structs import replace

from dns.corefile import Block, Directive
from dns.message import ANY, NOERROR, NXDOMAIN, Labels, Query, Record, Reply
from dns.plugins.plugin import Ask, Plugin, Site, zone_around, zones_of
from dns.signatures import FOR_S, ZoneKey, denial, new_key, read_key, sets_of, signature
from knarr.daemon.clock import Clock

log = structlog.get_logger()

KEPT_MAX = 10_000
"""So many signatures are kept; the one not used for longest goes first."""

KEPT_S = FOR_S / 2
"""How long one is kept: its reader may keep it for a while too."""

PLAUSIBLE = ("A", "HINFO", "TXT", "AAAA", "SRV")
"""Types that a name may have as far as a denial of another type is concerned."""

APEX = ("NS", "SOA", "DNSKEY", "HINFO")


class Dnssec(Plugin):
    """Signatures of one key a zone."""

    name = "dnssec"

    def __init__(self, keys: Sequence[ZoneKey], clock: Clock, *, kept_max: int = KEPT_MAX) -> None:
        self._keys = {key.zone: key for key in keys}
        self._clock = clock
        self._kept_max = kept_max
        self._kept: OrderedDict[tuple[object, ...], tuple[Record, float]] = OrderedDict()

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Answer for the keys; sign whatever else is said with authority."""
        zone = zone_around(tuple(self._keys), query.lower)
        if zone is None:
            return await ask_next(query)
        key = self._keys[zone]
        if query.lower == zone and query.type == QTYPE.DNSKEY:
            record = Record(query.name, QTYPE.DNSKEY, 3600, key.data)
            reply = Reply(answer=(record,), is_authoritative=True)
        else:
            reply = await ask_next(query)
        if not query.wants_dnssec or not reply.is_authoritative or reply.wire is not None:
            return reply
        return self._signed(query, key, reply)

    def _signed(self, query: Query, key: ZoneKey, reply: Reply) -> Reply:
        is_denied = reply.rcode == NXDOMAIN or (reply.rcode == NOERROR and not reply.answer)
        authority = reply.authority
        if is_denied and authority:
            types = _types(query, key.zone, exists=reply.rcode == NOERROR)
            authority = (*authority, denial(query.name, types, authority[0].ttl))
        return replace(
            reply,
            rcode=NOERROR if is_denied else reply.rcode,
            answer=self._with_signatures(key, reply.answer),
            authority=self._with_signatures(key, authority),
            additional=self._with_signatures(key, reply.additional),
            depends_on=None,  # Ready-made bytes would outlive their signatures.
        )

    def _with_signatures(self, key: ZoneKey, records: Sequence[Record]) -> tuple[Record, ...]:
        found: list[Record] = []
        for together in sets_of(records):
            found += together
            if zone_around((key.zone,), tuple(x.lower() for x in together[0].name)) is not None:
                found.append(self._signature(key, together))
        return tuple(found)

    def _signature(self, key: ZoneKey, records: Sequence[Record]) -> Record:
        now_s = int(self._clock.now().timestamp())
        first = records[0]
        mark = (
            key.zone,
            first.name,
            first.type,
            first.ttl,
            tuple(sorted(repr(one.data) for one in records)),
        )
        known = self._kept.get(mark)
        if known is not None and now_s < known[1]:
            self._kept.move_to_end(mark)
            return known[0]
        made = signature(key, records, now_s)
        self._kept[mark] = (made, now_s + KEPT_S)
        if len(self._kept) > self._kept_max:
            self._kept.popitem(last=False)
        return made


def _types(query: Query, zone: Labels, *, exists: bool) -> list[str]:
    """The types a denial may admit to."""
    if not exists:
        return ["RRSIG", "NSEC"]
    names = APEX if query.lower == zone else PLAUSIBLE
    asked = "" if query.type == ANY else str(QTYPE.get(query.type))
    return [one for one in (*names, "RRSIG", "NSEC") if one != asked]


def make(directive: Directive, block: Block, site: Site) -> Plugin:
    """The plugin that a `dnssec` block asks for."""
    zones = tuple(zone for zone in zones_of(directive.arguments, block) if zone)
    if not zones:
        raise directive.wrong("needs a zone, such as cluster.local")
    paths: list[str] = []
    kept_max = KEPT_MAX
    for word, *values in directive.block:
        if word == "key" and values[:1] == ["file"]:
            paths += values[1:]
        elif word == "cache_capacity" and values and values[0].isdigit():
            kept_max = int(values[0])
        else:
            raise directive.wrong(f"cannot use {' '.join((word, *values))}")
    if len(paths) > 1:
        raise directive.wrong("takes one key, which signs all")
    keys = [_key(directive, zone, paths[0] if paths else "") for zone in zones]
    return Dnssec(keys, site.clock, kept_max=kept_max)


def _key(directive: Directive, zone: Labels, name: str) -> ZoneKey:
    """The key of the files NAME.key and NAME.private, made where they are not there yet."""
    stem = name.removesuffix(".key").removesuffix(".private")
    private, public = Path(f"{stem}.private"), Path(f"{stem}.key")
    try:
        if stem and private.exists():
            return read_key(zone, private.read_text())
        made = new_key(zone)
        if stem:
            private.touch(mode=0o600)
            private.write_text(made.private_text)
            public.write_text(made.public_line)
    except (OSError, ValueError) as error:
        raise directive.wrong(f"{name}: {error}") from None
    log.info("made a key that signs", zone=b".".join(zone).decode(), ds=made.ds)
    return made
