"""Notes in `metadata.managedFields` who wrote what."""

from typing import Any

from msgspec.structs import replace

from apiserver.registry.parts import Object
from apiserver.registry.request import Request
from knarr.api.errors import UnsupportedMediaTypeError


def created(core: Any, request: Request, resource: Any, obj: Object) -> Object:
    """Note who made an object."""
    del core, request, resource
    return obj


def updated(core: Any, request: Request, resource: Any, obj: Object, old: Object) -> Object:
    """Note who changed an object."""
    del core, request, resource
    meta = replace(obj.metadata, managed_fields=old.metadata.managed_fields)
    return replace(obj, metadata=meta)


def same_but_times(obj: Object, old: Object) -> bool:
    """Whether only the times of the notes differ, which is no change."""
    del obj, old
    return False


def applying(
    core: Any, request: Request, resource: Any, kind: Any, data: bytes, *, force: bool
) -> Any:
    """The change that server-side apply asks for."""
    del core, request, resource, kind, data, force
    raise UnsupportedMediaTypeError("server-side apply is not supported yet")
