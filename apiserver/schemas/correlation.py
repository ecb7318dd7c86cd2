"""Finds the old value of a part of an object, for rules about what changed."""

from collections.abc import Callable
from typing import Any

from apiserver.schemas.structural import EMPTY, Structural

NOTHING: Any = object()
"""Stands for an old value that is not there."""


def same(value: Any, old: Any) -> bool:
    """Whether two JSON values are equal; a truth is no number."""
    if value is old:
        return True
    if isinstance(value, bool) or isinstance(old, bool):
        return False if type(value) is not type(old) else bool(value == old)
    if isinstance(value, dict):
        if not isinstance(old, dict) or len(value) != len(old):
            return False
        return all(name in old and same(each, old[name]) for name, each in value.items())
    if isinstance(value, list):
        return isinstance(old, list) and len(value) == len(old) and all(map(same, value, old))
    return bool(value == old)


def key_of(item: Any, schema: Structural) -> tuple[Any, ...] | None:
    """What tells an item of a map-like list apart; None where it lacks that."""
    if not isinstance(item, dict):
        return None
    found = []
    for name in schema.list_keys:
        value = item.get(name, NOTHING)
        if value is NOTHING and schema.items is not None and name in schema.items.properties:
            value = schema.items.properties[name].default
        if value is NOTHING or isinstance(value, list | dict):
            return None
        found.append(None if value is EMPTY else value)
    return tuple(found)


def item_matcher(schema: Structural, old: Any) -> Callable[[Any], Any]:
    """What finds the old form of an item; only lists of type map know which it is."""
    if not isinstance(old, list) or schema.list_type != "map":
        return lambda item: NOTHING
    before = {key_of(item, schema): item for item in old}
    before.pop(None, None)

    def match(item: Any) -> Any:
        key = key_of(item, schema)
        return before.get(key, NOTHING) if key is not None else NOTHING

    return match
