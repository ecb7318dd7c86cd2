"""The parts every object has or may have: metadata, spec, status."""

from typing import Any

import msgspec
from msgspec.structs import replace

from apiserver.registry.custom_object import CustomObject, with_content

Object = Any
"""An object of a kind: an ApiStruct with `metadata`, or a CustomObject."""

_OBSERVED = frozenset({"metadata", "status", "kind", "api_version"})


_FIELDS: dict[type[Any], dict[str, Any]] = {}
"""The fields of each type asked about, with their defaults."""


def _fields(object_type: type[Any]) -> dict[str, Any]:
    found = _FIELDS.get(object_type)
    if found is None:
        found = _FIELDS[object_type] = _read_fields(object_type)
    return found


def _read_fields(object_type: type[Any]) -> dict[str, Any]:
    found = {}
    for field in msgspec.structs.fields(object_type):
        factory = field.default_factory
        found[field.name] = factory() if callable(factory) else field.default
    return found


def has_part(object_type: type[Any], name: str) -> bool:
    """Whether objects of a type have a `spec`, a `status`, …."""
    return object_type is CustomObject or name in _fields(object_type)


def part(obj: Object, name: str) -> Any:
    """The object's `spec`, `status`, …, None where there is none."""
    if isinstance(obj, CustomObject):
        return obj.content.get(name)
    return getattr(obj, name, None)


def with_part(obj: Object, name: str, value: Any) -> Object:
    """Set a part."""
    if isinstance(obj, CustomObject):
        return with_content(obj, name, value)
    return replace(obj, **{name: value})


def without_part(obj: Object, name: str) -> Object:
    """Put a part back to what it is when nothing is said."""
    if isinstance(obj, CustomObject):
        return with_content(obj, name, None) if name in obj.content else obj
    default = _fields(type(obj)).get(name)
    if default is None and getattr(obj, name, None) is None:
        return obj
    if default is msgspec.NODEFAULT:
        return obj
    return replace(obj, **{name: default})


def with_meta(obj: Object, **changes: Any) -> Object:
    """Change fields of the metadata."""
    return replace(obj, metadata=replace(obj.metadata, **changes))


def wanted_differs(obj: Object, old: Object) -> bool:
    """Whether anything but metadata and status differs: what `generation` counts."""
    if isinstance(obj, CustomObject):
        return _custom_wanted(obj) != _custom_wanted(old)
    if "spec" in _fields(type(obj)):
        return bool(obj.spec != old.spec)
    return any(
        getattr(obj, name) != getattr(old, name)
        for name in _fields(type(obj))
        if name not in _OBSERVED
    )


def content_differs(obj: Object, old: Object) -> bool:
    """What `generation` counts where the status is a field like any other."""
    if isinstance(obj, CustomObject):
        return bool(obj.content != old.content)
    return wanted_differs(obj, old)


def _custom_wanted(obj: CustomObject) -> dict[str, Any]:
    return {name: value for name, value in obj.content.items() if name != "status"}
