"""Writes a line a query."""

import asyncio
import re
from collections.abc import Callable, Mapping

import structlog
from dnslib import CLASS, QTYPE, RCODE
from msgspec import Struct

from dns.corefile import Block, Directive
from dns.message import (
    HEADER,
    NOERROR,
    NXDOMAIN,
    Labels,
    Query,
    Reply,
    pack,
    text_of,
)
from dns.plugins.plugin import Ask, Plugin, Site, zone_around, zones_of

log = structlog.get_logger()

COMMON = (
    '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" '
    "{rcode} {>rflags} {rsize} {duration}"
)

COMBINED = COMMON + ' "{>opcode}"'

FORMATS = {"{common}": COMMON, "{combined}": COMBINED}

CLASSES = ("all", "success", "denial", "error")

FLAGS = {0x8000: "qr", 0x400: "aa", 0x200: "tc", 0x100: "rd", 0x80: "ra", 0x20: "ad", 0x10: "cd"}

_FIELD = re.compile(r"\{(>?\w+)\}")


class Said(Struct, frozen=True):
    """A query and what became of it."""

    query: Query
    reply: Reply
    took_s: float

    @property
    def wire(self) -> bytes:
        """The reply as it goes out."""
        return pack(self.query, self.reply)


class Log(Plugin):
    """Who asked what, and what he was told."""

    name = "log"
    sees_all = True

    def __init__(
        self, zones: tuple[Labels, ...], classes: frozenset[str], form: str | None
    ) -> None:
        self._zones = zones
        self._classes = classes
        self._form = form
        """How lines look; None for one key a fact."""

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Ask the next one and note what it says."""
        if zone_around(self._zones, query.lower) is None:
            return await ask_next(query)
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        reply = await ask_next(query)
        if "all" in self._classes or _class(reply) in self._classes:
            self._write(Said(query, reply, loop.time() - began_s))
        return reply

    def _write(self, said: Said) -> None:
        query = said.query
        if self._form is not None:
            log.info("query", line=_FIELD.sub(lambda found: _fact(found[1], said), self._form))
            return
        log.info(
            "query",
            client=query.client,
            name=text_of(query.name),
            type=str(QTYPE.get(query.type)),
            protocol="tcp" if query.over_tcp else "udp",
            rcode=str(RCODE.get(_rcode(said.reply))),
        )


def _rcode(reply: Reply) -> int:
    return reply.rcode if reply.wire is None else HEADER.unpack_from(reply.wire)[1] & 15


def _class(reply: Reply) -> str:
    """Which of the classes a reply is of."""
    rcode = _rcode(reply)
    if rcode == NXDOMAIN:
        return "denial"
    if rcode != NOERROR:
        return "error"
    answers = len(reply.answer) if reply.wire is None else HEADER.unpack_from(reply.wire)[3]
    return "success" if answers else "denial"


FACTS: Mapping[str, Callable[[Said], str]] = {
    "type": lambda said: str(QTYPE.get(said.query.type)),
    "name": lambda said: text_of(said.query.name),
    "class": lambda said: str(CLASS.get(said.query.class_)),
    "proto": lambda said: "tcp" if said.query.over_tcp else "udp",
    "remote": lambda said: said.query.client,
    "port": lambda _: "0",
    "size": lambda said: str(len(said.query.wire)),
    "rcode": lambda said: str(RCODE.get(_rcode(said.reply))),
    "rsize": lambda said: str(len(said.wire)),
    "duration": lambda said: f"{said.took_s:.9f}s",
    ">rflags": lambda said: ",".join(
        word for bit, word in FLAGS.items() if HEADER.unpack_from(said.wire)[1] & bit
    ),
    ">bufsize": lambda said: str(said.query.edns.payload if said.query.edns else 512),
    ">do": lambda said: str(said.query.wants_dnssec).lower(),
    ">id": lambda said: str(said.query.id),
    ">opcode": lambda said: str(said.query.opcode),
}
"""What a line may say."""


def _fact(name: str, said: Said) -> str:
    make_text = FACTS.get(name)
    return make_text(said) if make_text is not None else "-"


def make(directive: Directive, block: Block, _site: Site) -> Plugin:
    """The plugin that `log [NAMES…] [FORMAT]` asks for."""
    names = list(directive.arguments)
    form = None
    if names and "{" in names[-1]:
        text = names.pop()
        form = FORMATS.get(text, text)
    classes: set[str] = set()
    for word, *values in directive.block:
        if word != "class" or not values or not set(values) <= set(CLASSES):
            raise directive.wrong(f"cannot use {' '.join((word, *values))}")
        classes |= set(values)
    return Log(zones_of(names, block), frozenset(classes or {"all"}), form)
