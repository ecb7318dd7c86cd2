"""Go templates, the part of them that is used with `-o go-template`.

Fields, variables, pipelines, range, if, with, else, and the functions that
templates for objects need.
"""

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct, field

from knarr.cli.failures import CliError
from knarr.cli.output.custom_columns import go_value
from knarr.cli.output.json_text import compact_json

_ACTION = re.compile(r"\{\{(- )?((?:\"(?:\\.|[^\"])*\"|`[^`]*`|[^}\"`]|\}(?!\}))*?)( -)?\}\}")
_TOKEN = re.compile(
    r"\s*(?:(?P<text>\"(?:\\.|[^\"])*\"|`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<set>:=|=)|(?P<bar>\|)|(?P<open>\()|(?P<close>\))|(?P<comma>,)"
    r"|(?P<variable>\$\w*(?:\.\w+)*)|(?P<field>(?:\.[\w-]+)+|\.)|(?P<word>\w+))"
)


class _Block(Struct):
    """A text, an action, or a block with what is inside."""

    kind: str
    words: str = ""
    body: list["_Block"] = field(default_factory=list)
    other: list["_Block"] = field(default_factory=list)


class GoTemplate:
    """A template, ready to be used. Raise CliError when it cannot be read."""

    def __init__(self, template: str) -> None:
        self._template = template
        self._blocks = self._read()

    def text(self, data: Any) -> str:
        """The template filled in."""
        return "".join(self._write(self._blocks, data, {"$": data}))

    def _read(self) -> list[_Block]:
        root: list[_Block] = []
        stack: list[list[_Block]] = [root]
        open_blocks: list[_Block] = []
        for piece in _pieces(self._template):
            head = piece.words.split(None, 1)[0] if piece.words and piece.kind == "do" else ""
            if head in ("range", "if", "with"):
                block = _Block(head, piece.words[len(head) :])
                stack[-1].append(block)
                open_blocks.append(block)
                stack.append(block.body)
            elif head == "else":
                self._else(piece, stack, open_blocks)
            elif head == "end":
                if not open_blocks:
                    raise self._error("unexpected {{end}}")
                while open_blocks.pop().kind == "elif":
                    stack.pop()
                stack.pop()
            else:
                stack[-1].append(piece)
        if open_blocks:
            raise self._error("unexpected EOF")
        return root

    def _else(self, piece: _Block, stack: list[list[_Block]], open_blocks: list[_Block]) -> None:
        if not open_blocks:
            raise self._error("unexpected {{else}}")
        stack[-1] = open_blocks[-1].other
        rest = piece.words[4:].strip()
        if rest.startswith("if"):
            block = _Block("elif", rest[2:])
            stack[-1].append(block)
            open_blocks.append(block)
            stack.append(block.body)

    def _error(self, words: str) -> CliError:
        return CliError(f"error parsing template {self._template}, template: output:1: {words}")

    def _write(
        self, blocks: Sequence[_Block], dot: Any, variables: dict[str, Any]
    ) -> Iterator[str]:
        for block in blocks:
            match block.kind:
                case "text":
                    yield block.words
                case "do":
                    yield self._do(block.words, dot, variables)
                case "range":
                    yield from self._range(block, dot, variables)
                case _:
                    value, _ = self._assigned(block.words, dot, variables)
                    chosen = block.body if _is_true(value) else block.other
                    inner = value if block.kind == "with" and _is_true(value) else dot
                    yield from self._write(chosen, inner, dict(variables))

    def _range(self, block: _Block, dot: Any, variables: dict[str, Any]) -> Iterator[str]:
        names: list[str] = []
        match = re.match(r"\s*(\$\w+)\s*(?:,\s*(\$\w+)\s*)?:=(.*)", block.words, re.DOTALL)
        words = block.words
        if match is not None:
            names, words = [one for one in match.groups()[:2] if one], match[3]
        value = self._value(words, dot, variables)
        items: list[tuple[Any, Any]] = []
        if isinstance(value, dict):
            items = [(key, value[key]) for key in sorted(value)]
        elif isinstance(value, list):
            items = list(enumerate(value))
        if not items:
            yield from self._write(block.other, dot, dict(variables))
        for key, item in items:
            inner = dict(variables)
            given = (key, item) if len(names) == 2 else (item,)
            inner.update(zip(names, given, strict=False))
            yield from self._write(block.body, item, inner)

    def _do(self, words: str, dot: Any, variables: dict[str, Any]) -> str:
        if words.startswith("/*"):
            return ""
        value, is_assigned = self._assigned(words, dot, variables)
        return "" if is_assigned else shown(value)

    def _assigned(self, words: str, dot: Any, variables: dict[str, Any]) -> tuple[Any, bool]:
        match = re.match(r"\s*(\$\w+)\s*:?=(.*)", words, re.DOTALL)
        if match is None:
            return self._value(words, dot, variables), False
        variables[match[1]] = value = self._value(match[2], dot, variables)
        return value, True

    def _value(self, words: str, dot: Any, variables: dict[str, Any]) -> Any:
        tokens = self._tokens(words)
        value = self._pipeline(tokens, dot, variables)
        if tokens:
            raise self._error(f'unexpected "{tokens[0][1]}" in operand')
        return value

    def _tokens(self, words: str) -> list[tuple[str, str]]:
        tokens, position = [], 0
        words = words.strip()
        while position < len(words):
            match = _TOKEN.match(words, position)
            if match is None or match.lastgroup is None:
                raise self._error(f'unexpected "{words[position]}" in command')
            tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        return tokens

    def _pipeline(self, tokens: list[tuple[str, str]], dot: Any, variables: dict[str, Any]) -> Any:
        value = self._command(tokens, dot, variables, [])
        while tokens and tokens[0][0] == "bar":
            tokens.pop(0)
            value = self._command(tokens, dot, variables, [value])
        return value

    def _command(
        self, tokens: list[tuple[str, str]], dot: Any, variables: dict[str, Any], last: list[Any]
    ) -> Any:
        if not tokens:
            raise self._error("missing value for command")
        kind, word = tokens[0]
        if kind == "word" and word not in ("true", "false", "nil"):
            tokens.pop(0)
            function = FUNCTIONS.get(word)
            if function is None:
                raise self._error(f'function "{word}" not defined')
            values = []
            while tokens and tokens[0][0] not in ("bar", "close"):
                values.append(self._operand(tokens, dot, variables))
            try:
                return function(*values, *last)
            except (TypeError, ValueError, LookupError) as error:
                raise CliError(f"error executing template: error calling {word}: {error}") from None
        return self._operand(tokens, dot, variables)

    def _operand(self, tokens: list[tuple[str, str]], dot: Any, variables: dict[str, Any]) -> Any:
        kind, word = tokens.pop(0)
        match kind:
            case "text":
                return word[1:-1] if word[0] == "`" else _unquoted(word)
            case "number":
                return float(word) if "." in word else int(word)
            case "field":
                return _below(dot, word)
            case "variable":
                name, _, path = word.partition(".")
                if name not in variables:
                    raise self._error(f'undefined variable "{name}"')
                return _below(variables[name], f".{path}")
            case "open":
                return self._inner(tokens, dot, variables)
            case "word":
                return {"true": True, "false": False}.get(word)
        raise self._error(f'unexpected "{word}" in operand')

    def _inner(self, tokens: list[tuple[str, str]], dot: Any, variables: dict[str, Any]) -> Any:
        """What stands in parentheses, and a field of it."""
        value = self._pipeline(tokens, dot, variables)
        if not tokens or tokens.pop(0)[0] != "close":
            raise self._error("unclosed left paren")
        if tokens and tokens[0][0] == "field":
            value = _below(value, tokens.pop(0)[1])
        return value


def _pieces(template: str) -> Iterator[_Block]:
    position, trims = 0, False
    for match in _ACTION.finditer(template):
        text = template[position : match.start()]
        text = text.lstrip() if trims else text
        yield _Block("text", text.rstrip() if match[1] else text)
        yield _Block("do", match[2].strip())
        position, trims = match.end(), bool(match[3])
    rest = template[position:]
    if "{{" in rest:
        raise CliError(f"error parsing template {template}, template: output:1: unclosed action")
    yield _Block("text", rest.lstrip() if trims else rest)


def _below(value: Any, path: str) -> Any:
    for name in path.split("."):
        if not name:
            continue
        value = value.get(name, NO_VALUE) if isinstance(value, dict) else NO_VALUE
    return value


class _NoValue:
    """What a field that is not there gives."""

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return "<no value>"


NO_VALUE = _NoValue()


def shown(value: Any) -> str:
    """A value as a template prints it."""
    return str(NO_VALUE) if value is None else go_value(value)


def _is_true(value: Any) -> bool:
    return bool(value)


def _unquoted(text: str) -> str:
    escapes = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(r"\\(.)", lambda found: escapes.get(found[1], found[1]), text[1:-1])


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        value = value.get(key, NO_VALUE) if isinstance(value, dict) else value[key]
    return value


def _printf(template: str, *values: Any) -> str:
    return re.sub(r"%(-?\d*)v", r"%\1s", template) % tuple(
        value if isinstance(value, int | float) else shown(value) for value in values
    )


def _compare(test: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    return lambda left, *rights: any(test(left, right) for right in rights)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": lambda *values: next((one for one in values if not one), values[-1]),
    "or": lambda *values: next((one for one in values if one), values[-1]),
    "not": lambda value: not value,
    "eq": _compare(lambda left, right: bool(left == right)),
    "ne": _compare(lambda left, right: bool(left != right)),
    "lt": _compare(lambda left, right: bool(left < right)),
    "le": _compare(lambda left, right: bool(left <= right)),
    "gt": _compare(lambda left, right: bool(left > right)),
    "ge": _compare(lambda left, right: bool(left >= right)),
    "len": len,
    "index": _index,
    "print": lambda *values: " ".join(shown(one) for one in values),
    "println": lambda *values: " ".join(shown(one) for one in values) + "\n",
    "printf": _printf,
    "html": lambda value: shown(value).replace("&", "&amp;").replace("<", "&lt;"),
    "js": shown,
    "exists": lambda value, *keys: _index(value, *keys) is not NO_VALUE,
    "base64decode": lambda value: base64.b64decode(value).decode(errors="replace"),
    "toJson": compact_json,
    "slice": lambda value, *bounds: value[slice(*bounds)],
}
