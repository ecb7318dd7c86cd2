"""Who owns an object: its owner references, and the one owner that controls it."""

from typing import Protocol

from knarr.api.kind_table import kind_of
from knarr.api.meta.object_meta import ObjectMeta, OwnerReference
from knarr.api.structs import ApiStruct


class HasMetadata(Protocol):
    """Any object of the API."""

    @property
    def metadata(self) -> ObjectMeta:
        """Its name, owners and so on."""
        ...


def controller_of(obj: HasMetadata) -> OwnerReference | None:
    """The owner that controls the object, or None."""
    for reference in obj.metadata.owner_references:
        if reference.controller:
            return reference
    return None


def is_controlled_by(obj: HasMetadata, uid: str) -> bool:
    """Whether the owner with this uid controls the object."""
    controller = controller_of(obj)
    return controller is not None and controller.uid == uid


def controller_reference(owner: ApiStruct) -> OwnerReference:
    """The reference of a child that `owner` controls and waits for when it is deleted."""
    kind = kind_of(type(owner))
    metadata: ObjectMeta = owner.metadata  # type: ignore[attr-defined]  # every kind has metadata
    return OwnerReference(
        api_version=kind.api_version,
        kind=kind.name,
        name=metadata.name,
        uid=metadata.uid,
        controller=True,
        block_owner_deletion=True,
    )
