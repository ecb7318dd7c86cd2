"""Fills in what a schema says is there when nothing is said."""

from collections.abc import Mapping
from typing import Any

from apiserver.schemas.structural import EMPTY, Structural


def with_defaults(value: Any, schema: Structural) -> Any:
    """The value with its defaults; the same value when there is nothing to fill in."""
    if not schema.has_defaults:
        return value
    if isinstance(value, dict):
        return _map(value, schema)
    if isinstance(value, list) and schema.items is not None:
        items = schema.items
        made = [with_defaults(_default_for(each, items), items) for each in value]
        return value if all(a is b for a, b in zip(value, made, strict=True)) else made
    return value


def _map(value: Mapping[str, Any], schema: Structural) -> Any:
    made = dict(value)
    for name, child in schema.properties.items():
        if child.default is not EMPTY and (name not in made or _is_wrong_null(made[name], child)):
            made[name] = child.default
    for name, each in made.items():
        child_schema = schema.properties.get(name, schema.additional)
        if child_schema is not None:
            made[name] = with_defaults(_default_for(each, child_schema), child_schema)
    is_same = len(made) == len(value) and all(made[name] is value[name] for name in made)
    return value if is_same else made


def _default_for(value: Any, schema: Structural) -> Any:
    if _is_wrong_null(value, schema) and schema.default is not EMPTY:
        return schema.default
    return value


def _is_wrong_null(value: Any, schema: Structural) -> bool:
    return value is None and not schema.nullable
