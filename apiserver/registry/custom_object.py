"""Objects of custom resources: metadata with a type, all else as it came."""

from collections.abc import Mapping
from typing import Any

import msgspec

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


class CustomObject(ApiStruct):
    """An object whose kind is defined at run time."""

    metadata: ObjectMeta = ObjectMeta()
    """Name, labels and the like."""
    content: Mapping[str, Any] = {}
    """Every other field of the object by its name, `kind` and `apiVersion` excluded."""
    stored_as: str = ""
    """Version it was stored in, where that is another than the one stored now."""


_NOT_CONTENT = frozenset({"kind", "apiVersion", "metadata"})


def custom_object(plain: Mapping[str, Any], metadata: ObjectMeta) -> CustomObject:
    """Wrap what was read from JSON."""
    content = {name: value for name, value in plain.items() if name not in _NOT_CONTENT}
    return CustomObject(metadata=metadata, content=content)


def with_content(obj: CustomObject, name: str, value: Any) -> CustomObject:
    """Set one field, or with None take it away."""
    content = dict(obj.content)
    if value is None:
        content.pop(name, None)
    else:
        content[name] = value
    return msgspec.structs.replace(obj, content=content)
