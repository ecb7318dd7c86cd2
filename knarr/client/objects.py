"""The name tag of any object, whatever its kind."""

from typing import Any, cast

from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta, OwnerReference
from knarr.api.structs import ApiStruct


def metadata_of(obj: ApiStruct) -> ObjectMeta:
    """The metadata that every stored kind has."""
    return cast("ObjectMeta", cast("Any", obj).metadata)


def key_of(obj: ApiStruct) -> Key:
    """Namespace and name of an object."""
    metadata = metadata_of(obj)
    return Key(metadata.namespace, metadata.name)


def revision_of(obj: ApiStruct) -> int:
    """The revision that wrote this state of the object, 0 for one that was never stored."""
    return int(metadata_of(obj).resource_version or 0)


def controller_of(obj: ApiStruct) -> OwnerReference | None:
    """The owner that controls the object, if one does."""
    # Asked of every object by a dozen handlers at every change: no call more than needed.
    for reference in obj.metadata.owner_references:  # type: ignore[attr-defined]  # every kind has it
        if reference.controller:
            found: OwnerReference = reference
            return found
    return None
