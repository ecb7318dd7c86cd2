"""Functions of texts."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from knarr.cel import types
from knarr.cel.errors import CelError, no_overload
from knarr.cel.patterns import pattern
from knarr.cel.values import type_name


def matches(text: str, expression: str) -> bool:
    """Whether the pattern is found in the text."""
    return pattern(expression).search(text) is not None


def _find(text: str, expression: str) -> str:
    found = pattern(expression).search(text)
    return found.group() if found else ""


def _find_all(text: str, expression: str, limit: int = -1) -> list[str]:
    found = [match.group() for match in pattern(expression).finditer(text)]
    return found if limit < 0 else found[:limit]


def _char_at(text: str, index: int) -> str:
    if not 0 <= index <= len(text):
        raise CelError(f"index out of range: {index}")
    return text[index : index + 1]


def _index_of(text: str, part: str, start: int = 0) -> int:
    _within(text, start)
    return text.find(part, start)


def _last_index_of(text: str, part: str, start: int | None = None) -> int:
    if start is None:
        return text.rfind(part)
    _within(text, start)
    return text.rfind(part, 0, start + len(part))


def _within(text: str, index: int) -> None:
    if not 0 <= index <= len(text):
        raise CelError(f"index out of range: {index}")


def _replace(text: str, old: str, new: str, limit: int = -1) -> str:
    return text.replace(old, new, limit)


def _split(text: str, by: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if not by:
        parts = list(text)
        return parts if limit < 0 else [*parts[: limit - 1], "".join(parts[limit - 1 :])]
    return text.split(by, limit - 1 if limit > 0 else -1)


def _substring(text: str, start: int, end: int | None = None) -> str:
    last = len(text) if end is None else end
    if not 0 <= start <= last <= len(text):
        raise CelError(f"invalid substring range. start: {start}, end: {last}")
    return text[start:last]


def _lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def _upper(text: str) -> str:
    return "".join(c.upper() if c.isascii() else c for c in text)


def _contains(text: str, part: str) -> bool:
    if not isinstance(part, str):
        raise no_overload("contains")
    return part in text


def _format(text: str, args: Sequence[Any]) -> str:
    found, at, used = [], 0, 0
    while (mark := text.find("%", at)) >= 0:
        found.append(text[at:mark])
        end = mark + 1
        precision = ""
        if text[end : end + 1] == ".":
            end += 1
            while text[end : end + 1].isdigit():
                precision += text[end]
                end += 1
        verb = text[end : end + 1]
        if verb == "%":
            found.append("%")
        else:
            if used >= len(args):
                raise CelError(f"index {used} out of range")
            found.append(_formatted(verb, args[used], int(precision) if precision else 6))
            used += 1
        at = end + 1
    return "".join((*found, text[at:]))


def _formatted(verb: str, value: Any, precision: int) -> str:
    if verb == "s":
        return text_of(value)
    if verb in ("d", "b", "o", "x", "X"):
        if verb in ("x", "X") and isinstance(value, str | bytes):
            data = value.encode() if isinstance(value, str) else value
            return data.hex().upper() if verb == "X" else data.hex()
        return format(value, verb) if not isinstance(value, float) else types.number_text(value)
    if verb in ("f", "e"):
        return format(float(value), f".{precision}{verb}")
    raise CelError(f'could not parse formatting clause: unrecognized formatting clause "{verb}"')


def text_of(value: Any) -> str:
    """A value as `%s` writes it, lists and maps included."""
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(text_of(each) for each in value) + "]"
    if isinstance(value, dict):
        parts = sorted(f"{text_of(key)}: {text_of(each)}" for key, each in value.items())
        return "{" + ", ".join(parts) + "}"
    try:
        return types.to_string(value)
    except CelError:
        return type_name(value)


def _join(parts: Sequence[str], by: str = "") -> str:
    return by.join(parts)


GLOBAL: Mapping[str, Callable[..., Any]] = {
    "strings.quote": lambda text: json.dumps(text, ensure_ascii=False),
}
METHODS: Mapping[str, Callable[..., Any]] = {
    "contains": _contains,
    "startsWith": lambda text, part: text.startswith(part),
    "endsWith": lambda text, part: text.endswith(part),
    "matches": matches,
    "find": _find,
    "findAll": _find_all,
    "charAt": _char_at,
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "lowerAscii": _lower,
    "upperAscii": _upper,
    "replace": _replace,
    "reverse": lambda text: text[::-1],
    "split": _split,
    "substring": _substring,
    "trim": lambda text: text.strip(),
    "format": _format,
}
LIST_METHODS: Mapping[str, Callable[..., Any]] = {"join": _join}
