"""Asks about another name than the client did, and answers as if it were his."""

import re
from collections.abc import Callable

from dnslib import QTYPE
from msgspec.structs import replace

from dns.corefile import Block, Directive
from dns.message import (
    Labels,
    Query,
    Record,
    Reply,
    labels_of,
    lower,
    question,
    records_of,
    text_of,
)
from dns.plugins.plugin import Ask, Plugin, Site

Change = Callable[[Query], Query | None]
"""The other question, None where the rule is not for this one."""


class Rewrite(Plugin):
    """One rule."""

    name = "rewrite"

    def __init__(self, change: Change) -> None:
        self._change = change

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Ask the other question and give its answers the name that was asked."""
        other = self._change(query)
        if other is None:
            return await ask_next(query)
        reply = await ask_next(other)
        if reply.wire is not None:
            reply = records_of(reply.wire)
        answer = tuple(_renamed(one, other.lower, query.name) for one in reply.answer)
        return replace(reply, answer=answer)


def _renamed(record: Record, before: Labels, after: Labels) -> Record:
    return record._replace(name=after) if lower(record.name) == before else record


def _name_rule(kind: str, source: str, target: str) -> Change:
    """A rule about names; both are written with or without the last dot."""
    pattern = re.compile(source if kind == "regex" else re.escape(source))
    plain, to = text_of(lower(labels_of(source))), text_of(labels_of(target))
    # What follows a prefix goes on, so neither has a dot of its own at the end.
    begin, begin_to = source.lower(), target

    def changed(name: str) -> str | None:
        found = None
        if kind == "exact" and name == plain:
            found = to
        elif kind == "prefix" and name.startswith(begin):
            found = begin_to + name[len(begin) :]
        elif kind == "suffix" and name.endswith(plain):
            found = name[: -len(plain)] + to
        elif kind == "substring" and begin in name:
            found = name.replace(begin, begin_to)
        elif kind == "regex" and (match := pattern.search(name)):
            found = re.sub(r"\{(\d+)\}", lambda number: match[int(number[1])] or "", target)
        return found

    def change(query: Query) -> Query | None:
        name = changed(text_of(query.lower))
        return None if name is None else question(query, labels_of(name))

    return change


def _type_rule(source: str, target: str) -> Change:
    before, after = getattr(QTYPE, source), getattr(QTYPE, target)

    def change(query: Query) -> Query | None:
        if query.type != before:
            return None
        return question(query, query.name, kind=after)

    return change


KINDS = ("exact", "prefix", "suffix", "substring", "regex")


def make(directive: Directive, _block: Block, _site: Site) -> Plugin:
    """The plugin that a `rewrite` line asks for."""
    words = list(directive.arguments)
    if words[:1] in (["continue"], ["stop"]):
        del words[0]
    match words:
        case ["type", source, target]:
            return Rewrite(_type_rule(source.upper(), target.upper()))
        case ["name", kind, source, target, *_] if kind in KINDS:
            return Rewrite(_rule(directive, kind, source, target))
        case ["name", source, target] | [source, target]:
            return Rewrite(_rule(directive, "exact", source, target))
    raise directive.wrong(f"cannot use {' '.join(words)}")


def _rule(directive: Directive, kind: str, source: str, target: str) -> Change:
    try:
        return _name_rule(kind, source, target)
    except re.error as error:
        raise directive.wrong(f"{source!r}: {error}") from None
