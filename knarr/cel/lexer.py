"""Cuts the text of an expression into words."""

import re
from typing import Any

from msgspec import Struct

from knarr.cel.errors import CelSyntaxError
from knarr.cel.numbers import INT_MAX, INT_MIN, UINT_MAX, Uint

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<string>(?:[rR]?[bB]?|[bB][rR])(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"
        |'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))
    |(?P<float>[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?
        |[0-9]+[eE][-+]?[0-9]+)
    |(?P<int>0x[0-9a-fA-F]+[uU]?|[0-9]+[uU]?)
    |(?P<name>[_a-zA-Z][_a-zA-Z0-9]*)
    |(?P<quoted>`[-a-zA-Z0-9_./ ]+`)
    |(?P<op>\.\?|\[\?|\{\?|&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_RAW = re.compile(
    r"(?:[rR]?[bB]?|[bB][rR])(?:'''|\"\"\"|'|\")",
)
_ESCAPE = re.compile(
    r"\\(?:(x)([0-9a-fA-F]{2})|(u)([0-9a-fA-F]{4})|(U)([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.S
)
_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "?": "?",
    '"': '"',
    "'": "'",
    "`": "`",
}


class Token(Struct, frozen=True):
    """One word: `name`, `op`, `literal` or `end`."""

    kind: str
    text: str
    at: int
    value: Any = None


def tokens(text: str) -> list[Token]:
    """The words of a text, the end as the last one. Raise CelSyntaxError."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise CelSyntaxError(at, f"Syntax error: token recognition error at: '{text[at:]}'")
        token = _token(match, at)
        if token is not None:
            found.append(token)
        at = match.end()
    found.append(Token("end", "<EOF>", len(text)))
    return found


def _token(match: re.Match[str], at: int) -> Token | None:
    kind, word = match.lastgroup, match.group()
    if kind == "space":
        return None
    if kind == "string":
        return Token("literal", word, at, _string(word, at))
    if kind == "float":
        return Token("literal", word, at, float(word))
    if kind == "int":
        return Token("literal", word, at, _integer(word, at))
    if kind == "quoted":
        return Token("quoted", word[1:-1], at)
    return Token(str(kind), word, at)


def _integer(word: str, at: int) -> int:
    digits = word.rstrip("uU")
    number = int(digits, 16) if digits.startswith("0x") else int(digits)
    if digits != word:
        if number > UINT_MAX:
            raise CelSyntaxError(at, "invalid uint literal")
        return Uint(number)
    # One more than the largest: a minus may stand before it.
    if not INT_MIN <= number <= INT_MAX + 1:
        raise CelSyntaxError(at, "invalid int literal")
    return number


def _string(word: str, at: int) -> str | bytes:
    opening = _RAW.match(word)
    assert opening is not None, "the pattern of strings begins so"
    head = opening.group()
    quotes = head.lstrip("rRbB")
    prefix = head[: -len(quotes)].lower()
    inner = word[len(head) : -len(quotes)]
    is_bytes = "b" in prefix
    if "r" not in prefix:
        inner = _unescaped(inner, at, is_bytes=is_bytes)
    if not is_bytes:
        return inner
    if "r" in prefix:
        return inner.encode()
    return b"".join(
        bytes([ord(c) - _BYTE]) if _BYTE <= ord(c) < _BYTE + 256 else c.encode() for c in inner
    )


_BYTE = 0x10F000
"""Where escaped bytes are kept among the characters until the text is cut into bytes."""


def _unescaped(text: str, at: int, *, is_bytes: bool) -> str:
    def one(match: re.Match[str]) -> str:
        _, short, _, four, _, eight, octal, simple = match.groups()
        if simple is not None:
            if simple not in _SIMPLE:
                raise CelSyntaxError(at, f"Syntax error: token recognition error at: '{text}'")
            return _SIMPLE[simple]
        code = int(octal, 8) if octal else int(short or four or eight, 16)
        if is_bytes and (octal or short):
            return chr(_BYTE + code)
        return chr(code)

    return _ESCAPE.sub(one, text)
