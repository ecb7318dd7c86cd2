"""Reads CoreDNS' configuration language, the part of it that our plugins need. Pure.

A file is server blocks, `ZONE... { PLUGIN... }`; a plugin is a line with words
and, where it has more to say, a block of lines of its own.
"""

import re
from collections.abc import Callable, Mapping, Sequence

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
    cache 30 {
        serve_stale 1h verify
    }
    loop
    loadbalance
}
"""
"""What is answered where nobody says anything else."""


Files = Callable[[str], Sequence[str]]
"""The texts of the files that a pattern fits, in order."""


def no_files(_pattern: str) -> Sequence[str]:
    """There are none beside a text that is no file."""
    return ()


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
_ARGUMENT = re.compile(r"\{args\[(\d+)\]\}")
_VARIABLE = re.compile(r"\{\$(\w+)\}|\{%(\w+)%\}")


def parse(
    text: str, environment: Mapping[str, str] | None = None, files: Files = no_files
) -> tuple[Block, ...]:
    """The server blocks of a file. Raise CorefileError."""
    reading = _Reading(environment or {}, files)
    words = reading.words(text)
    blocks: list[Block] = []
    at = 0
    while at < len(words):
        if words[at].text == "import" and words[at].begins_line:
            line, at = _line(words, at)
            words[at:at] = reading.servers(line)
            continue
        heads = []
        while at < len(words) and words[at].text != "{":
            heads.append(words[at])
            at += 1
        if at == len(words):
            raise CorefileError(f"Corefile:{heads[-1].line}: expected '{{' after the zones")
        directives, at = _directives(words, at + 1)
        first = heads[0].text if heads else "."
        if re.fullmatch(r"\(\w[\w-]*\)", first):
            reading.snippets[first[1:-1]] = directives
        else:
            names = [part for head in heads for part in head.text.split(",") if part]
            blocks += _blocks(names or ["."], reading.whole(directives), heads)
    return tuple(blocks)


class _Reading:
    """What one reading of a file needs besides its words."""

    def __init__(self, environment: Mapping[str, str], files: Files) -> None:
        self.snippets: dict[str, tuple[Directive, ...]] = {}
        self._environment = environment
        self._files = files
        self._imports = 0

    def words(self, text: str) -> list["_Word"]:
        """A text's words, variables filled in."""
        known = self._environment
        return _words(_VARIABLE.sub(lambda found: known.get(found[1] or found[2], ""), text))

    def servers(self, line: Sequence["_Word"]) -> list["_Word"]:
        """The words of files that are imported beside the servers."""
        one = Directive("import", tuple(word.text for word in line[1:]), (), line[0].line)
        return [word for text in self._read(one) for word in self.words(text)]

    def whole(self, directives: Sequence[Directive]) -> tuple[Directive, ...]:
        """The directives with those that they import in place of the imports."""
        waiting = list(directives)
        found: list[Directive] = []
        while waiting:
            one = waiting.pop(0)
            if one.name != "import":
                found.append(one)
            elif one.arguments and one.arguments[0] in self.snippets:
                self._count(one)
                snippet = self.snippets[one.arguments[0]]
                waiting[:0] = [_filled(each, one.arguments[1:]) for each in snippet]
            else:
                texts = self._read(one)
                waiting[:0] = [
                    _filled(each, one.arguments[1:]) for text in texts for each in self._of(text)
                ]
        return tuple(found)

    def _of(self, text: str) -> tuple[Directive, ...]:
        """The directives of a file that stands within a server."""
        words = [_Word("{", 1, True), *self.words(text), _Word("}", 1, True)]  # noqa: FBT003
        return _directives(words, 1)[0]

    def _read(self, one: Directive) -> Sequence[str]:
        self._count(one)
        texts = self._files(one.arguments[0]) if one.arguments else ()
        if not texts:
            raise one.wrong("names no snippet of this file and no file")
        return texts

    def _count(self, one: Directive) -> None:
        self._imports += 1
        if self._imports > IMPORTS_MAX:
            raise one.wrong("names no snippet of this file: these go round in a circle")


def _filled(one: Directive, arguments: Sequence[str]) -> Directive:
    """A directive with what was given to its import."""

    def word(text: str) -> str:
        return _ARGUMENT.sub(
            lambda found: arguments[int(found[1])] if int(found[1]) < len(arguments) else "", text
        )

    if not arguments:
        return one
    block = tuple(tuple(map(word, line)) for line in one.block)
    return Directive(one.name, tuple(map(word, one.arguments)), block, one.line)


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
    head, slash, tail = rest.partition("/")
    at = tail.rfind(":") if slash else -1
    if slash:  # A range of addresses, which may have colons itself.
        zone, port = (f"{head}/{tail[:at]}", tail[at + 1 :]) if at >= 0 else (rest, "")
    else:
        zone, _, port = rest.partition(":")
    if port and not (port.isdigit() and int(port) <= 0xFFFF):
        raise CorefileError(f"Corefile:{line}: {port!r} is no port")
    return zone or ".", int(port) if port else PORT
