"""JSONPath templates: `{.items[*].metadata.name}`, filters, ranges and text between braces."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct, field

from knarr.cli.failures import CliError
from knarr.cli.output.json_text import compact_json

Step = Callable[[list[Any]], list[Any]]
"""From the values found so far to the values below them."""

_NAME = re.compile(r"(?:\\.|[^\[\].\s|{}()'\",=<>!@*?])+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_OPERATORS = ("==", "!=", "<=", ">=", "<", ">", "=~")
_MISSING = object()


class _Text(Struct):
    text: str


class _Path(Struct):
    steps: list[Step]


class _Range(Struct):
    steps: list[Step]
    body: list[Any] = field(default_factory=list)


class JsonPath:
    """A template, ready to be used. Raise CliError when it cannot be read."""

    def __init__(self, template: str, *, is_strict: bool = False) -> None:
        self._is_strict = is_strict
        nodes = _Parser(relaxed(template) if "{" not in template else template, is_strict).nodes()
        self._nodes = nodes

    def values(self, data: Any) -> list[Any]:
        """What the paths of the template find, in order."""
        return list(self._values(self._nodes, [data], data))

    def text(self, data: Any) -> str:
        """The template filled in."""
        return "".join(self._write(self._nodes, [data], data))

    def _values(self, nodes: Sequence[Any], current: list[Any], root: Any) -> Iterator[Any]:
        for node in nodes:
            if isinstance(node, _Path):
                yield from _walk(node.steps, current, root)
            elif isinstance(node, _Range):
                for one in _walk(node.steps, current, root):
                    yield from self._values(node.body, [one], root)

    def _write(self, nodes: Sequence[Any], current: list[Any], root: Any) -> Iterator[str]:
        for node in nodes:
            if isinstance(node, _Text):
                yield node.text
            elif isinstance(node, _Path):
                yield " ".join(shown(one) for one in _walk(node.steps, current, root))
            else:
                for one in _walk(node.steps, current, root):
                    yield from self._write(node.body, [one], root)


def relaxed(template: str) -> str:
    """`.metadata.name`, `metadata.name` and `{.metadata.name}` all as a template."""
    inner = template.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1]
    if not inner.startswith((".", "[", "$", "@")):
        inner = "." + inner
    return "{" + inner + "}"


def shown(value: Any) -> str:
    """A value as a template prints it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return compact_json(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _walk(steps: Sequence[Step], current: list[Any], root: Any) -> list[Any]:
    found = current
    for step in steps:
        found = [root] if step is _root else step(found)
    return found


def _root(found: list[Any]) -> list[Any]:
    return found


class _Parser:
    def __init__(self, template: str, is_strict: bool) -> None:  # noqa: FBT001
        self._text = template
        self._at = 0
        self._is_strict = is_strict

    def nodes(self) -> list[Any]:
        found: list[Any] = []
        stack = [found]
        while self._at < len(self._text):
            brace = self._text.find("{", self._at)
            end = len(self._text) if brace < 0 else brace
            if end > self._at:
                stack[-1].append(_Text(self._text[self._at : end]))
            if brace < 0:
                break
            self._at = brace + 1
            self._action(stack)
        if len(stack) > 1:
            raise self._error("unclosed range, expecting end")
        return found

    def _action(self, stack: list[list[Any]]) -> None:
        self._space()
        if self._word("end"):
            if len(stack) == 1:
                raise self._error("not in range, nothing to end")
            stack.pop()
        elif self._word("range"):
            self._space()
            node = _Range(self._path())
            stack[-1].append(node)
            stack.append(node.body)
        else:
            while self._peek() not in ("}", ""):
                if self._peek() in "'\"":
                    stack[-1].append(_Text(self._quoted()))
                else:
                    stack[-1].append(_Path(self._path()))
                self._space()
        self._space()
        if self._peek() != "}":
            raise self._error("unclosed action")
        self._at += 1

    def _word(self, word: str) -> bool:
        after = self._at + len(word)
        if self._text.startswith(word, self._at) and self._text[after : after + 1] in (" ", "}"):
            self._at = after
            return True
        return False

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _space(self) -> None:
        while self._peek() in (" ", "\t", "\n") and self._peek():
            self._at += 1

    def _error(self, words: str) -> CliError:
        return CliError(f"error parsing jsonpath {self._text}, {words}")

    def _path(self) -> list[Step]:
        steps: list[Step] = []
        began = self._at
        while self._at < len(self._text):
            step = self._step(steps)
            if step is None:
                break
        if self._at == began:
            name = self._name()
            raise self._error(f"unrecognized identifier {name}" if name else "unexpected character")
        return steps

    def _step(self, steps: list[Step]) -> bool | None:
        """Read one step of a path; None where the path ends."""
        sign = self._peek()
        if self._text.startswith("..", self._at):
            self._at += 2
            steps.append(_deep)
            self._after_dots(steps)
        elif sign == ".":
            self._at += 1
            self._after_dots(steps)
        elif sign == "[":
            steps.append(self._bracket())
        elif sign in ("$", "@", "*"):
            self._at += 1
            steps += {"$": [_root], "*": [_all]}.get(sign, [])
        else:
            return None
        return True

    def _after_dots(self, steps: list[Step]) -> None:
        if self._peek() == "*":
            self._at += 1
            steps.append(_all)
            return
        name = self._name()
        if name:
            steps.append(_named([name], self._is_strict))

    def _name(self) -> str:
        match = _NAME.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return re.sub(r"\\(.)", r"\1", match.group())

    def _quoted(self) -> str:
        quote = self._peek()
        end = self._at + 1
        while end < len(self._text) and self._text[end] != quote:
            end += 2 if self._text[end] == "\\" else 1
        if end >= len(self._text):
            raise self._error("unterminated quoted string")
        inner = self._text[self._at + 1 : end]
        self._at = end + 1
        escapes = {"n": "\n", "t": "\t", "r": "\r"}
        return re.sub(r"\\(.)", lambda found: escapes.get(found[1], found[1]), inner)

    def _bracket(self) -> Step:
        self._at += 1
        self._space()
        if self._peek() == "?":
            return self._filter()
        end = self._at
        if self._peek() in "'\"":
            names = []
            while self._peek() in ("'", '"'):
                names.append(self._quoted())
                self._space()
                if self._peek() == ",":
                    self._at += 1
                    self._space()
            self._close()
            return _named(names, self._is_strict)
        end = self._text.find("]", self._at)
        if end < 0:
            raise self._error("unterminated array")
        inner = self._text[self._at : end].strip()
        self._at = end + 1
        return self._indexes(inner)

    def _close(self) -> None:
        if self._peek() != "]":
            raise self._error("unterminated array")
        self._at += 1

    def _indexes(self, inner: str) -> Step:
        if inner == "*":
            return _all
        if re.fullmatch(r"-?\d*:-?\d*(:-?\d*)?", inner):
            parts = [int(one) if one else None for one in inner.split(":")]
            return _sliced(slice(*parts))
        if re.fullmatch(r"-?\d+(\s*,\s*-?\d+)*", inner):
            return _indexed([int(one) for one in inner.split(",")])
        raise self._error(f"invalid array index {inner}")

    def _filter(self) -> Step:
        self._at += 1
        if self._peek() != "(":
            raise self._error("unterminated filter")
        self._at += 1
        self._space()
        left = self._operand()
        self._space()
        operator = next((one for one in _OPERATORS if self._text.startswith(one, self._at)), "")
        right: Callable[[Any], Any] | None = None
        if operator:
            self._at += len(operator)
            self._space()
            right = self._operand()
            self._space()
        if self._peek() != ")":
            raise self._error("unterminated filter")
        self._at += 1
        self._close()
        return _filtered(left, operator, right)

    def _operand(self) -> Callable[[Any], Any]:
        if self._peek() in "'\"":
            text = self._quoted()
            return lambda _: text
        match = _NUMBER.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
            number = float(match.group()) if "." in match.group() else int(match.group())
            return lambda _: number
        for word, value in (("true", True), ("false", False)):
            if self._text.startswith(word, self._at):
                self._at += len(word)
                return lambda _, value=value: value  # type: ignore[misc]  # a bound default
        steps = self._path()

        def first(item: Any) -> Any:
            found = _walk(steps, [item], item)
            return found[0] if found else _MISSING

        return first


def _named(names: Sequence[str], is_strict: bool) -> Step:  # noqa: FBT001
    def step(found: list[Any]) -> list[Any]:
        below = [
            one[name] for one in found if isinstance(one, dict) for name in names if name in one
        ]
        if is_strict and found and not below:
            raise CliError(f"{names[0]} is not found")
        return below

    return step


def _all(found: list[Any]) -> list[Any]:
    below: list[Any] = []
    for one in found:
        if isinstance(one, list):
            below += one
        elif isinstance(one, dict):
            below += [one[key] for key in sorted(one)]
    return below


def _deep(found: list[Any]) -> list[Any]:
    below: list[Any] = []
    for one in found:
        below.append(one)
        if isinstance(one, dict | list):
            below += _deep(_all([one]))
    return below


def _sliced(part: slice) -> Step:
    return lambda found: [item for one in found if isinstance(one, list) for item in one[part]]


def _indexed(numbers: Sequence[int]) -> Step:
    def step(found: list[Any]) -> list[Any]:
        below = []
        for one in found:
            if not isinstance(one, list):
                continue
            for number in numbers:
                if -len(one) <= number < len(one):
                    below.append(one[number])
                else:
                    raise CliError(f"array index out of bounds: index {number}, length {len(one)}")
        return below

    return step


def _filtered(
    left: Callable[[Any], Any], operator: str, right: Callable[[Any], Any] | None
) -> Step:
    def holds(item: Any) -> bool:
        value = left(item)
        if value is _MISSING:
            return False
        if right is None:
            return True
        return _compare(value, operator, right(item))

    def step(found: list[Any]) -> list[Any]:
        items = [item for one in found for item in (one if isinstance(one, list) else [one])]
        return [item for item in items if holds(item)]

    return step


def _compare(left: Any, operator: str, right: Any) -> bool:
    if operator == "==":
        return bool(left == right)
    if operator == "!=":
        return bool(left != right)
    try:
        if operator in ("<", "<="):
            return bool(left < right or (operator == "<=" and left == right))
        return bool(left > right or (operator == ">=" and left == right))
    except TypeError:
        return False
