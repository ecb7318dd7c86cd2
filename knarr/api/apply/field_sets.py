"""Sets of field paths, in the very form in which managedFields carries them.

A set is a dict from path element to what lies below: `f:name` is a field,
`k:{"name":"a"}` an item of a keyed list, `v:"x"` an item of a set. A node that
is in the set itself is `{}` when nothing below is, and holds `"."` when
something is. An empty *root* is the empty set. Sets are never changed once
made, so they share their parts.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

FieldSet = dict[str, Any]

MEMBER: FieldSet = {}
"""A path that is in the set, with nothing below it."""


def is_member(node: FieldSet) -> bool:
    """Whether the path that leads to a node is itself in the set."""
    return not node or "." in node


def node_of(children: FieldSet, *, member: bool) -> FieldSet | None:
    """A node from its children; None when nothing is in it."""
    if not children:
        return MEMBER if member else None
    return {".": MEMBER, **children} if member else children


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in either."""
    if not left or not right:
        return left or right
    return _union(left, right)


def _union(left: FieldSet, right: FieldSet) -> FieldSet:
    merged = dict(left)
    for element, node in right.items():
        mine = merged.get(element)
        merged[element] = node if mine is None or element == "." else _union_nodes(mine, node)
    return merged


def _union_nodes(left: FieldSet, right: FieldSet) -> FieldSet:
    if left and right:
        return _union(left, right)
    rest = left or right
    return rest if is_member(rest) else {".": MEMBER, **rest}


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in `left` and not in `right`."""
    if not left or not right:
        return left
    return _difference(left, right)


def _difference(left: FieldSet, right: FieldSet) -> FieldSet:
    kept: FieldSet = {}
    for element, node in left.items():
        other = right.get(element)
        if element == ".":
            continue
        if other is None:
            kept[element] = node
            continue
        member = is_member(node) and not is_member(other)
        rest = node_of(_difference(node, other), member=member)
        if rest is not None:
            kept[element] = rest
    return kept


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in both."""
    shared: FieldSet = {}
    for element, node in left.items():
        other = right.get(element)
        if other is None or element == ".":
            continue
        member = is_member(node) and is_member(other)
        common = node_of(intersection(node, other), member=member)
        if common is not None:
            shared[element] = common
    return shared


def without(fields: FieldSet, unwanted: FieldSet) -> FieldSet:
    """What is in `fields` and neither in `unwanted` nor anywhere below its members."""
    kept: FieldSet = {}
    for element, node in fields.items():
        other = unwanted.get(element)
        if element == ".":
            continue
        if other is None:
            kept[element] = node
        elif not is_member(other):
            rest = node_of(without(node, other), member=is_member(node))
            if rest is not None:
                kept[element] = rest
    return kept


def paths(*fields: str) -> FieldSet:
    """A set of whole fields: `paths("status", "metadata.labels")`."""
    made: FieldSet = {}
    for field in fields:
        node = MEMBER
        for name in reversed(field.split(".")):
            node = {f"f:{name}": node}
        made = union(made, node)
    return made


def walk(fields: FieldSet, prefix: str = "") -> Iterator[str]:
    """The paths in a set as messages spell them: `.spec.containers[name="a"].image`."""
    for element in sorted(fields, key=_sort_key):
        if element == ".":
            continue
        path = prefix + element_text(element)
        node = fields[element]
        if is_member(node):
            yield path
        yield from walk(node, path)


def _sort_key(element: str) -> tuple[int, str]:
    return ".fkvi".index(element[0]), element


def element_text(element: str) -> str:
    """A path element as messages spell it."""
    kind, rest = element[0], element[2:]
    if kind == "f":
        return f".{rest}"
    if kind == "v":
        return f"[={rest}]"
    if kind == "i":
        return f"[{rest}]"
    keys: dict[str, Any] = msgspec.json.decode(rest)
    return f"[{','.join(f'{key}={_json(keys[key])}' for key in sorted(keys))}]"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
