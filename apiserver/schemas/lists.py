"""Finds items that stand twice in lists that are sets or maps."""

from collections.abc import Iterator
from typing import Any

from apiserver.schemas.correlation import key_of, same
from apiserver.schemas.structural import Structural
from knarr.api.field_errors import FieldError, duplicate


def duplicates(value: Any, schema: Structural, path: str = "") -> Iterator[FieldError]:
    """The items that stand twice, in the value and all that is in it."""
    if isinstance(value, dict):
        for name, each in value.items():
            child = schema.properties.get(name, schema.additional)
            if child is not None:
                yield from duplicates(each, child, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        yield from _in_list(value, schema, path)
        if schema.items is not None:
            for i, each in enumerate(value):
                yield from duplicates(each, schema.items, f"{path}[{i}]")


def _in_list(value: list[Any], schema: Structural, path: str) -> Iterator[FieldError]:
    if schema.list_type == "set":
        yield from _in_set(value, path)
    elif schema.list_type == "map":
        yield from _in_map(value, schema, path)


def _in_set(value: list[Any], path: str) -> Iterator[FieldError]:
    if all(isinstance(each, str) for each in value) and len(set(value)) == len(value):
        return
    told: list[Any] = []
    for i, each in enumerate(value):
        if any(same(each, other) for other in value[:i]) and not any(
            same(each, other) for other in told
        ):
            told.append(each)
            yield duplicate(f"{path}[{i}]", each)


def _in_map(value: list[Any], schema: Structural, path: str) -> Iterator[FieldError]:
    seen: set[Any] = set()
    for i, each in enumerate(value):
        key = key_of(each, schema)
        if key is None:
            continue
        if key in seen:
            told = {
                name: part
                for name, part in zip(schema.list_keys, key, strict=True)
                if part is not None
            }
            yield duplicate(f"{path}[{i}]", told)
        seen.add(key)
