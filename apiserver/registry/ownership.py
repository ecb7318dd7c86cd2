"""Notes in `metadata.managedFields` who wrote what."""

from typing import Any

from msgspec.structs import replace

from apiserver.registry.core import Core
from apiserver.registry.custom_object import CustomObject
from apiserver.registry.parts import Object
from apiserver.registry.request import Request
from apiserver.registry.resource import Resource
from knarr.api import codec
from knarr.api.apply import doors, managers, structs
from knarr.api.apply.schema import Schema, schema_of
from knarr.api.meta.object_meta import ManagedFieldsEntry

Plain = dict[str, Any]

_UNTRACKED = frozenset({"binding", "eviction"})
"""Subresources whose writes are the server's own."""

_RESET = (ManagedFieldsEntry(),)
"""What a client sends to forget who owns what."""


def created(core: Core, request: Request, resource: Resource, obj: Object) -> Object:
    """Note who made an object."""
    if request.is_apply or request.subresource in _UNTRACKED:
        return obj
    writer = writer_for(core, request, resource)
    if isinstance(obj, CustomObject):
        schema = schema_for(core, resource)
        entries = managers.update(_given(obj), {}, plain_of(obj), schema, writer)
    else:
        entries = managers.update_structs(_given(obj), structs.empty(resource.type), obj, writer)
    return with_entries(obj, entries)


def updated(core: Core, request: Request, resource: Resource, obj: Object, old: Object) -> Object:
    """Note who changed an object."""
    if request.is_apply:
        return obj
    given = obj.metadata.managed_fields
    before = old.metadata.managed_fields
    entries = () if given == _RESET else (given or before)
    if not entries or request.subresource in _UNTRACKED:
        return with_entries(obj, entries)
    if _same_content(obj, old):
        return with_entries(obj, entries)
    writer = writer_for(core, request, resource)
    if isinstance(obj, CustomObject) or isinstance(old, CustomObject):
        schema = schema_for(core, resource)
        noted = managers.update(entries, plain_of(old), plain_of(obj), schema, writer)
    else:
        noted = managers.update_structs(entries, old, obj, writer)
    return with_entries(obj, noted)


def _same_content(obj: Object, old: Object) -> bool:
    """Whether an update changes nothing, which is cheap to see."""
    meta, before = obj.metadata, old.metadata
    return bool(
        replace(obj, metadata=before) == old
        and meta.labels == before.labels
        and meta.annotations == before.annotations
        and meta.finalizers == before.finalizers
        and meta.owner_references == before.owner_references
        and meta.generate_name == before.generate_name
    )


def _given(obj: Object) -> tuple[ManagedFieldsEntry, ...]:
    given: tuple[ManagedFieldsEntry, ...] = obj.metadata.managed_fields
    return () if given == _RESET else given


def with_entries(obj: Object, entries: tuple[ManagedFieldsEntry, ...]) -> Object:
    """The object with these notes."""
    if obj.metadata.managed_fields is entries:
        return obj
    return replace(obj, metadata=replace(obj.metadata, managed_fields=entries))


def plain_of(obj: Object) -> Plain:
    """An object as plain JSON values, without the notes."""
    meta = obj.metadata
    if meta.managed_fields:
        obj = replace(obj, metadata=replace(meta, managed_fields=()))
    if isinstance(obj, CustomObject):
        return {"metadata": codec.to_plain(obj.metadata), **obj.content}
    plain: Plain = codec.to_plain(obj)
    return plain


def schema_for(core: Core, resource: Resource) -> Schema:
    """How the fields of a resource merge."""
    if resource.kind.type_path:
        return schema_of(resource.kind.type)
    return core.schema_of_custom(resource.kind)


def writer_for(core: Core, request: Request, resource: Resource) -> managers.Writer:
    """Who writes."""
    return managers.Writer(
        manager=request.field_manager or "unknown",
        api_version=resource.kind.api_version,
        now=core.time_text(),
        subresource=request.subresource,
        ignored=doors.ignored(resource.kind, request.subresource),
    )
