"""Simple JSON paths, as printer columns and selectable fields use them: `.spec.a`, `.l[0]`.

Steps may filter, `[?(@.type=="Ready")]`, and take all items, `[*]`. What is
not there is found as nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any

Step = Callable[[Any], Iterator[Any]]

_NAME = re.compile(r"\.((?:[^.\[\]\\]|\\.)+)")
_QUOTED = re.compile(r"\[\s*(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\")\s*\]")
_INDEX = re.compile(r"\[\s*(-?\d+)\s*\]")
_SLICE = re.compile(r"\[\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d+)\s*)?\]")
_ALL = re.compile(r"\[\s*\*\s*\]|\.\*")
_FILTER = re.compile(
    r"""\[\?\(\s*@((?:\.(?:[^.\[\]\\\s=!<>]|\\.)+|\[[^\]]*\])*)\s*"""
    r"""(?:(==|!=|<=|>=|<|>)\s*(.+?)\s*)?\)\]"""
)
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge,
}  # fmt: skip


class JsonPathError(ValueError):
    """The text is no path."""


def find(path: str, value: Any) -> list[Any]:
    """Everything a path leads to. Raise JsonPathError."""
    found = [value]
    for step in steps(path):
        found = [each for one in found for each in step(one)]
    return found


@lru_cache(1024)
def steps(path: str) -> tuple[Step, ...]:
    """The steps of a path, with or without braces around it. Raise JsonPathError."""
    text = path.removeprefix("{").removesuffix("}") if path.startswith("{") else path
    made, at = [], 0
    while at < len(text):
        for pattern, make in _STEPS:
            match = pattern.match(text, at)
            if match is not None:
                made.append(make(match))
                at = match.end()
                break
        else:
            raise JsonPathError(f"{path}: no path at {text[at:]!r}")
    return tuple(made)


def _field(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _named(match: re.Match[str]) -> Step:
    return _field(re.sub(r"\\(.)", r"\1", match[1]))


def _quoted(match: re.Match[str]) -> Step:
    return _field(re.sub(r"\\(.)", r"\1", match[1] if match[1] is not None else match[2]))


def _index(match: re.Match[str]) -> Step:
    index = int(match[1])

    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield value[index]

    return step


def _slice(match: re.Match[str]) -> Step:
    first, last, stride = (int(part) if part else None for part in match.groups())

    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from value[first : last : stride or None]

    return step


def _all(_: re.Match[str]) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from value
        elif isinstance(value, dict):
            yield from value.values()

    return step


def _filter(match: re.Match[str]) -> Step:
    inner, operator, literal = match.groups()
    wanted = _literal(literal) if operator else None

    def holds(item: Any) -> bool:
        found = find(inner, item)
        if not operator:
            return bool(found)
        try:
            return bool(found) and bool(_OPERATORS[operator](found[0], wanted))
        except TypeError:
            return False

    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from filter(holds, value)

    return step


def _literal(text: str) -> Any:
    if text[:1] in "'\"" and text[-1:] == text[:1] and len(text) > 1:
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text) if re.fullmatch(r"-?\d+", text) else float(text)
    except ValueError:
        raise JsonPathError(f"{text!r} is no value to compare with") from None


_STEPS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Step]], ...] = (
    (_ALL, _all),
    (_NAME, _named),
    (_QUOTED, _quoted),
    (_INDEX, _index),
    (_SLICE, _slice),
    (_FILTER, _filter),
)
