"""Makes answers out of the names that are asked, as a pattern and some text say."""

import re
from collections.abc import Mapping

from dnslib import QTYPE, RCODE, RR
from dnslib.dns import DNSError
from msgspec import Struct, field

from dns.corefile import Block, Directive
from dns.message import ANY, NXDOMAIN, Labels, Query, Record, Reply, is_within, text_of
from dns.plugins.plugin import Ask, Plugin, Site, zone_around, zones_of

_FIELD = re.compile(r"\{\{\s*(?:\.(\w+)(?:\.(\w+))?|index\s+\.(Match|Group)\s+\"?(\w+)\"?)\s*\}\}")


class TemplateOptions(Struct):
    """What the block says."""

    type: int
    zones: tuple[Labels, ...]
    patterns: list[re.Pattern[str]] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    additional: list[str] = field(default_factory=list)
    authority: list[str] = field(default_factory=list)
    rcode: int = 0
    explanation: tuple[int, str] | None = None
    """What `ederror` says."""
    fallthrough: tuple[Labels, ...] = ()
    """Zones whose names are others' where no pattern fits."""


class Template(Plugin):
    """One template."""

    name = "template"

    def __init__(self, options: TemplateOptions) -> None:
        self._options = options

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Answer names that a pattern fits."""
        options = self._options
        zone = zone_around(options.zones, query.lower)
        if zone is None or options.type not in (ANY, query.type):
            return await ask_next(query)
        name = text_of(query.name)
        match = next((m for one in options.patterns if (m := one.search(name))), None)
        if match is None and any(is_within(query.lower, one) for one in options.fallthrough):
            return await ask_next(query)
        if match is None:
            return Reply(rcode=NXDOMAIN)  # Without an SOA, as we know no more than that.
        known = _known(query, name, zone, match)
        return Reply(
            rcode=options.rcode,
            answer=_records(options.answer, known),
            additional=_records(options.additional, known),
            authority=_records(options.authority, known),
            is_authoritative=True,
            explanation=options.explanation,
        )


def _known(query: Query, name: str, zone: Labels, match: re.Match[str]) -> Mapping[str, str]:
    """What may stand between braces, by its path."""
    found = {
        "Name": name,
        "Zone": text_of(zone),
        "Type": str(QTYPE.get(query.type)),
        "Class": "IN",
        "Question.Name": name,
        "Question.Qtype": str(query.type),
        "Message.Id": str(query.id),
        "Remote": query.client,
    }
    for number in range((match.re.groups or 0) + 1):
        found[f"Match.{number}"] = found[f"Group.{number}"] = match[number] or ""
    for word, value in match.groupdict().items():
        found[f"Group.{word}"] = value or ""
    return found


def _records(texts: list[str], known: Mapping[str, str]) -> tuple[Record, ...]:
    """The records of lines as zone files have them. Raise DNSError."""
    found = []
    for text in texts:
        line = _FIELD.sub(lambda m: known.get(_path(m), ""), text)
        found += RR.fromZone(line)
    return tuple(Record(tuple(one.rname.label), one.rtype, one.ttl, one.rdata) for one in found)


def _path(found: re.Match[str]) -> str:
    name, part, kind, number = found.groups()
    if kind:
        return f"{kind}.{number}"
    return f"{name}.{part}" if part else name


def make(directive: Directive, block: Block, _site: Site) -> Plugin:
    """The plugin that a `template` block asks for."""
    if len(directive.arguments) < 2 or directive.arguments[0] not in ("IN", "ANY"):
        raise directive.wrong("needs the class IN or ANY, and a type")
    kind = directive.arguments[1].upper()
    try:
        options = TemplateOptions(
            ANY if kind == "ANY" else getattr(QTYPE, kind), zones_of(directive.arguments[2:], block)
        )
        for line in directive.block:
            _set(directive, options, line)
    except (DNSError, re.error, AttributeError) as error:
        raise directive.wrong(str(error)) from None
    options.patterns = options.patterns or [re.compile(".*")]
    return Template(options)


def _set(directive: Directive, options: TemplateOptions, line: tuple[str, ...]) -> None:
    word, *values = line
    texts = {
        "answer": options.answer,
        "additional": options.additional,
        "authority": options.authority,
    }
    if word in texts and values:
        texts[word].append(" ".join(values))
    elif word == "match" and values:
        options.patterns += [re.compile(one) for one in values]
    elif word == "rcode" and values:
        options.rcode = getattr(RCODE, values[0].upper())
    elif word == "fallthrough":
        options.fallthrough = zones_of(values or (".",), Block((), 0, ()))
    elif word == "ederror" and values and values[0].isdigit():
        options.explanation = int(values[0]), " ".join(values[1:])
    else:
        raise directive.wrong(f"cannot use {' '.join(line)}")
