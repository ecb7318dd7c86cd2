"""Comparing, merging and trimming plain values along a schema.

Values are what JSON decodes to and are never changed. Equal parts are found
equal by one comparison in C, so the walk only goes where something differs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from knarr.api.apply.field_sets import MEMBER, FieldSet, is_member, node_of
from knarr.api.apply.schema import DEDUCED, Schema

_ABSENT: Any = object()


class Comparison(NamedTuple):
    """How one value differs from another."""

    removed: FieldSet
    modified: FieldSet
    added: FieldSet

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not (self.removed or self.modified or self.added)


def _is_leaf(schema: Schema, value: Any) -> bool:
    return schema.is_leaf or (schema.kind == "deduced" and not isinstance(value, dict))


def element_of(schema: Schema, item: Any) -> str:
    """The path element of a list's item: its keys, or its value in a set."""
    if not schema.keys or not isinstance(item, dict):
        return "v:" + msgspec.json.encode(item).decode()
    if len(schema.keys) == 1:
        key, default = schema.keys[0]
        value = item.get(key, default)
        return f'k:{{"{key}":{msgspec.json.encode(value).decode()}}}'
    values = {key: item.get(key, default) for key, default in sorted(schema.keys)}
    kept = {key: value for key, value in values.items() if value is not None}
    return "k:" + msgspec.json.encode(kept).decode()


def _children(schema: Schema, value: Any) -> Iterator[tuple[str, Any, Schema]]:
    if isinstance(value, dict):
        entries = schema.entries
        rest = schema.element or DEDUCED
        for name, item in value.items():
            element, below = entries.get(name) or (f"f:{name}", rest)
            yield element, item, below
    elif isinstance(value, list):
        below = schema.element or DEDUCED
        for item in value:
            yield element_of(schema, item), item, below


def field_set(value: Any, schema: Schema) -> FieldSet:
    """The fields that an applied configuration claims."""
    return _claimed(value, schema) or {}


def _claimed(value: Any, schema: Schema) -> FieldSet | None:
    if _is_leaf(schema, value):
        return MEMBER
    claimed: FieldSet = {}
    for element, item, below in _children(schema, value):
        if element in claimed:
            claimed[element] = MEMBER
            continue
        node = _claimed(item, below)
        declared = element[0] == "f" and element[2:] in schema.fields
        member = not declared or item is None or item == {}
        if member:
            node = {".": MEMBER, **node} if node and "." not in node else node or MEMBER
        if node is not None:
            claimed[element] = node
    return claimed or None


def whole(value: Any, schema: Schema) -> FieldSet:
    """A value with all that is in it, each container included."""
    if not value or _is_leaf(schema, value):
        return MEMBER
    node: FieldSet = {".": MEMBER}
    for element, item, below in _children(schema, value):
        is_simple = below.is_leaf or element in node
        node[element] = MEMBER if is_simple else whole(item, below)
    return node


def compare(old: Any, new: Any, schema: Schema) -> Comparison:
    """How `new` differs from `old`, two objects."""
    result = Comparison({}, {}, {})
    if old != new:
        _compare(old, new, schema, result)
    return result


def _compare(old: Any, new: Any, schema: Schema, into: Comparison) -> None:
    before, after = _by_element(schema, old), _by_element(schema, new)
    for element, (value, below) in after.items():
        past = before.get(element)
        if past is None:
            into.added[element] = whole(value, below)
        elif past[0] != value:
            _compare_item(element, past[0], value, past[1] if past[1].is_leaf else below, into)
    for element, (value, below) in before.items():
        if element not in after:
            into.removed[element] = whole(value, below)


def _compare_item(element: str, old: Any, new: Any, schema: Schema, into: Comparison) -> None:
    if _is_leaf(schema, old) or _is_leaf(schema, new):
        into.modified[element] = MEMBER
        return
    inner = Comparison({}, {}, {})
    _compare(old, new, schema, inner)
    for outer, found in zip(into, inner, strict=True):
        if found:
            outer[element] = found


def _by_element(schema: Schema, value: Any) -> dict[str, tuple[Any, Schema]]:
    found: dict[str, tuple[Any, Schema]] = {}
    for element, item, below in _children(schema, value):
        if element in found:
            # Items alike in their keys are one thing to compare, as a whole.
            found[element] = ([found[element][0], item], Schema("scalar", atomic=True))
        else:
            found[element] = (item, below)
    return found


def merge(live: Any, applied: Any, schema: Schema) -> Any:
    """The live value with an applied configuration merged in."""
    return _merge(live, applied, schema)


def _merge(live: Any, applied: Any, schema: Schema) -> Any:
    if applied is _ABSENT:
        return live
    if live is _ABSENT or _is_leaf(schema, applied) or type(live) is not type(applied):
        if applied is None and live and not _is_leaf(schema, live) and live is not _ABSENT:
            return live
        return applied
    if isinstance(applied, dict):
        return _merge_maps(live, applied, schema)
    if isinstance(applied, list):
        return _merge_lists(live, applied, schema)
    return applied


def _merge_maps(live: Mapping[str, Any], applied: Mapping[str, Any], schema: Schema) -> Any:
    merged = dict(live)
    for name, value in applied.items():
        below = schema.child(name) or DEDUCED
        merged[name] = _merge(merged.get(name, _ABSENT), value, below)
    return merged


def _merge_lists(live: Sequence[Any], applied: Sequence[Any], schema: Schema) -> list[Any]:
    return _ListMerge(live, applied, schema).merged


class _ListMerge:
    """Weaves two lists: the applied order rules, items only the live one has keep their place."""

    def __init__(self, live: Sequence[Any], applied: Sequence[Any], schema: Schema) -> None:
        self._schema = schema.element or DEDUCED
        self._theirs = [(element_of(schema, item), item) for item in live]
        self._mine = [(element_of(schema, item), item) for item in applied]
        self._known = dict(reversed(self._theirs))
        self._wanted = dict(self._mine)
        self._shared = [name for name, _ in self._mine if name in self._known]
        self._taken: set[str] = set()
        self.merged: list[Any] = []
        at_live = at_mine = 0
        while at_live < len(self._theirs) or at_mine < len(self._mine):
            steps = self._step(at_live, at_mine)
            at_live, at_mine = at_live + steps[0], at_mine + steps[1]

    def _step(self, at_live: int, at_mine: int) -> tuple[int, int]:
        """Take or pass one item; answer how far to go in the live and in the applied list."""
        mine = self._mine[at_mine][0] if at_mine < len(self._mine) else None
        passed = 0
        if at_live < len(self._theirs):
            name, item = self._theirs[at_live]
            if name == mine:
                self._take(name)
                return 1, 1
            if name not in self._wanted:
                self.merged.append(item)
                return 1, 0
            if mine is not None and self._shared and self._shared[0] != name:
                return 1, 0
            passed = int(name in self._taken)
        if mine is None:
            return passed or 1, 0
        self._take(mine)
        return passed, 1

    def _take(self, name: str) -> None:
        self._taken.add(name)
        known = self._known.get(name, _ABSENT)
        self.merged.append(_merge(known, self._wanted[name], self._schema))
        if self._shared and self._shared[0] == name:
            self._shared.pop(0)


def remove(value: Any, unwanted: FieldSet, schema: Schema) -> Any:
    """The value without the paths in a set; containers left with nothing become None."""
    if _is_leaf(schema, value) or not value:
        return None if schema.atomic or schema.kind in ("map", "list") else value
    if isinstance(value, dict):
        fields = {
            name: kept
            for name, item in value.items()
            if (kept := _kept(item, unwanted.get(f"f:{name}"), schema.child(name) or DEDUCED))
            is not _ABSENT
        }
        return fields or None
    element = schema.element or DEDUCED
    items = [
        kept
        for item in value
        if (kept := _kept(item, unwanted.get(element_of(schema, item)), element)) is not _ABSENT
    ]
    return items or None


def _kept(item: Any, unwanted: FieldSet | None, schema: Schema) -> Any:
    if unwanted is None:
        return item
    if is_member(unwanted):
        return _ABSENT
    return remove(item, unwanted, schema)


def with_named_fields(fields: FieldSet, schema: Schema) -> FieldSet:
    """The set with every declared field on the way to its members added."""
    made: FieldSet = {}
    for element, node in fields.items():
        if element == ".":
            made[element] = node
            continue
        if element[0] == "f":
            name = element[2:]
            below, declared = schema.child(name) or DEDUCED, name in schema.fields
        else:
            below, declared = schema.element or DEDUCED, False
        children = with_named_fields({k: v for k, v in node.items() if k != "."}, below)
        named = node_of(children, member=is_member(node) or declared)
        made[element] = MEMBER if named is None else named
    return made
