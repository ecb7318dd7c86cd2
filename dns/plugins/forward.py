"""Asks other servers what nobody here knows.

An upstream that fails is asked nothing more until it has answered a check; when
all have failed they are asked all the same, for what else is there to do.
"""

import asyncio
import ipaddress
import socket
import ssl
import struct
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import structlog
from dnslib import QTYPE, RCODE
from dnslib.dns import DNSError
from msgspec import Struct

from dns.corefile import PORT, Block, Directive
from dns.message import (
    HEADER,
    IN,
    REFUSED,
    Labels,
    Query,
    Reply,
    is_within,
    labels_of,
    question_end,
)
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

RECURSION_DESIRED = 0x100

TRUNCATED = 2
"""The bit of a message's third byte that says that records are missing."""

CHECK_MIN_S = 0.5
"""What an upstream gets to pass a check, however often it is checked."""

TLS_PORT = 853


class TlsOptions(Struct):
    """Whom we trust and who we are, and the name that upstreams have to show."""

    context: ssl.SSLContext
    server_name: str = ""


class UpstreamError(OSError):
    """No upstream answered."""


class Upstream(Struct):
    """One server that we ask, and how it does."""

    address: str
    port: int
    fails: int = 0
    tls: TlsOptions | None = None
    """How it is asked over TLS; None for plainly."""

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
    prefer_udp: bool = False
    waiting_max: int = WAITING_MAX
    next_codes: frozenset[int] = frozenset()
    """What upstreams may say for the next plugin to be asked instead."""
    fails_fast: bool = False
    """Whether nobody is asked when all have failed."""
    check_recursive: bool = True
    check_name: Labels = ()


Read = Callable[[list[str]], dict[str, object]]
"""What a line of the block sets. Raises ValueError or IndexError."""


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
                wire = await self._ask(query)
        finally:
            self._waiting -= 1
        if options.next_codes and HEADER.unpack_from(wire)[1] & 15 in options.next_codes:
            further = await ask_next(query)
            return further if further.rcode != REFUSED or further.wire else Reply(wire=wire)
        return Reply(wire=wire)

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
            if self._options.fails_fast and upstream.is_down(self._options.fails_max):
                why = "all have failed lately"
                break
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
        options = self._options
        by_stream = options.force_tcp or (query.over_tcp and not options.prefer_udp)
        if by_stream or upstream.tls is not None:
            return await over_tcp(wire, upstream)
        reply = await _over_udp(wire, end, upstream)
        if query.over_tcp and reply[2] & TRUNCATED:
            return await over_tcp(wire, upstream)
        return reply

    async def _check(self, upstream: Upstream) -> None:
        wire = self._check_wire()
        with suppress(OSError, TimeoutError, EOFError):
            async with asyncio.timeout(max(self._options.check_s, CHECK_MIN_S)):
                if upstream.tls is not None:
                    await over_tcp(wire, upstream)
                else:
                    await _over_udp(wire, len(wire), upstream)
            upstream.fails = 0
            log.info("upstream answers again", address=upstream.address)

    def _check_wire(self) -> bytes:
        """A query for name servers."""
        flags = RECURSION_DESIRED if self._options.check_recursive else 0
        labels = (bytes([len(one)]) + one for one in self._options.check_name)
        head = HEADER.pack(0, flags, 1, 0, 0, 0)
        return head + b"".join(labels) + b"\x00" + struct.pack("!HH", QTYPE.NS, IN)


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
    tls = upstream.tls
    reader, writer = await asyncio.open_connection(
        upstream.address,
        upstream.port,
        ssl=tls.context if tls is not None else None,
        server_hostname=(tls.server_name or upstream.address) if tls is not None else None,
    )
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
    settings: dict[str, object] = {}
    tls: dict[str, list[str]] = {}
    for word, *values in directive.block:
        if word in ("tls", "tls_servername"):
            tls[word] = values
        else:
            _set(directive, settings, word, values)
    secure = (
        _tls(directive, tls) if tls or any(one.startswith("tls://") for one in places) else None
    )
    upstreams = tuple(one for place in places for one in _upstreams(directive, place, site, secure))
    return Forward(
        ForwardOptions(
            zone=zones_of((zone,), block)[0],
            upstreams=upstreams[:UPSTREAMS_MAX],
            **settings,  # type: ignore[arg-type]  # _set gives each field its own type
        ),
        site,
    )


def _set(directive: Directive, settings: dict[str, object], word: str, values: list[str]) -> None:
    try:
        settings.update(_READ[word](values))
    except (KeyError, ValueError, IndexError, ArgumentTypeError, AttributeError, DNSError):
        raise directive.wrong(f"cannot use {' '.join((word, *values))}") from None


def _policy(values: list[str]) -> dict[str, object]:
    if values[0] not in ("random", "round_robin", "sequential"):
        raise ValueError
    return {"policy": values[0]}


def _check(values: list[str]) -> dict[str, object]:
    """DURATION [no_rec] [domain FQDN]."""
    found: dict[str, object] = {"check_s": duration_s(values[0])}
    rest = values[1:]
    while rest:
        match rest:
            case ["no_rec", *rest]:
                found["check_recursive"] = False
            case ["domain", name, *rest]:
                found["check_name"] = labels_of(name)
            case _:
                raise ValueError
    return found


def _unused(values: list[str]) -> dict[str, object]:
    """Said of connections that are kept; ours are made for one question each."""
    if len(values) != 1:
        raise ValueError
    return {}


def _flag(field: str) -> Read:
    def read(values: list[str]) -> dict[str, object]:
        if values:
            raise ValueError
        return {field: True}

    return read


_READ: Mapping[str, Read] = {
    "except": lambda values: {"except_zones": zones_of([*values], Block((), 0, ()))},
    "policy": _policy,
    "max_fails": lambda values: {"fails_max": int(values[0])},
    "max_concurrent": lambda values: {"waiting_max": int(values[0]) or WAITING_MAX},
    "health_check": _check,
    "force_tcp": _flag("force_tcp"),
    "prefer_udp": _flag("prefer_udp"),
    "failfast_all_unhealthy_upstreams": _flag("fails_fast"),
    "next": lambda values: {"next_codes": frozenset(getattr(RCODE, one.upper()) for one in values)},
    "expire": _unused,
    "max_idle_conns": _unused,
    "max_age": _unused,
    "max_connect_attempts": _unused,
}


def _tls(directive: Directive, words: Mapping[str, list[str]]) -> TlsOptions:
    """`tls [CERT KEY] [CA]` and `tls_servername NAME`."""
    files = words.get("tls", [])
    if len(files) > 3:
        raise directive.wrong("tls takes CERT KEY CA")
    try:
        context = ssl.create_default_context(cafile=files[-1] if len(files) in (1, 3) else None)
        if len(files) > 1:
            context.load_cert_chain(files[0], files[1])
        return TlsOptions(context, words.get("tls_servername", [""])[0])
    except (OSError, ValueError, IndexError) as error:
        raise directive.wrong(f"tls {' '.join(files)}: {error}") from None


def _upstreams(
    directive: Directive, place: str, site: Site, secure: TlsOptions | None
) -> list[Upstream]:
    if "/" in place and "://" not in place:
        return [one for one in _of_file(Path(place)) if not _is_us(one, site)]
    transport, _, rest = place.rpartition("://")
    if transport not in ("", "dns", "tls"):
        raise directive.wrong(f"cannot ask over {transport}")
    tls = secure if transport == "tls" else None
    address, port = rest, ""
    if rest.startswith("["):
        address, _, port = rest[1:].partition("]")
        port = port.lstrip(":")
    elif rest.count(":") == 1:
        address, _, port = rest.partition(":")
    default = TLS_PORT if tls is not None else PORT
    try:
        return [Upstream(str(ipaddress.ip_address(address)), int(port or default), tls=tls)]
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
