"""Asks something else than the client did, and answers as if it were his question.

All rules of a server are one step. They are tried in turn; the first that fits is
the last, unless it begins with `continue`.
"""

from collections.abc import Callable, Mapping, Sequence

from dnslib import QTYPE
from msgspec import Struct
from msgspec.structs import replace

from dns.corefile import Block, Directive
from dns.message import IN, REFUSED, Query, Reply, labels_of, pack, question, records_of
from dns.plugins.plugin import Ask, Plugin, Site
from dns.plugins.rewrite_options import edns_rule
from dns.plugins.rewrite_rules import (
    RENAMES,
    Change,
    Rename,
    Rule,
    RuleError,
    class_rule,
    name_rule,
    rcode_rule,
    rename,
    ttl_rule,
    type_rule,
    with_target,
)


class Step(Struct, frozen=True):
    """One line."""

    rule: Rule | None
    goes_on: bool
    alias: Rename | None = None
    """For `cname`: where an alias is to lead instead."""


class Rewrite(Plugin):
    """The rules of one server."""

    name = "rewrite"

    def __init__(self, steps: Sequence[Step], *, takes_classes: bool) -> None:
        self._steps = tuple(steps)
        self.takes_classes = takes_classes

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Ask the other question and give its answers the name that was asked."""
        other, changes, aliases = self._rewritten(query)
        if other.class_ != IN:
            return Reply(rcode=REFUSED)
        reply = await ask_next(other)
        if not changes and not aliases and other is query:
            return reply
        is_others = reply.wire is not None
        if reply.wire is not None:
            reply = records_of(reply.wire)
        for alias in aliases:
            reply = await _other_alias(query, reply, alias, ask_next)
        for change in changes:
            reply = change(reply)
        # What others said may be kept, as long as it is whole.
        return Reply(wire=pack(replace(query, over_tcp=True), reply)) if is_others else reply

    def _rewritten(self, query: Query) -> tuple[Query, list[Change], list[Rename]]:
        changes: list[Change] = []
        aliases: list[Rename] = []
        for step in self._steps:
            if step.alias is not None:
                aliases.append(step.alias)
                continue
            found = step.rule(query) if step.rule is not None else None
            if found is None:
                continue
            query = found.query
            changes[:0] = found.changes  # The last rewritten is the first taken back.
            if not step.goes_on:
                break
        return query, changes, aliases


async def _other_alias(query: Query, reply: Reply, alias: Rename, ask_next: Ask) -> Reply:
    """The reply with its alias leading elsewhere, and what is there."""
    for at, one in enumerate(reply.answer):
        if one.type != QTYPE.CNAME:
            continue
        target = alias(str(one.data.label).lower())
        if target is None:
            continue
        answer = (*reply.answer[:at], with_target(one, lambda _, to=target: to))  # type: ignore[misc]
        if query.type == QTYPE.CNAME:
            return replace(reply, answer=answer, depends_on=None)
        further = await ask_next(question(query, labels_of(target), whole=True))
        records = further.answer if further.wire is None else records_of(further.wire).answer
        return replace(reply, answer=(*answer, *records), rcode=further.rcode, depends_on=None)
    return reply


def _name(words: Sequence[str]) -> Rule:
    kind, rest = _kind(words, 2)
    return name_rule(kind, rest[0], rest[1], rest[2:])


def _ttl(words: Sequence[str]) -> Rule:
    kind, rest = _kind(words, 2)
    return ttl_rule(kind, *_only(rest, 2))


def _rcode(words: Sequence[str]) -> Rule:
    kind, rest = _kind(words, 3)
    return rcode_rule(kind, *_only(rest, 3))


FIELDS: Mapping[str, Callable[[Sequence[str]], Rule]] = {
    "name": _name,
    "type": lambda words: type_rule(*_only(words, 2)),
    "class": lambda words: class_rule(*_only(words, 2)),
    "edns0": edns_rule,
    "ttl": _ttl,
    "rcode": _rcode,
}


def _kind(words: Sequence[str], needed: int) -> tuple[str, Sequence[str]]:
    """How names are compared, which need not be said, and the rest."""
    if words and words[0] in RENAMES and len(words) > needed:
        kind, rest = words[0], words[1:]
    else:
        kind, rest = "exact", words
    if len(rest) < needed:
        raise RuleError(f"needs {needed} words more than {' '.join(words)}")
    return kind, rest


def _only(words: Sequence[str], count: int) -> Sequence[str]:
    if len(words) != count:
        raise RuleError(f"cannot use {' '.join(words)}")
    return words


def _step(words: Sequence[str]) -> Step:
    goes_on = words[:1] == ["continue"]
    words = words[1:] if words[:1] in (["continue"], ["stop"]) else words
    field, rest = (words[0], words[1:]) if words else ("", [])
    if field == "cname":
        kind, names = _kind(rest, 2)
        return Step(None, goes_on=goes_on, alias=rename(kind, *_only(names, 2)))
    if field in FIELDS:
        return Step(FIELDS[field](rest), goes_on=goes_on)
    if len(words) == 2:  # Two names alone.
        return Step(_name(words), goes_on=goes_on)
    raise RuleError(f"cannot use {' '.join(words)}")


def make_all(directives: Sequence[Directive], _block: Block, _site: Site) -> Plugin:
    """The one plugin that all `rewrite` lines of a server ask for."""
    steps = []
    for directive in directives:
        words = [*directive.arguments, *(word for line in directive.block for word in line)]
        try:
            steps.append(_step(words))
        except RuleError as error:
            raise directive.wrong(str(error)) from None
    is_about_classes = any("class" in directive.arguments[:2] for directive in directives)
    return Rewrite(steps, takes_classes=is_about_classes)
