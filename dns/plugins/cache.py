"""Keeps what other servers said, for as long as they allow, and longer when they are gone.

Answers of the cluster itself are not kept here: they are true only now.
"""

import asyncio
import struct

from msgspec import Struct
from msgspec.structs import replace

from dns.corefile import Block, Directive
from dns.message import (
    HEADER,
    NOERROR,
    NXDOMAIN,
    SERVFAIL,
    Labels,
    Query,
    Reply,
    pack,
    ttl_offsets,
)
from dns.plugins.plugin import Ask, Plugin, Site, zone_around, zones_of
from knarr.daemon.settings import duration_s

KEPT_MAX = 9984
"""So many answers are kept, as CoreDNS does; the oldest are forgotten first."""

POSITIVE_S, NEGATIVE_S = 3600, 1800

FAILURE_S = 5
"""How long a failure is believed: its cause is not asked about a thousand times a second."""

STALE_S = 3600.0
"""How long an answer may be used after its time when no server answers."""

STALE_TTL = 0

Key = tuple[Labels, int, bool, bool, bool]


class Kept(Struct):
    """One answer and until when it is good."""

    reply: Reply
    wire: bytes
    offsets: tuple[int, ...]
    at_s: float
    ttl_s: float


class Cache(Plugin):
    """Answers that were given before."""

    name = "cache"

    def __init__(
        self,
        zones: tuple[Labels, ...],
        *,
        positive_s: float = POSITIVE_S,
        negative_s: float = NEGATIVE_S,
        kept_max: int = KEPT_MAX,
        stale_s: float = STALE_S,
    ) -> None:
        self._zones = zones
        self._positive_s = positive_s
        self._negative_s = negative_s
        self._kept_max = kept_max
        self._stale_s = stale_s
        self._kept: dict[Key, Kept] = {}
        self._asked: dict[Key, asyncio.Future[None]] = {}

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Answer from what is kept, else ask and keep what is said."""
        if zone_around(self._zones, query.lower) is None:
            return await ask_next(query)
        has_edns = query.edns is not None
        key = (query.lower, query.type, has_edns, query.wants_dnssec, query.checking_disabled)
        kept = self._good(key)
        if kept is None and (first := self._asked.get(key)) is not None:
            await asyncio.wait([first])  # One question for all who ask the same.
            kept = self._good(key)
        if kept is not None:
            return _aged(kept, _now_s())
        return await self._ask(key, query, ask_next)

    async def _ask(self, key: Key, query: Query, ask_next: Ask) -> Reply:
        done = self._asked[key] = asyncio.get_running_loop().create_future()
        try:
            reply = await ask_next(query)
        except OSError:
            stale = self._kept.get(key)
            if stale is None or _now_s() > stale.at_s + stale.ttl_s + self._stale_s:
                raise
            return _aged(stale, _now_s())
        finally:
            done.set_result(None)
            if self._asked.get(key) is done:
                del self._asked[key]
        if reply.wire is not None:
            self._keep(key, query, reply)
        return reply

    def _good(self, key: Key) -> Kept | None:
        kept = self._kept.get(key)
        return kept if kept is not None and _now_s() < kept.at_s + kept.ttl_s else None

    def _keep(self, key: Key, query: Query, reply: Reply) -> None:
        wire = reply.wire or b""
        flags = HEADER.unpack_from(wire)[1]
        rcode = flags & 15
        if flags & 0x200 or rcode not in (NOERROR, NXDOMAIN, SERVFAIL):
            return
        try:
            offsets = tuple(at for at, _ in ttl_offsets(wire))
        except (ValueError, IndexError, struct.error):
            return
        ttls = [_ttl(wire, at) for at in offsets]
        is_positive = rcode == NOERROR and HEADER.unpack_from(wire)[3] > 0
        limit_s = self._positive_s if is_positive else self._negative_s
        if rcode == SERVFAIL or not ttls:
            limit_s = min(limit_s, FAILURE_S)
        ttl_s = min([limit_s, *ttls])
        if ttl_s <= 0:
            return
        self._kept.pop(key, None)
        self._kept[key] = Kept(reply, pack_whole(query, reply), offsets, _now_s(), ttl_s)
        if len(self._kept) > self._kept_max:
            self._kept.pop(next(iter(self._kept)))


def pack_whole(query: Query, reply: Reply) -> bytes:
    """The message as it came, however long."""
    return pack(replace(query, over_tcp=True), reply)


def _ttl(wire: bytes, offset: int) -> int:
    found: int = struct.unpack_from("!I", wire, offset)[0]
    return found if found < 1 << 31 else 0


def _aged(kept: Kept, now_s: float) -> Reply:
    """The answer with the time that has passed taken off."""
    passed = int(now_s - kept.at_s)
    wire = bytearray(kept.wire)
    for at in kept.offsets:
        struct.pack_into("!I", wire, at, max(_ttl(kept.wire, at) - passed, STALE_TTL))
    return replace(kept.reply, wire=bytes(wire))


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def make(directive: Directive, block: Block, _site: Site) -> Plugin:
    """The plugin that a `cache` line asks for."""
    arguments = list(directive.arguments)
    limit_s = float(arguments.pop(0)) if arguments and arguments[0].isdigit() else None
    positive_s = POSITIVE_S if limit_s is None else limit_s
    negative_s = NEGATIVE_S if limit_s is None else limit_s
    kept_max, stale_s = KEPT_MAX, STALE_S
    for word, *values in directive.block:
        numbers = [float(one) for one in values if one.isdigit()]
        if word in ("success", "denial") and numbers:
            kept_max = int(numbers[0]) if word == "success" else kept_max
            if len(numbers) > 1 and word == "success":
                positive_s = numbers[1]
            elif len(numbers) > 1:
                negative_s = numbers[1]
        elif word == "serve_stale":
            stale_s = duration_s(values[0]) if values else STALE_S
        elif word not in ("prefetch", "servfail", "disable", "keepttl"):
            raise directive.wrong(f"cannot use {' '.join((word, *values))}")
    return Cache(
        zones_of(arguments, block),
        positive_s=positive_s,
        negative_s=negative_s,
        kept_max=kept_max,
        stale_s=stale_s,
    )
