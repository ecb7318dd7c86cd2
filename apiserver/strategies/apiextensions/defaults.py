"""Rules of the defaults in a schema: each has to be what its schema allows."""

import re
from collections.abc import Iterator
from typing import Any

from knarr.api.field_errors import FieldError, invalid, not_supported, required, show, too_long

Plain = dict[str, Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}
_WORDS = {
    list: "array",
    bool: "boolean",
    int: "integer",
    float: "number",
    dict: "object",
    str: "string",
}


def defaults(given: Plain, path: str) -> Iterator[FieldError]:
    """The rules of the defaults of one schema and of those within it."""
    if given.get("default") is not None:
        yield from fits(given["default"], given, f"{path}.default")
    for name in ("items", "additionalProperties"):
        if isinstance(given.get(name), dict):
            yield from defaults(given[name], f"{path}.{name}")
    for name, each in sorted((given.get("properties") or {}).items()):
        yield from defaults(each, f"{path}.properties[{name}]")


def fits(value: Any, given: Plain, path: str) -> Iterator[FieldError]:
    """What keeps a value from being what a schema allows."""
    if value is None and given.get("nullable"):
        return
    wrong = _wrong_type(value, given)
    if wrong:
        told = f" in body must be of type {given['type']}: {show(wrong)}"
        yield FieldError("FieldValueTypeInvalid", path, wrong, told)
        return
    if given.get("enum") and value not in given["enum"]:
        words = [each if isinstance(each, str) else show(each) for each in given["enum"]]
        yield not_supported(path, value, words, in_order=True)
    yield from _content(value, given, path)


def _content(value: Any, given: Plain, path: str) -> Iterator[FieldError]:
    if isinstance(value, str):
        yield from _text(value, given, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number(value, given, path)
    elif isinstance(value, list) and isinstance(given.get("items"), dict):
        for i, each in enumerate(value):
            yield from fits(each, given["items"], f"{path}[{i}]")
    elif isinstance(value, dict):
        yield from _object(value, given, path)


def _wrong_type(value: Any, given: Plain) -> str:
    allowed = _TYPES.get(given.get("type", ""))
    if allowed is None:
        return ""
    is_good = isinstance(value, allowed) and (not isinstance(value, bool) or bool in allowed)
    return "" if is_good else _WORDS.get(type(value), "null")


def _text(value: str, given: Plain, path: str) -> Iterator[FieldError]:
    longest, shortest = given.get("maxLength"), given.get("minLength")
    if longest is not None and len(value) > longest:
        yield too_long(path, longest)
    if shortest is not None and len(value) < shortest:
        yield invalid(path, value, f"{path} in body should be at least {shortest} chars long")
    pattern = given.get("pattern")
    if pattern and not re.search(pattern, value):
        yield invalid(path, value, f"{path} in body should match '{pattern}'")


def _number(value: float, given: Plain, path: str) -> Iterator[FieldError]:
    most, least = given.get("maximum"), given.get("minimum")
    if most is not None and value > most:
        yield invalid(path, value, f"{path} in body should be less than or equal to {most:g}")
    if least is not None and value < least:
        yield invalid(path, value, f"{path} in body should be greater than or equal to {least:g}")


def _object(value: Plain, given: Plain, path: str) -> Iterator[FieldError]:
    for name in given.get("required") or ():
        if name not in value:
            yield required(f"{path}.{name}")
    properties = given.get("properties") or {}
    for name, each in sorted(value.items()):
        if name in properties:
            yield from fits(each, properties[name], f"{path}.{name}")
