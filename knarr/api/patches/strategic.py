"""Strategic merge patch: a merge patch that knows which lists merge by key.

The marks in the API types say how each list merges. Directives steer it:

- `$patch: replace | delete` in a map, or in an item of a merging list;
- `$retainKeys: [...]` trims a map to those keys before merging;
- `$deleteFromPrimitiveList/<field>: [...]` takes scalars out of a list;
- `$setElementOrder/<field>: [...]` says in which order the items are to stand.

Items that only the server has keep their place relative to each other; items
of the patch stand in the patch's order.
"""

from typing import Any

import msgspec

from knarr.api.json_text import syntax_error
from knarr.api.patches.errors import (
    PatchError,
    PatchFormatError,
    PatchTextError,
    go_kind,
    go_text,
    json_kind,
)
from knarr.api.patches.order import by_key, merge_orders, split
from knarr.api.shapes import Field, Shape, shape_of
from knarr.api.structs import ApiStruct

_DIRECTIVE = "$patch"
_RETAIN = "$retainKeys"
_DELETE_PREFIX = "$deleteFromPrimitiveList/"
_ORDER_PREFIX = "$setElementOrder/"

Plain = dict[str, Any]


def read(data: bytes) -> Plain:
    """The patch of a text. Raise PatchTextError."""
    try:
        patch = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise PatchTextError(syntax_error(data) or str(error)) from error
    if patch is None:
        return {}
    if not isinstance(patch, dict):
        raise PatchTextError(
            f"json: cannot unmarshal {json_kind(patch)} into Go value of type "
            "map[string]interface {}"
        )
    return patch


def apply(object_type: type[ApiStruct], document: Plain, patch: Plain) -> Plain:
    """The document with the patch merged in. Raise PatchError."""
    return _merge_map(document, patch, shape_of(object_type))


def _merge_map(original: Plain, patch: Plain, shape: Shape | None) -> Plain:
    if _DIRECTIVE in patch:
        return _directed(patch)
    merged = dict(original)
    patch = dict(patch)
    _retain_keys(merged, patch)
    _merge_ordered(merged, patch, shape)
    for key, value in patch.items():
        if key.startswith(_DELETE_PREFIX):
            _delete_scalars(merged, key.removeprefix(_DELETE_PREFIX), value)
        elif value is None:
            merged.pop(key, None)
        elif key not in merged or type(merged[key]) is not type(value):
            merged[key] = _without_directives(value)
        elif isinstance(value, dict):
            merged[key] = _merge_map(merged[key], value, _below(shape, key))
        elif isinstance(value, list):
            merged[key] = _merge_list(merged[key], value, _field(shape, key), shape)
        else:
            merged[key] = value
    return merged


def _directed(patch: Plain) -> Plain:
    directive = patch[_DIRECTIVE]
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != _DIRECTIVE}
    if directive == "delete":
        return {}
    raise PatchError(f"unknown patch type: {go_text(directive)} in map: {go_text(patch)}")


def _field(shape: Shape | None, key: str) -> Field | None:
    return shape.fields.get(key) if shape is not None else None


def _below(shape: Shape | None, key: str) -> Shape | None:
    if shape is not None and shape.kind == "map":
        return shape.item
    field = _field(shape, key)
    return field.shape if field is not None else None


def _retain_keys(merged: Plain, patch: Plain) -> None:
    if _RETAIN not in patch:
        return
    kept = patch.pop(_RETAIN)
    if not isinstance(kept, list):
        raise PatchFormatError("invalid patch format of retainKeys")
    for key, value in patch.items():
        is_directive = key.startswith((_DELETE_PREFIX, _ORDER_PREFIX))
        if value is not None and not is_directive and key not in kept:
            raise PatchFormatError("invalid patch format of retainKeys")
    for key in [key for key in merged if key not in kept]:
        del merged[key]


def _delete_scalars(merged: Plain, key: str, unwanted: Any) -> None:
    present = merged.get(key)
    if unwanted is None:
        merged.pop(key, None)
    elif isinstance(present, list) and isinstance(unwanted, list):
        merged[key] = [value for value in present if value not in unwanted]


def _merge_ordered(merged: Plain, patch: Plain, shape: Shape | None) -> None:
    for directive in [key for key in patch if key.startswith(_ORDER_PREFIX)]:
        order = _list(patch.pop(directive))
        key = directive.removeprefix(_ORDER_PREFIX)
        had, given = key in merged, key in patch
        present = _list(merged[key]) if had else []
        wanted = _list(patch.pop(key)) if given else []
        field = _field(shape, key)
        merge_key = _merge_key(field)
        _check_order(wanted, order, merge_key)
        if not had and not given:
            continue
        if not had:
            result = _without_directives(wanted)
        elif not given:
            result = present
        else:
            result = _merge_list(present, wanted, field, shape)
        mine, theirs = split(result, order, merge_key)
        merged[key] = merge_orders(mine, theirs, order, present, merge_key)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise PatchError(f"expected a []interface {{}}, but received a {go_kind(value)}")
    return value


def _merge_key(field: Field | None) -> str | None:
    return field.patch.key if field is not None and field.patch is not None else None


def _check_order(wanted: list[Any], order: list[Any], merge_key: str | None) -> None:
    places = iter(order)
    for item in wanted:
        if merge_key and isinstance(item, dict) and item.get(_DIRECTIVE) == "delete":
            continue
        if not any(by_key(item, merge_key) == by_key(place, merge_key) for place in places):
            raise PatchError(
                f"The order in patch list:\n{go_text(wanted)}\n doesn't match "
                f"$setElementOrder list:\n{go_text(order)}\n"
            )


def _merge_list(
    original: list[Any], patch: list[Any], field: Field | None, shape: Shape | None
) -> list[Any]:
    if field is None or field.patch is None:
        return patch
    if not original and not patch:
        return original
    kinds = {type(item) for item in (*original, *patch)}
    if len(kinds) > 1:
        raise PatchError(f"list element types are not identical: {go_text([original, patch])}")
    if kinds != {dict}:
        both = list(dict.fromkeys((*original, *patch)))
        mine, theirs = split(both, patch, None)
        return merge_orders(mine, theirs, patch, original, None)
    key = field.patch.key
    if key is None:
        name = shape.struct.__name__ if shape is not None and shape.struct else ""
        raise PatchError(f"cannot merge lists without merge key for {name}")
    return _merge_items(original, patch, key, field.shape.item)


def _merge_items(
    original: list[Plain], patch: list[Plain], key: str, shape: Shape | None
) -> list[Plain]:
    original, patch = _obey_items(original, patch, key)
    result = list(original)
    places = {_hashable(item.get(key)): index for index, item in enumerate(result)}
    for item in patch:
        if key not in item:
            raise PatchError(_no_merge_key(item, key))
        place = places.get(_hashable(item[key]))
        if place is None:
            places[_hashable(item[key])] = len(result)
            result.append(_without_directives(item))
        else:
            result[place] = _merge_map(result[place], item, shape)
    mine, theirs = split(result, patch, key)
    return merge_orders(mine, theirs, patch, original, key)


def _obey_items(
    original: list[Plain], patch: list[Plain], key: str
) -> tuple[list[Plain], list[Plain]]:
    plain, replace = [], False
    for item in patch:
        directive = item.get(_DIRECTIVE)
        if _DIRECTIVE not in item:
            plain.append(item)
        elif directive == "delete":
            if key not in item:
                raise PatchError(_no_merge_key(item, key))
            original = [each for each in original if each.get(key) != item[key]]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise PatchError("merging lists cannot yet be specified in the patch")
        else:
            raise PatchError(f"unknown patch type: {go_text(directive)} in map: {go_text(item)}")
    return (plain, []) if replace else (original, plain)


def _no_merge_key(item: Plain, key: str) -> str:
    return f"map: {go_text(item)} does not contain declared merge key: {key}"


def _hashable(value: Any) -> Any:
    return value if isinstance(value, str | int | float | None) else str(value)


def _without_directives(value: Any) -> Any:
    """A value that nothing is there to merge with: directives and nulls mean nothing in it."""
    if isinstance(value, dict):
        return {
            key: _without_directives(item)
            for key, item in value.items()
            if item is not None and not key.startswith("$")
        }
    if isinstance(value, list):
        kept = [item for item in value if not (isinstance(item, dict) and item.get(_DIRECTIVE))]
        return [_without_directives(item) for item in kept]
    return value
