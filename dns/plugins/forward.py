"""Asks other servers what nobody here knows.

An upstream that fails is asked nothing more until it has answered a check; when
all have failed they are asked all the same, for what else is there to do.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog
from msgspec import Struct

from dns.corefile import PORT, Block, Directive
from dns.message import HEADER, Labels, Query, Reply, is_within, question_end
from dns.plugins.plugin import Ask, Plugin, Site, zones_of
from knarr.daemon.settings import duration_s

log = structlog.get_logger()

ANSWER_S = 2.0
"""What one upstream gets to answer before the next is asked."""

PATIENCE_S = 5.0
"""What a client waits for at most; resolvers give up about then."""

FAILS_MAX = 2
"""So many failures in a row and an upstream has to pass a check first."""

CHECK_S = 0.5
"""How often an upstream that failed is checked."""

WAITING_MAX = 4096
"""So many queries may wait for upstreams; further ones fail at once."""

UPSTREAMS_MAX = 15
"""As many as CoreDNS takes."""

_CHECK = HEADER.pack(0, 0x100, 1, 0, 0, 0) + b"\x00\x00\x02\x00\x01"
"""A query for the root's name servers."""


class UpstreamError(OSError):
    """No upstream answered."""


class Upstream(Struct):
    """One server that we ask, and how it does."""

    address: str
    port: int
    fails: int = 0

    def is_down(self, fails_max: int) -> bool:
        """Whether it failed too often lately."""
        return bool(fails_max) and self.fails >= fails_max


class ForwardOptions(Struct, frozen=True, kw_only=True):
    """What the block says."""

    zone: Labels
    upstreams: tuple[Upstream, ...]
    except_zones: tuple[Labels, ...] = ()
    policy: str = "random"
    fails_max: int = FAILS_MAX
    check_s: float = CHECK_S
    force_tcp: bool = False
    waiting_max: int = WAITING_MAX


class Forward(Plugin):
    """The way out."""

    name = "forward"

    def __init__(self, options: ForwardOptions, site: Site) -> None:
        self._options = options
        self._site = site
        self._turn = 0
        self._waiting = 0
        self._failed = asyncio.Event()

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Pass on what another server says. Raise UpstreamError when none does."""
        name = query.lower
        options = self._options
        if not is_within(name, options.zone) or any(
            is_within(name, zone) for zone in options.except_zones
        ):
            return await ask_next(query)
        if self._site.is_loop or self._waiting >= options.waiting_max:
            raise UpstreamError(
                "what we ask comes back to us" if self._site.is_loop else "too many wait"
            )
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                return Reply(wire=await self._ask(query))
        finally:
            self._waiting -= 1

    async def run(self) -> None:
        """Check the upstreams that failed until they answer."""
        while True:
            await self._failed.wait()
            self._failed.clear()
            while any(one.is_down(self._options.fails_max) for one in self._options.upstreams):
                await asyncio.sleep(self._options.check_s)
                for one in self._options.upstreams:
                    if one.is_down(self._options.fails_max):
                        await self._check(one)

    async def _ask(self, query: Query) -> bytes:
        why = "no upstreams"
        for upstream in self._in_turn():
            try:
                async with asyncio.timeout(ANSWER_S):
                    wire = await self._exchange(query, upstream)
            except (OSError, TimeoutError, EOFError) as error:
                upstream.fails += 1
                self._failed.set()
                why = f"{upstream.address}: {error or 'no answer in time'}"
            else:
                upstream.fails = 0
                return wire
        raise UpstreamError(why)

    def _in_turn(self) -> Sequence[Upstream]:
        found = list(self._options.upstreams)
        if self._options.policy == "random":
            self._site.chance.shuffle(found)
        elif self._options.policy == "round_robin":
            self._turn = (self._turn + 1) % len(found)
            found = found[self._turn :] + found[: self._turn]
        return sorted(found, key=lambda one: one.is_down(self._options.fails_max))

    async def _exchange(self, query: Query, upstream: Upstream) -> bytes:
        number = self._site.chance.getrandbits(16).to_bytes(2, "big")
        wire = number + query.wire[2:]
        end = question_end(wire)
        if not (self._options.force_tcp or query.over_tcp):
            return await _over_udp(wire, end, upstream)
        return await over_tcp(wire, upstream)

    async def _check(self, upstream: Upstream) -> None:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._options.check_s):
                await _over_udp(_CHECK, len(_CHECK), upstream)
            upstream.fails = 0
            log.info("upstream answers again", address=upstream.address)


async def _over_udp(wire: bytes, end: int, upstream: Upstream) -> bytes:
    """One datagram there and the reply to it back; from a port of its own, so hard to forge."""
    family = socket.AF_INET6 if ":" in upstream.address else socket.AF_INET
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as conversation:
        await loop.sock_connect(conversation, (upstream.address, upstream.port))
        await loop.sock_sendall(conversation, wire)
        while True:
            reply = await loop.sock_recv(conversation, 0xFFFF)
            if _is_reply(reply, wire, end):
                return reply


async def over_tcp(wire: bytes, upstream: Upstream) -> bytes:
    """One question over a connection of its own."""
    reader, writer = await asyncio.open_connection(upstream.address, upstream.port)
    try:
        writer.write(len(wire).to_bytes(2, "big") + wire)
        reply = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
    finally:
        writer.close()
    if not _is_reply(reply, wire, question_end(wire)):
        raise OSError("a reply to something else")
    return reply


def _is_reply(reply: bytes, wire: bytes, end: int) -> bool:
    is_ours = len(reply) >= HEADER.size and reply[:2] == wire[:2] and bool(reply[2] & 0x80)
    return is_ours and (
        reply[HEADER.size : end].lower() == wire[HEADER.size : end].lower() or reply[4:6] == b"\0\0"
    )


def make(directive: Directive, block: Block, site: Site) -> Plugin:
    """The plugin that a `forward` line asks for."""
    if len(directive.arguments) < 2:
        raise directive.wrong("needs a zone and at least one server")
    zone, *places = directive.arguments
    upstreams = tuple(one for place in places for one in _upstreams(directive, place, site))
    settings: dict[str, object] = {}
    for word, *values in directive.block:
        _set(directive, settings, word, values)
    return Forward(
        ForwardOptions(
            zone=zones_of((zone,), block)[0],
            upstreams=upstreams[:UPSTREAMS_MAX],
            **settings,  # type: ignore[arg-type]  # _set gives each field its own type
        ),
        site,
    )


def _set(directive: Directive, settings: dict[str, object], word: str, values: list[str]) -> None:
    value = values[0] if values else ""
    if word == "except" and values:
        settings["except_zones"] = zones_of(values, Block((), 0, ()))
    elif word == "policy" and value in ("random", "round_robin", "sequential"):
        settings["policy"] = value
    elif word == "max_fails" and value.isdigit():
        settings["fails_max"] = int(value)
    elif word == "max_concurrent" and value.isdigit():
        settings["waiting_max"] = int(value)
    elif word == "health_check" and value:
        settings["check_s"] = duration_s(value)
    elif word == "force_tcp" and not values:
        settings["force_tcp"] = True
    elif word not in ("expire", "prefer_udp", "next", "failfast_all_unhealthy_upstreams"):
        raise directive.wrong(f"cannot use {' '.join((word, *values))}")


def _upstreams(directive: Directive, place: str, site: Site) -> list[Upstream]:
    if "/" in place and "://" not in place:
        return [one for one in _of_file(Path(place)) if not _is_us(one, site)]
    transport, _, rest = place.rpartition("://")
    if transport not in ("", "dns"):
        raise directive.wrong(f"cannot ask over {transport}")
    address, port = rest, ""
    if rest.startswith("["):
        address, _, port = rest[1:].partition("]")
        port = port.lstrip(":")
    elif rest.count(":") == 1:
        address, _, port = rest.partition(":")
    try:
        return [Upstream(str(ipaddress.ip_address(address)), int(port or PORT))]
    except ValueError:
        raise directive.wrong(f"{place!r} is neither an address nor a file") from None


def _of_file(path: Path) -> list[Upstream]:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return []
    words = [line.split() for line in lines]
    return [Upstream(line[1], PORT) for line in words if len(line) > 1 and line[0] == "nameserver"]


def _is_us(upstream: Upstream, site: Site) -> bool:
    return upstream.address in site.addresses and upstream.port == site.port
