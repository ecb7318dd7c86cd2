"""What `rewrite` changes: a question on its way in, a reply on its way out. Pure.

A rule looks at a question; None means that it is not for this one, else it
answers the question to ask instead and what is to be changed in the reply.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from dnslib import CNAME, MX, NS, PTR, QTYPE, RCODE, SRV
from dnslib.dns import DNSError
from msgspec import Struct
from msgspec.structs import replace

from dns.message import Labels, Query, Record, Reply, labels_of, lower, question, text_of

Change = Callable[[Reply], Reply]

Rename = Callable[[str], str | None]
"""The other name for one in lower case with its last dot; None for none."""

CLASSES = {"IN": 1, "CH": 3, "HS": 4, "ANY": 255}

TTL_MAX = 2**31 - 1


class RuleError(ValueError):
    """A rule that cannot be."""


class Rewritten(Struct, frozen=True):
    """What a rule wants."""

    query: Query
    changes: tuple[Change, ...] = ()


Rule = Callable[[Query], Rewritten | None]


def rename(kind: str, source: str, target: str) -> Rename:
    """How one name becomes another; both are written with or without the last dot."""
    if kind not in RENAMES:
        raise RuleError(f"{kind!r} is not one of {', '.join(RENAMES)}")
    return RENAMES[kind](source, target)


def _exact(source: str, target: str) -> Rename:
    before, after = _whole(source), _whole(target)
    return lambda name: after if name == before else None


def _prefix(source: str, target: str) -> Rename:
    # What follows goes on, so neither has a dot of its own at the end.
    before = source.lower()
    return lambda name: target + name[len(before) :] if name.startswith(before) else None


def _suffix(source: str, target: str) -> Rename:
    before, after = _whole(source), _whole(target)
    return lambda name: name[: -len(before)] + after if name.endswith(before) else None


def _substring(source: str, target: str) -> Rename:
    before = source.lower()
    return lambda name: name.replace(before, target) if before in name else None


def _regex(source: str, target: str) -> Rename:
    pattern = _pattern(source)

    def renamed(name: str) -> str | None:
        match = pattern.search(name)
        return _filled(target, match) if match is not None else None

    return renamed


RENAMES: Mapping[str, Callable[[str, str], Rename]] = {
    "exact": _exact,
    "prefix": _prefix,
    "suffix": _suffix,
    "substring": _substring,
    "regex": _regex,
}
"""How names are compared."""


def _whole(text: str) -> str:
    """A name or the end of one in lower case with its last dot; a first one stays."""
    plain = text_of(labels_of(text.lower())) if text.strip(".") else ""
    return f".{plain}" if text.startswith(".") and text != "." else plain


def name_rule(kind: str, source: str, target: str, answers: Sequence[str]) -> Rule:
    """Another name; answers about it are answers about the one that was asked."""
    changed = rename(kind, source, target)
    further = _answers(kind, source, target, list(answers))

    def rule(query: Query) -> Rewritten | None:
        name = changed(text_of(query.lower))
        if name is None:
            return None
        other = question(query, labels_of(name), whole=True)

        def back(reply: Reply) -> Reply:
            return _each(reply, lambda one: _renamed(one, other.lower, query.name))

        return Rewritten(other, (*further, back))

    return rule


def type_rule(source: str, target: str) -> Rule:
    """Another type."""
    before, after = _number(QTYPE, source, "type"), _number(QTYPE, target, "type")

    def rule(query: Query) -> Rewritten | None:
        if query.type != before:
            return None
        return Rewritten(question(query, query.name, kind=after, whole=True))

    return rule


def class_rule(source: str, target: str) -> Rule:
    """Another class."""
    if source.upper() not in CLASSES or target.upper() not in CLASSES:
        raise RuleError(f"{source} {target} are not of {', '.join(CLASSES)}")
    before, after = CLASSES[source.upper()], CLASSES[target.upper()]

    def rule(query: Query) -> Rewritten | None:
        if query.class_ != before:
            return None
        return Rewritten(question(query, query.name, class_=after, whole=True))

    return rule


def ttl_rule(kind: str, source: str, seconds: str) -> Rule:
    """Other times to live: one, or none below and above two of them, as in 30-300."""
    fits = rename(kind, source, "")
    low, dash, high = seconds.partition("-")
    try:
        least = int(low or 0)
        most = (int(high) if high else TTL_MAX) if dash else least
    except ValueError:
        raise RuleError(f"{seconds!r} is no time to live") from None
    if not 0 <= least <= most <= TTL_MAX:
        raise RuleError(f"{seconds!r} is no time to live")

    def change(reply: Reply) -> Reply:
        return _each(reply, lambda one: one._replace(ttl=min(max(one.ttl, least), most)))

    return lambda query: (
        Rewritten(query, (change,)) if fits(text_of(query.lower)) is not None else None
    )


def rcode_rule(kind: str, source: str, before: str, after: str) -> Rule:
    """Another code of success or failure."""
    fits = rename(kind, source, "")
    old, new = _number(RCODE, before, "rcode"), _number(RCODE, after, "rcode")

    def change(reply: Reply) -> Reply:
        return replace(reply, rcode=new) if reply.rcode == old else reply

    return lambda query: (
        Rewritten(query, (change,)) if fits(text_of(query.lower)) is not None else None
    )


def _answers(kind: str, source: str, target: str, words: list[str]) -> tuple[Change, ...]:
    """What `answer …` asks for beside the name that was asked. Raise RuleError."""
    found: list[Change] = []
    while words:
        match words:
            case ["answer", "auto", *rest] if kind in ("exact", "prefix", "suffix"):
                back = rename(kind, target, source)
                found += [_names(back), _values(back)]
            case ["answer", "name", before, after, *rest]:
                found.append(_names(rename("regex", before, after)))
            case ["answer", "value", before, after, *rest]:
                found.append(_values(rename("regex", before, after)))
            case _:
                raise RuleError(f"cannot use {' '.join(words)}")
        words = list(rest)
    return tuple(found)


def _names(change: Rename) -> Change:
    def renamed(one: Record) -> Record:
        name = change(text_of(lower(one.name)))
        return one if name is None else one._replace(name=labels_of(name))

    return lambda reply: _each(reply, renamed)


def _values(change: Rename) -> Change:
    return lambda reply: _each(reply, lambda one: with_target(one, change))


def with_target(record: Record, change: Rename) -> Record:
    """The record, leading to another name where it leads to one at all."""
    data = record.data
    if not isinstance(data, CNAME | NS | PTR | MX | SRV):
        return record
    target = tuple((data.target if isinstance(data, SRV) else data.label).label)
    name = change(text_of(lower(target)))
    if name is None:
        return record
    if isinstance(data, SRV):
        made = SRV(data.priority, data.weight, data.port, name)
    elif isinstance(data, MX):
        made = MX(name, data.preference)
    else:
        made = type(data)(name)
    return record._replace(data=made)


def _each(reply: Reply, change: Callable[[Record], Record]) -> Reply:
    return replace(
        reply,
        answer=tuple(map(change, reply.answer)),
        authority=tuple(map(change, reply.authority)),
        additional=tuple(map(change, reply.additional)),
    )


def _renamed(record: Record, before: Labels, after: Labels) -> Record:
    return record._replace(name=after) if lower(record.name) == before else record


def _filled(target: str, match: re.Match[str]) -> str:
    def group(number: re.Match[str]) -> str:
        index = int(number[1])
        return (match[index] or "") if index <= match.re.groups else ""

    return re.sub(r"\{(\d+)\}", group, target)


def _pattern(source: str) -> re.Pattern[str]:
    try:
        return re.compile(source)
    except re.error as error:
        raise RuleError(f"{source!r}: {error}") from None


def _number(table: object, word: str, what: str) -> int:
    if word.isdigit():
        return int(word)
    try:
        return int(getattr(table, word.upper()))
    except (AttributeError, DNSError):
        raise RuleError(f"{word!r} is no {what}") from None
