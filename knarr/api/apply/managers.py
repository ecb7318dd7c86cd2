"""What an update or an apply does to an object and to its managedFields."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from knarr.api.apply import field_sets, structs, typed
from knarr.api.apply.field_sets import FieldSet
from knarr.api.apply.schema import Schema
from knarr.api.errors import ConflictError
from knarr.api.meta.object_meta import ManagedFieldsEntry
from knarr.api.meta.status import StatusCause, StatusDetails
from knarr.api.patches.three_way import LAST_APPLIED
from knarr.api.structs import ApiStruct

Plain = dict[str, Any]

UPDATERS_MAX = 10
"""More managers than this that only ever updated: the oldest are put together."""
_ANCIENT = "ancient-changes"
BEFORE_FIRST_APPLY = "before-first-apply"
"""Who owns the fields of an object that nobody tracked when it is first applied to."""
KUBECTL = "kubectl"
"""The manager that takes over from client-side apply without conflicts."""

_NEVER_OWNED: FieldSet = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {
        ".": {},
        "f:name": {},
        "f:namespace": {},
        "f:creationTimestamp": {},
        "f:selfLink": {},
        "f:uid": {},
        "f:clusterName": {},
        "f:generation": {},
        "f:managedFields": {},
        "f:resourceVersion": {},
    },
}


class ManagerKey(NamedTuple):
    """What tells managers apart. An applier's version does not count."""

    name: str
    operation: str
    api_version: str
    subresource: str


class Writer(Struct, frozen=True):
    """Who writes, through which door, and when."""

    manager: str
    api_version: str
    now: str
    subresource: str = ""
    ignored: FieldSet | None = None
    """Fields that a write through this door leaves alone, such as `status`."""


class Applied(Struct, frozen=True):
    """What an apply comes to."""

    object: Plain
    """The merged object, without managedFields; the live one itself when nothing changed."""
    entries: tuple[ManagedFieldsEntry, ...]


class _Managed(Struct):
    fields: FieldSet
    api_version: str
    time: str | None


_Managers = dict[ManagerKey, _Managed]


class ApplyConflict(ConflictError):  # noqa: N818  # it is the answer's name
    """Others manage fields that an apply would change."""

    def __init__(self, conflicts: Sequence[tuple[ManagerKey, str]]) -> None:
        causes = tuple(
            StatusCause(
                reason="FieldManagerConflict",
                message=f"conflict with {_spell(key)}",
                field=path,
            )
            for key, path in conflicts
        )
        super().__init__(_conflict_message(conflicts), details=StatusDetails(causes=causes))
        self.paths = [path for _, path in conflicts]


def _spell(key: ManagerKey) -> str:
    words = f'"{key.name}"'
    if key.subresource:
        words += f' with subresource "{key.subresource}"'
    if key.operation == "Update":
        words += f" using {key.api_version}"
    return words


def _conflict_message(conflicts: Sequence[tuple[ManagerKey, str]]) -> str:
    if len(conflicts) == 1:
        key, path = conflicts[0]
        return f"Apply failed with 1 conflict: conflict with {_spell(key)}: {path}"
    by_manager: dict[str, list[str]] = {}
    for key, path in conflicts:
        by_manager.setdefault(_spell(key), []).append(path)
    lines = []
    for manager in sorted(by_manager):
        lines.append(f"conflicts with {manager}:")
        lines.extend(f"- {path}" for path in by_manager[manager])
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)


def update(
    entries: Iterable[ManagedFieldsEntry], old: Plain, new: Plain, schema: Schema, writer: Writer
) -> tuple[ManagedFieldsEntry, ...]:
    """The managedFields after a plain write turned `old` into `new`.

    On create `old` is what an empty object of the type is written as. Both
    come without managedFields.
    """
    return _update(entries, typed.compare(old, new, schema), writer)


def update_structs(
    entries: Iterable[ManagedFieldsEntry], old: ApiStruct, new: ApiStruct, writer: Writer
) -> tuple[ManagedFieldsEntry, ...]:
    """`update` for objects of one type, without making plain values of them.

    On create `old` is `structs.empty` of the type. managedFields may differ
    between the two: nobody owns them.
    """
    return _update(entries, structs.compare(old, new), writer)


def _update(
    entries: Iterable[ManagedFieldsEntry], compared: typed.Comparison, writer: Writer
) -> tuple[ManagedFieldsEntry, ...]:
    difference = _without_ignored(compared, writer.ignored)
    if difference.is_same:
        return tuple(entries)
    managers = _read(entries)
    key = ManagerKey(writer.manager, "Update", writer.api_version, writer.subresource)
    changed = field_sets.union(difference.modified, difference.added)
    lost = field_sets.union(changed, difference.removed)
    mine = managers.pop(key, None)
    for each in managers.values():
        each.fields = field_sets.difference(each.fields, lost)
    gained = field_sets.difference(changed, _NEVER_OWNED)
    kept = field_sets.difference(mine.fields, difference.removed) if mine is not None else {}
    fields = field_sets.union(kept, gained)
    if fields:
        time = writer.now if gained or mine is None else mine.time
        managers[key] = _Managed(fields, writer.api_version, time)
    return _write(_capped(managers))


def apply(  # the live object, the applied one, and how they meet
    entries: Iterable[ManagedFieldsEntry],
    live: Plain,
    config: Plain,
    schema: Schema,
    writer: Writer,
    *,
    force: bool = False,
) -> Applied:
    """Merge an applied configuration into the live object. Raise ApplyConflict.

    The configuration must fit the schema (see `validation.complaints`).
    """
    try:
        return _apply(entries, live, config, schema, writer, force=force)
    except ApplyConflict as conflict:
        last = _last_applied(live)
        if writer.manager != KUBECTL or last is None:
            raise
        allowed = set(field_sets.walk(typed.field_set(last, schema)))
        if not set(conflict.paths) <= allowed:
            raise
        return _apply(entries, live, config, schema, writer, force=True)


def _last_applied(live: Plain) -> Plain | None:
    text = (live.get("metadata") or {}).get("annotations", {}).get(LAST_APPLIED)
    if not text:
        return None
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    return value if isinstance(value, dict) else None


def _apply(
    entries: Iterable[ManagedFieldsEntry],
    live: Plain,
    config: Plain,
    schema: Schema,
    writer: Writer,
    *,
    force: bool,
) -> Applied:
    config = {name: value for name, value in config.items() if name not in ("apiVersion", "kind")}
    managers = _read(entries)
    key = ManagerKey(writer.manager, "Apply", "", writer.subresource)
    last = managers.get(key)
    claimed = typed.field_set(config, schema)
    if writer.ignored:
        claimed = field_sets.without(claimed, writer.ignored)
    time = last.time if last is not None else None
    mine = _Managed(claimed, writer.api_version, time)
    managers[key] = mine
    merged = typed.merge(live, config, schema)
    if last is not None and last.fields:
        merged = _pruned(merged, managers, key, last.fields, schema)
    difference = _without_ignored(typed.compare(live, merged, schema), writer.ignored)
    _take_over(managers, key, difference, force=force)
    if not difference.is_same:
        mine.time = writer.now
    mine.fields = field_sets.difference(claimed, _NEVER_OWNED)
    return Applied(live if merged == live else merged, _write(managers))


def _pruned(
    merged: Plain, managers: _Managers, key: ManagerKey, last: FieldSet, schema: Schema
) -> Plain:
    """Take out what this manager applied before, does not apply now and nobody else manages."""
    applied_before = typed.with_named_fields(last, schema)
    pruned = typed.remove(merged, applied_before, schema) or {}
    everything = typed.with_named_fields(typed.field_set(merged, schema), schema)
    managed: FieldSet = {}
    for each in managers.values():
        managed = field_sets.union(managed, each.fields)
    managed = typed.with_named_fields(managed, schema)
    left = typed.with_named_fields(typed.field_set(pruned, schema), schema)
    unmanaged = field_sets.difference(everything, field_sets.union(left, managed))
    pruned = typed.remove(merged, unmanaged, schema) or {}
    left = typed.with_named_fields(typed.field_set(pruned, schema), schema)
    gone = field_sets.intersection(field_sets.difference(everything, left), applied_before)
    trimmed: Plain = typed.remove(merged, gone, schema) or {}
    return trimmed


def _take_over(
    managers: _Managers, key: ManagerKey, difference: typed.Comparison, *, force: bool
) -> None:
    changed = field_sets.union(difference.modified, difference.added)
    conflicts: list[tuple[ManagerKey, str]] = []
    taken: dict[ManagerKey, FieldSet] = {}
    for other, managed in managers.items():
        if other == key:
            continue
        shared = field_sets.intersection(managed.fields, changed)
        taken[other] = field_sets.union(shared, difference.removed)
        conflicts.extend((other, path) for path in field_sets.walk(shared))
    if conflicts and not force:
        raise ApplyConflict(sorted(conflicts, key=lambda conflict: conflict[0]))
    for other, lost in taken.items():
        managers[other].fields = field_sets.difference(managers[other].fields, lost)


def _without_ignored(found: typed.Comparison, ignored: FieldSet | None) -> typed.Comparison:
    if not ignored:
        return found
    return typed.Comparison(*(field_sets.without(fields, ignored) for fields in found))


def _read(entries: Iterable[ManagedFieldsEntry]) -> _Managers:
    managers: _Managers = {}
    for entry in entries:
        version = entry.api_version if entry.operation == "Update" else ""
        key = ManagerKey(entry.manager, entry.operation, version, entry.subresource)
        fields: FieldSet = entry.fields_v1 or {}
        known = managers.get(key)
        if known is not None:
            fields = field_sets.union(known.fields, fields)
        managers[key] = _Managed(fields, entry.api_version, entry.time)
    return managers


def _capped(managers: _Managers) -> _Managers:
    updaters = [key for key in managers if key.operation == "Update"]
    if len(updaters) <= UPDATERS_MAX:
        return managers
    updaters.sort(key=lambda key: (managers[key].time or "", key))
    for key in updaters[: len(updaters) - UPDATERS_MAX + 1]:
        old = managers.pop(key)
        bucket = ManagerKey(_ANCIENT, "Update", old.api_version, "")
        known = managers.get(bucket)
        fields = field_sets.union(known.fields, old.fields) if known else old.fields
        managers[bucket] = _Managed(fields, old.api_version, old.time)
    return managers


def _write(managers: _Managers) -> tuple[ManagedFieldsEntry, ...]:
    kept = [(key, managed) for key, managed in managers.items() if managed.fields]
    kept.sort(
        key=lambda pair: (
            pair[0].operation,
            pair[1].time or "",
            pair[0].name,
            pair[1].api_version,
            pair[0].subresource,
        )
    )
    return tuple(
        ManagedFieldsEntry(
            manager=key.name,
            operation=key.operation,
            api_version=managed.api_version,
            time=managed.time,
            fields_type="FieldsV1",
            fields_v1=managed.fields,
            subresource=key.subresource,
        )
        for key, managed in kept
    )
