"""In which order merged lists stand."""

from typing import Any


def by_key(item: Any, key: str | None) -> Any:
    """What tells an item apart: the value of its key, or itself where there is none."""
    return item.get(key) if key is not None and isinstance(item, dict) else item


def split(items: list[Any], others: list[Any], key: str | None) -> tuple[list[Any], list[Any]]:
    """Part items into those that `others` has too, and the rest."""
    known = [by_key(other, key) for other in others]
    shared = [item for item in items if by_key(item, key) in known]
    rest = [item for item in items if by_key(item, key) not in known]
    return shared, rest


def merge_orders(
    mine: list[Any],
    theirs: list[Any],
    my_order: list[Any],
    their_order: list[Any],
    key: str | None,
) -> list[Any]:
    """Weave two lists: each keeps its order, and both keep the old order where they can.

    An item of `theirs` stands before the first remaining item of `mine` that
    came after it in `their_order`; where nothing is known, `mine` goes first.
    """
    wanted = [by_key(item, key) for item in my_order]
    known = [by_key(item, key) for item in their_order]
    left = sorted(theirs, key=lambda item: _place(known, by_key(item, key)))
    right = sorted(mine, key=lambda item: _place(wanted, by_key(item, key)))
    woven: list[Any] = []
    at_left = at_right = 0
    while at_left < len(left) and at_right < len(right):
        first, second = by_key(left[at_left], key), by_key(right[at_right], key)
        if first in known and second in known and known.index(first) < known.index(second):
            woven.append(left[at_left])
            at_left += 1
        else:
            woven.append(right[at_right])
            at_right += 1
    return [*woven, *left[at_left:], *right[at_right:]]


def _place(order: list[Any], value: Any) -> int:
    return order.index(value) if value in order else len(order)
