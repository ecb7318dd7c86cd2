"""The patch that client-side apply sends.

Three objects go in: what was applied last (kept in an annotation), what is to
be applied, and what the server has. Fields that were applied and are no more
wanted are removed; fields the server or others set stay.
"""

from collections import Counter
from typing import Any

from knarr.api.patches.order import by_key
from knarr.api.shapes import Field, Shape, shape_of
from knarr.api.structs import ApiStruct

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation that keeps what was applied last."""

Plain = dict[str, Any]


def three_way(
    object_type: type[ApiStruct] | None, original: Plain, modified: Plain, current: Plain
) -> Plain:
    """The patch to send: strategic for a type, a merge patch when there is none (None)."""
    shape = shape_of(object_type) if object_type is not None else None
    return _maps(original, modified, current, shape)


def _maps(original: Plain, modified: Plain, current: Plain, shape: Shape | None) -> Plain:
    patch: Plain = {
        key: None for key in original if key not in modified and current.get(key) is not None
    }
    for key, wanted in modified.items():
        present: Any = current.get(key)
        before: Any = original.get(key)
        field = shape.fields.get(key) if shape is not None else None
        if type(present) is not type(wanted):
            if wanted is not None or key in current:
                patch[key] = wanted
        elif isinstance(wanted, dict):
            _into(patch, key, _map_field(before, wanted, present, field, shape))
        elif isinstance(wanted, list) and field is not None and field.patch is not None:
            patch.update(_list_field(key, _as_list(before), wanted, present, field))
        elif wanted != present:
            patch[key] = wanted
    return patch


def _into(patch: Plain, key: str, value: Plain) -> None:
    if value:
        patch[key] = value


def _map_field(
    before: Any, wanted: Plain, present: Plain, field: Field | None, shape: Shape | None
) -> Plain:
    below = field.shape if field is not None else None
    if field is None and shape is not None and shape.kind == "map":
        below = shape.item
    patch = _maps(before if isinstance(before, dict) else {}, wanted, present, below)
    if patch and field is not None and field.retain_keys:
        patch["$retainKeys"] = sorted(key for key, value in wanted.items() if value is not None)
    return patch


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _list_field(
    key: str, before: list[Any], wanted: list[Any], present: list[Any], field: Field
) -> Plain:
    assert field.patch is not None
    merge_key = field.patch.key
    if merge_key is None:
        return _scalars(key, before, wanted, present)
    if any(not isinstance(item, dict) or merge_key not in item for item in wanted):
        return {key: wanted} if wanted != present else {}
    items = _items(before, wanted, present, field, merge_key)
    order = [by_key(item, merge_key) for item in wanted]
    standing = [value for item in present if (value := by_key(item, merge_key)) in order]
    if not items and standing == order:
        return {}
    patch: Plain = {f"$setElementOrder/{key}": [{merge_key: value} for value in order]}
    if items:
        patch[key] = items
    return patch


def _items(
    before: list[Any], wanted: list[Any], present: list[Any], field: Field, merge_key: str
) -> list[Plain]:
    there = _by_place(present, merge_key)
    applied = _by_place(before, merge_key)
    asked = _by_place(wanted, merge_key)
    items: list[Plain] = []
    for name, item in asked.items():
        if name not in there:
            items.append(item)
            continue
        inner = _maps(applied.get(name, {}), item, there[name], field.shape.item)
        if inner and field.retain_keys:
            inner["$retainKeys"] = sorted(item)
        if inner:
            items.append({**inner, merge_key: item[merge_key]})
    items.extend(
        {"$patch": "delete", merge_key: by_key(item, merge_key)}
        for name, item in applied.items()
        if name not in asked and name in there
    )
    return items


def _by_place(items: list[Any], merge_key: str) -> dict[tuple[str, int], Any]:
    """The items by their keys; of several with one, as a port for UDP and TCP, each by its turn."""
    found: dict[tuple[str, int], Any] = {}
    turns: Counter[str] = Counter()
    for item in items:
        name = str(by_key(item, merge_key))
        found[name, turns[name]] = item
        turns[name] += 1
    return found


def _scalars(key: str, before: list[Any], wanted: list[Any], present: list[Any]) -> Plain:
    added = [value for value in wanted if value not in present]
    removed = [value for value in before if value not in wanted and value in present]
    patch: Plain = {}
    if added or removed:
        patch[f"$setElementOrder/{key}"] = wanted
    if removed:
        patch[f"$deleteFromPrimitiveList/{key}"] = removed
    if added:
        patch[key] = added
    return patch
