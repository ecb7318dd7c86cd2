"""Drops what no schema names, and nulls where none may be."""

from collections.abc import Mapping
from typing import Any

from apiserver.schemas.structural import EMPTY, Structural
from knarr.api import codec, thorough
from knarr.api.meta.object_meta import ObjectMeta

_HEAD = frozenset({"apiVersion", "kind", "metadata"})


def prune(value: Any, schema: Structural, *, is_root: bool = False) -> tuple[Any, list[str]]:
    """The value without what is not named, and the paths of what was dropped."""
    dropped: list[str] = []
    return _pruned(value, schema, "", dropped, is_root=is_root), dropped


def _pruned(
    value: Any, schema: Structural, path: str, dropped: list[str], *, is_root: bool = False
) -> Any:
    if isinstance(value, dict):
        return _pruned_map(value, schema, path, dropped, is_root=is_root)
    if isinstance(value, list) and schema.items is not None:
        items = schema.items
        return _same_or(
            value,
            [_pruned(item, items, f"{path}[{i}]", dropped) for i, item in enumerate(value)],
        )
    return value


def _same_or(value: Any, made: Any) -> Any:
    """The old list when nothing in it was replaced, so that the same stays the same."""
    return value if all(map(_is, value, made)) else made


def _is(left: object, right: object) -> bool:
    return left is right


def _pruned_map(
    value: Mapping[str, Any],
    schema: Structural,
    path: str,
    dropped: list[str],
    *,
    is_root: bool,
) -> Any:
    kept: dict[str, Any] = {}
    changed = False
    for name, each in value.items():
        at = f"{path}.{name}" if path else name
        child = schema.properties.get(name, schema.additional)
        if name in _HEAD and (is_root or schema.is_embedded):
            made = _metadata(each, at, dropped) if name == "metadata" and not is_root else each
        elif child is not None:
            made = _pruned(each, child, at, dropped)
        elif schema.preserves or schema.is_open:
            made = each
        else:
            dropped.append(at)
            changed = True
            continue
        changed = changed or made is not each
        kept[name] = made
    return kept if changed else value


def _metadata(value: Any, path: str, dropped: list[str]) -> Any:
    """The metadata of an embedded object, without fields that metadata does not have."""
    if not isinstance(value, dict):
        return value
    unknown = unknown_metadata(value)
    dropped.extend(f"{path}.{name}" for name in unknown)
    if not unknown:
        return value
    known = _METADATA_FIELDS
    return {name: each for name, each in value.items() if name in known}


_METADATA_FIELDS = frozenset(
    {
        "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation",
        "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "labels",
        "annotations", "ownerReferences", "finalizers", "managedFields",
    }
)  # fmt: skip


def unknown_metadata(value: Mapping[str, Any]) -> list[str]:
    """The fields of metadata that metadata does not have, by path."""
    try:
        reading = codec.read(ObjectMeta, dict(value))
    except thorough.DecodeError:
        return [name for name in value if name not in _METADATA_FIELDS]
    prefix = 'unknown field "'
    return [
        each.removeprefix(prefix).rstrip('"')
        for each in reading.complaints
        if each.startswith(prefix)
    ]


def without_nulls(value: Any, schema: Structural) -> Any:
    """The value without nulls that may not be and that no default replaces."""
    if isinstance(value, dict):
        return _map_without_nulls(value, schema)
    if isinstance(value, list) and schema.items is not None:
        return _same_or(value, [without_nulls(each, schema.items) for each in value])
    return value


def _map_without_nulls(value: Mapping[str, Any], schema: Structural) -> Any:
    kept: dict[str, Any] = {}
    changed = False
    for name, each in value.items():
        child = schema.properties.get(name, schema.additional)
        made = each
        if child is not None:
            if each is None and not child.nullable and child.default is EMPTY:
                changed = True
                continue
            made = without_nulls(each, child)
        changed = changed or made is not each
        kept[name] = made
    return kept if changed else value
