"""Keeps what other servers said, for as long as they allow, and longer when they are gone.

Answers of the cluster itself are not kept here: they are true only now.
"""

import asyncio
import struct
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from dns.corefile import Block, Directive
from dns.message import (
    HEADER,
    IN,
    NOERROR,
    NXDOMAIN,
    SERVFAIL,
    Labels,
    Query,
    Reply,
    pack,
    ttl_offsets,
)
from dns.plugins.cache_options import CacheOptions, read_options
from dns.plugins.plugin import Ask, Plugin, Site, zone_around, zones_of

STALE_TTL = 0

AGAIN_MAX = 256
"""So many answers may wait to be asked for again while the old ones are given."""

VERIFY_S = 0.9
"""What a server gets to say something newer, where that is to be tried first."""

Key = tuple[Labels, int, bool, bool, bool]


class Kept(Struct):
    """One answer and until when it is good."""

    reply: Reply
    wire: bytes
    offsets: tuple[int, ...]
    at_s: float
    ttl_s: float
    uses: int = 0
    used_s: float = 0.0

    @property
    def until_s(self) -> float:
        """When its time is over."""
        return self.at_s + self.ttl_s


class Cache(Plugin):
    """Answers that were given before."""

    name = "cache"

    def __init__(self, zones: tuple[Labels, ...], options: CacheOptions) -> None:
        self._zones = zones
        self._options = options
        self._kept: dict[bool, dict[Key, Kept]] = {True: {}, False: {}}
        """Answers, and denials and failures, each the oldest first."""
        self._asked: dict[Key, asyncio.Future[None]] = {}
        self._again: asyncio.Queue[tuple[Key, Query, Ask]] = asyncio.Queue(AGAIN_MAX)
        self._queued: set[Key] = set()

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Answer from what is kept, else ask and keep what is said."""
        if zone_around(self._zones, query.lower) is None or query.class_ != IN:
            return await ask_next(query)
        has_edns = query.edns is not None
        key = (query.lower, query.type, has_edns, query.wants_dnssec, query.checking_disabled)
        kept = self._good(key)
        if kept is None and (stale := self._stale(key)) is not None and not self._options.verifies:
            self._refresh(key, query, ask_next)
            return self._aged(stale)
        if kept is None and (first := self._asked.get(key)) is not None:
            await asyncio.wait([first])  # One question for all who ask the same.
            kept = self._good(key)
        if kept is None:
            return await self._ask(key, query, ask_next)
        if self._is_wanted_again(kept):
            self._refresh(key, query, ask_next)
        return self._aged(kept)

    async def run(self) -> None:
        """Ask again for what was given though it was old, or soon will be."""
        while True:
            key, query, ask_next = await self._again.get()
            self._queued.discard(key)
            try:
                await self._ask(key, query, ask_next, is_for_client=False)
            except (OSError, TimeoutError):
                continue  # What is kept is all there is.

    async def _ask(
        self, key: Key, query: Query, ask_next: Ask, *, is_for_client: bool = True
    ) -> Reply:
        done = self._asked[key] = asyncio.get_running_loop().create_future()
        stale = self._stale(key) if is_for_client else None
        try:
            async with asyncio.timeout(VERIFY_S if stale is not None else None):
                reply = await ask_next(query)
            if stale is not None and reply.wire is not None and _rcode(reply.wire) == SERVFAIL:
                return self._aged(stale)
        except (OSError, TimeoutError):
            if stale is None:
                raise
            return self._aged(stale)
        finally:
            done.set_result(None)
            if self._asked.get(key) is done:
                del self._asked[key]
        if reply.wire is not None:
            self._keep(key, query, reply)
        return reply

    def _refresh(self, key: Key, query: Query, ask_next: Ask) -> None:
        if key not in self._asked and key not in self._queued and not self._again.full():
            self._queued.add(key)
            self._again.put_nowait((key, query, ask_next))

    def _is_wanted_again(self, kept: Kept) -> bool:
        """Whether it is asked for so often that it is to be there when its time is over."""
        options, now_s = self._options, _now_s()
        if not options.prefetch_uses:
            return False
        kept.uses = kept.uses + 1 if now_s - kept.used_s < options.prefetch_gap_s else 1
        kept.used_s = now_s
        is_late = kept.until_s - now_s < kept.ttl_s * options.prefetch_part
        return is_late and kept.uses >= options.prefetch_uses

    def _find(self, key: Key) -> Kept | None:
        return self._kept[True].get(key) or self._kept[False].get(key)

    def _good(self, key: Key) -> Kept | None:
        kept = self._find(key)
        return kept if kept is not None and _now_s() < kept.until_s else None

    def _stale(self, key: Key) -> Kept | None:
        kept = self._find(key)
        if kept is None or not self._options.stale_s or _rcode(kept.wire) == SERVFAIL:
            return None
        return kept if kept.until_s <= _now_s() < kept.until_s + self._options.stale_s else None

    def _keep(self, key: Key, query: Query, reply: Reply) -> None:
        wire = reply.wire or b""
        flags = HEADER.unpack_from(wire)[1]
        rcode = flags & 15
        if flags & 0x200 or rcode not in (NOERROR, NXDOMAIN, SERVFAIL):
            return
        if rcode == SERVFAIL and self._stale(key) is not None:
            return  # What is old is better than that.
        try:
            offsets = tuple(at for at, _ in ttl_offsets(wire))
        except (ValueError, IndexError, struct.error):
            return
        is_success = rcode == NOERROR and HEADER.unpack_from(wire)[3] > 0
        ttl_s = self._ttl_s(key, [_ttl(wire, at) for at in offsets], rcode, is_success=is_success)
        if ttl_s <= 0:
            return
        self._kept[not is_success].pop(key, None)
        kept = self._kept[is_success]
        before = kept.pop(key, None)
        kept[key] = Kept(reply, pack_whole(query, reply), offsets, _now_s(), ttl_s)
        if before is not None:
            kept[key].uses, kept[key].used_s = before.uses, before.used_s
        if len(kept) > self._options.rules(is_success=is_success).kept_max:
            kept.pop(next(iter(kept)))

    def _ttl_s(self, key: Key, ttls: Sequence[int], rcode: int, *, is_success: bool) -> float:
        """How long an answer is kept; not at all where that is 0."""
        rules = self._options.rules(is_success=is_success)
        if zone_around(rules.not_in, key[0]) is not None:
            return 0
        if rcode == SERVFAIL or not ttls:
            return self._options.failure_s
        return max(rules.least_s, min([rules.most_s, *ttls])) if min(ttls) else 0

    def _aged(self, kept: Kept) -> Reply:
        """The answer with the time that is left for it."""
        if self._options.keeps_ttl and _now_s() < kept.until_s:
            return replace(kept.reply, wire=kept.wire)
        left_s = max(int(kept.until_s - _now_s()), STALE_TTL)
        wire = bytearray(kept.wire)
        for at in kept.offsets:
            struct.pack_into("!I", wire, at, left_s)
        return replace(kept.reply, wire=bytes(wire))


def pack_whole(query: Query, reply: Reply) -> bytes:
    """The message as it came, however long."""
    return pack(replace(query, over_tcp=True), reply)


def _rcode(wire: bytes) -> int:
    found: int = HEADER.unpack_from(wire)[1] & 15
    return found


def _ttl(wire: bytes, offset: int) -> int:
    found: int = struct.unpack_from("!I", wire, offset)[0]
    return found if found < 1 << 31 else 0


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def make(directive: Directive, block: Block, _site: Site) -> Plugin:
    """The plugin that a `cache` line asks for."""
    arguments = list(directive.arguments)
    most_s = float(arguments.pop(0)) if arguments and arguments[0].isdigit() else None
    return Cache(zones_of(arguments, block), read_options(directive, most_s))
