"""What is wrong with a text that is not JSON, in the words of Go's decoder.

Only texts that the fast decoder refused come here, so it reads byte by byte.
"""

import re
from typing import Final

_END = "unexpected end of JSON input"
_DEPTH_MAX: Final = 10_000
"""Go's decoder goes no deeper."""
_SPACE = b" \t\r\n"
_LITERALS = {0x74: b"true", 0x66: b"false", 0x6E: b"null"}


class _SyntaxError(Exception):
    """The first thing wrong."""


def syntax_error(data: bytes) -> str:
    """The first thing wrong with the text; empty when it is JSON."""
    try:
        _Scanner(bytes(data)).run()
    except _SyntaxError as error:
        return str(error)
    return ""


def _quoted(byte: int) -> str:
    character = chr(byte)
    if character == "'":
        return r"'\''"
    if character == '"':
        return "'\"'"
    escapes = {"\n": r"\n", "\t": r"\t", "\r": r"\r", "\\": r"\\", "\x00": r"\x00"}
    if character in escapes:
        return f"'{escapes[character]}'"
    return f"'{character}'" if character.isprintable() else f"'\\x{byte:02x}'"


class _Scanner:
    """Reads a text from its start; `run` ends where the text does or raises."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def run(self) -> None:
        stack: list[int] = []
        self._open_value(stack)
        while stack:
            self._go_on(stack)
        self._skip_space()
        if self._at < len(self._data):
            raise self._invalid("after top-level value")

    def _invalid(self, context: str) -> _SyntaxError:
        if self._at >= len(self._data):
            return _SyntaxError(_END)
        return _SyntaxError(f"invalid character {_quoted(self._data[self._at])} {context}")

    def _skip_space(self) -> None:
        while self._at < len(self._data) and self._data[self._at] in _SPACE:
            self._at += 1

    def _peek(self) -> int:
        self._skip_space()
        if self._at >= len(self._data):
            raise _SyntaxError(_END)
        return self._data[self._at]

    def _open_value(self, stack: list[int]) -> None:
        """Read a scalar, or step into an object or array."""
        byte = self._peek()
        if byte in b"{[":
            self._step_in(byte, stack)
        elif byte == ord('"'):
            self._string()
        elif byte in _LITERALS:
            self._literal(_LITERALS[byte])
        elif byte in b"-0123456789":
            self._number()
        else:
            raise self._invalid("looking for beginning of value")

    def _step_in(self, byte: int, stack: list[int]) -> None:
        self._at += 1
        if len(stack) >= _DEPTH_MAX:
            raise _SyntaxError("exceeded max depth")
        if self._peek() == byte + 2:  # The closing bracket is two places after the opening one.
            self._at += 1
            return
        stack.append(byte)
        if byte == ord("{"):
            self._key()
        self._open_value(stack)

    def _go_on(self, stack: list[int]) -> None:
        """After a value inside an object or array: the next one, or the end."""
        byte, inside = self._peek(), stack[-1]
        in_object = inside == ord("{")
        if byte == ord(","):
            self._at += 1
            if in_object:
                self._key()
            self._open_value(stack)
        elif byte == inside + 2:
            self._at += 1
            stack.pop()
        else:
            after = "object key:value pair" if in_object else "array element"
            raise self._invalid(f"after {after}")

    def _key(self) -> None:
        if self._peek() != ord('"'):
            raise self._invalid("looking for beginning of object key string")
        self._string()
        if self._peek() != ord(":"):
            raise self._invalid("after object key")
        self._at += 1

    def _string(self) -> None:
        self._at += 1
        while True:
            byte = self._raw()
            if byte == ord('"'):
                self._at += 1
                return
            if byte == ord("\\"):
                self._at += 1
                self._escape()
            elif byte < 0x20:
                raise self._invalid("in string literal")
            else:
                self._at += 1

    def _raw(self) -> int:
        if self._at >= len(self._data):
            raise _SyntaxError(_END)
        return self._data[self._at]

    def _escape(self) -> None:
        byte = self._raw()
        if byte not in b'bfnrt\\/"u':
            raise self._invalid("in string escape code")
        self._at += 1
        for _ in range(4 if byte == ord("u") else 0):
            if self._raw() not in b"0123456789abcdefABCDEF":
                raise self._invalid("in \\u hexadecimal character escape")
            self._at += 1

    def _literal(self, word: bytes) -> None:
        for expected in word:
            if self._raw() != expected:
                raise self._invalid(f"in literal {word.decode()} (expecting {_quoted(expected)})")
            self._at += 1

    def _number(self) -> None:
        if self._raw() == ord("-"):
            self._at += 1
            self._digit("in numeric literal")
        if self._raw() == ord("0"):
            self._at += 1
        else:
            self._digits()
        if self._next_is(b"."):
            self._at += 1
            self._digit("after decimal point in numeric literal")
            self._digits()
        if self._next_is(b"eE"):
            self._at += 1
            if self._next_is(b"+-"):
                self._at += 1
            self._digit("in exponent of numeric literal")
            self._digits()

    def _next_is(self, bytes_: bytes) -> bool:
        return self._at < len(self._data) and self._data[self._at] in bytes_

    def _digit(self, context: str) -> None:
        if not self._next_is(b"0123456789"):
            raise self._invalid(context)

    def _digits(self) -> None:
        found = re.compile(rb"[0-9]*").match(self._data, self._at)
        self._at = found.end() if found else self._at


def whole_text(data: bytes) -> bytes:
    """The text with a sign in place of whatever is no UTF-8, as Go reads it."""
    if data.isascii():
        return data
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode(errors="replace").encode()
    return data
