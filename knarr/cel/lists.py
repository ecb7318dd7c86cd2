"""Functions of lists and sets."""

from collections.abc import Callable, Mapping, Sequence
from functools import cmp_to_key
from typing import Any

from knarr.cel import strings
from knarr.cel.errors import CelError, no_overload
from knarr.cel.values import NONE, Optional, compare, equal

RANGE_MAX = 100_000
"""Longest list that `lists.range` makes."""

Items = Sequence[Any]


def _order(left: Any, right: Any) -> int:
    found = compare(left, right)
    if found is None:
        raise no_overload("compare")
    return found


def _is_sorted(items: Items) -> bool:
    return all(_order(items[i], items[i + 1]) <= 0 for i in range(len(items) - 1))


def _sum(items: Items) -> Any:
    if not items:
        return 0
    total = items[0]
    for item in items[1:]:
        total = total + item
    return total


def _extreme(items: Items, wanted: int, name: str) -> Any:
    if not items:
        raise CelError(f"{name} called on empty list")
    best = items[0]
    for item in items[1:]:
        if _order(item, best) == wanted:
            best = item
    return best


def _index_of(items: Items, wanted: Any) -> int:
    return next((i for i, item in enumerate(items) if equal(item, wanted)), -1)


def _last_index_of(items: Items, wanted: Any) -> int:
    found = [i for i, item in enumerate(items) if equal(item, wanted)]
    return found[-1] if found else -1


def _distinct(items: Items) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if not any(equal(item, each) for each in found):
            found.append(item)
    return found


def _flatten(items: Items, depth: int = 1) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if isinstance(item, list | tuple) and depth > 0:
            found.extend(_flatten(item, depth - 1))
        else:
            found.append(item)
    return found


def _slice(items: Items, start: int, end: int) -> list[Any]:
    if not 0 <= start <= end <= len(items):
        raise CelError(f"cannot slice({start}, {end}), list is length {len(items)}")
    return list(items[start:end])


def _range(length: int) -> list[int]:
    if length > RANGE_MAX:
        raise CelError("operation cancelled: actual cost limit exceeded")
    return list(range(length))


def _contains(whole: Items, part: Items) -> bool:
    return all(any(equal(item, each) for each in whole) for item in part)


def _intersects(left: Items, right: Items) -> bool:
    return any(equal(item, each) for item in left for each in right)


def _at_end(items: Items, index: int) -> Any:
    return Optional(items[index], is_there=True) if items else NONE


GLOBAL: Mapping[str, Callable[..., Any]] = {
    "lists.range": _range,
    "sets.contains": _contains,
    "sets.equivalent": lambda left, right: _contains(left, right) and _contains(right, left),
    "sets.intersects": _intersects,
}
METHODS: Mapping[str, Callable[..., Any]] = {
    "isSorted": _is_sorted,
    "sum": _sum,
    "min": lambda items: _extreme(items, -1, "min"),
    "max": lambda items: _extreme(items, 1, "max"),
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "distinct": _distinct,
    "flatten": _flatten,
    "slice": _slice,
    "reverse": lambda items: list(reversed(items)),
    "sort": lambda items: sorted(items, key=cmp_to_key(_order)),
    "first": lambda items: _at_end(items, 0),
    "last": lambda items: _at_end(items, -1),
    **strings.LIST_METHODS,
}
