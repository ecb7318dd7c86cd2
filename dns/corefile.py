"""Reads CoreDNS' configuration language, the part of it that our plugins need. Pure.

A file is server blocks, `ZONE... { PLUGIN... }`; a plugin is a line with words
and, where it has more to say, a block of lines of its own.
"""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from knarr.daemon.settings import SettingsError

IMPORTS_MAX = 100
"""So many snippets may be taken in before they surely go round in a circle."""

PORT = 53

DEFAULT = """
.:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        short
        fallthrough in-addr.arpa ip6.arpa
        ttl 5
    }
    forward . /etc/resolv.conf
    cache 30
    loop
    loadbalance
}
"""
"""What is answered where nobody says anything else."""


class CorefileError(SettingsError):
    """The file cannot be used; the message is one line that says where and why."""


class Directive(Struct, frozen=True):
    """One plugin's configuration."""

    name: str
    arguments: tuple[str, ...] = ()
    block: tuple[tuple[str, ...], ...] = ()
    line: int = 0

    def wrong(self, why: str) -> CorefileError:
        """An error at this place."""
        return CorefileError(f"Corefile:{self.line}: {self.name}: {why}")


class Block(Struct, frozen=True):
    """One server: the zones and the port it answers at, and how."""

    zones: tuple[str, ...]
    port: int
    directives: tuple[Directive, ...]

    def all(self, name: str) -> tuple[Directive, ...]:
        """Every use of one plugin."""
        return tuple(one for one in self.directives if one.name == name)


class _Word(Struct, frozen=True):
    text: str
    line: int
    begins_line: bool


_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_VARIABLE = re.compile(r"\{\$(\w+)\}|\{%(\w+)%\}")


def parse(text: str, environment: Mapping[str, str] | None = None) -> tuple[Block, ...]:
    """The server blocks of a file. Raise CorefileError."""
    known = environment or {}
    text = _VARIABLE.sub(lambda found: known.get(found[1] or found[2], ""), text)
    words = _words(text)
    blocks: list[Block] = []
    snippets: dict[str, tuple[Directive, ...]] = {}
    at = 0
    while at < len(words):
        heads = []
        while at < len(words) and words[at].text != "{":
            heads.append(words[at])
            at += 1
        if at == len(words):
            raise CorefileError(f"Corefile:{heads[-1].line}: expected '{{' after the zones")
        directives, at = _directives(words, at + 1)
        first = heads[0].text if heads else "."
        if re.fullmatch(r"\(\w[\w-]*\)", first):
            snippets[first[1:-1]] = directives
        else:
            names = [part for head in heads for part in head.text.split(",") if part]
            blocks += _blocks(names or ["."], _with_snippets(directives, snippets), heads)
    return tuple(blocks)


def _words(text: str) -> list[_Word]:
    words = []
    for number, line in enumerate(text.splitlines(), 1):
        begins_line = True
        for found in _WORD.finditer(line):
            quoted, plain = found.groups()
            if plain is not None and plain.startswith("#"):
                break
            word = plain if plain is not None else re.sub(r"\\(.)", r"\1", quoted)
            words.append(_Word(word, number, begins_line))
            begins_line = False
    return words


def _line(words: Sequence[_Word], at: int) -> tuple[list[_Word], int]:
    """The words of one line, up to a brace."""
    line = [words[at]]
    at += 1
    while at < len(words) and not words[at].begins_line and words[at].text not in ("{", "}"):
        line.append(words[at])
        at += 1
    return line, at


def _directives(words: Sequence[_Word], at: int) -> tuple[tuple[Directive, ...], int]:
    found = []
    opened = words[at - 1].line
    while at < len(words) and words[at].text != "}":
        line, at = _line(words, at)
        block: list[tuple[str, ...]] = []
        if at < len(words) and words[at].text == "{":
            block, at = _inner(words, at + 1)
        name, *arguments = (word.text for word in line)
        found.append(Directive(name, tuple(arguments), tuple(block), line[0].line))
    if at == len(words):
        raise CorefileError(f"Corefile:{opened}: the block that begins here has no '}}'")
    return tuple(found), at + 1


def _inner(words: Sequence[_Word], at: int) -> tuple[list[tuple[str, ...]], int]:
    lines = []
    opened = words[at - 1].line
    while at < len(words) and words[at].text != "}":
        line, at = _line(words, at)
        if at < len(words) and words[at].text == "{":
            raise CorefileError(f"Corefile:{words[at].line}: no block may stand here")
        lines.append(tuple(word.text for word in line))
    if at == len(words):
        raise CorefileError(f"Corefile:{opened}: the block that begins here has no '}}'")
    return lines, at + 1


def _with_snippets(
    directives: Sequence[Directive], snippets: Mapping[str, tuple[Directive, ...]]
) -> tuple[Directive, ...]:
    waiting = list(directives)
    found: list[Directive] = []
    imports = 0
    while waiting:
        one = waiting.pop(0)
        if one.name != "import":
            found.append(one)
            continue
        imports += 1
        if len(one.arguments) != 1 or one.arguments[0] not in snippets or imports > IMPORTS_MAX:
            raise one.wrong("names no snippet of this file")
        waiting[:0] = snippets[one.arguments[0]]
    return tuple(found)


def _blocks(
    names: Sequence[str], directives: tuple[Directive, ...], heads: Sequence[_Word]
) -> list[Block]:
    by_port: dict[int, list[str]] = {}
    for name in names:
        zone, port = _zone(name, heads[0].line if heads else 1)
        by_port.setdefault(port, []).append(zone)
    return [Block(tuple(zones), port, directives) for port, zones in by_port.items()]


def _zone(name: str, line: int) -> tuple[str, int]:
    transport, _, rest = name.rpartition("://")
    if transport not in ("", "dns"):
        raise CorefileError(f"Corefile:{line}: {transport}:// is not served")
    zone, _, port = rest.partition(":")
    if port and not (port.isdigit() and int(port) <= 0xFFFF):
        raise CorefileError(f"Corefile:{line}: {port!r} is no port")
    return zone or ".", int(port) if port else PORT
