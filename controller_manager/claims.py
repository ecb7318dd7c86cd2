"""Whose children are whose: an owner takes orphans that its selector means and lets others go.

A child that lost its owner's labels is released; an orphan with the labels is
adopted. Both are patches that name the child's uid, so that they cannot hit
another object of the same name.
"""

from collections.abc import Iterable
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from knarr.api.meta.object_meta import ObjectMeta, OwnerReference
from knarr.api.owners import controller_of
from knarr.api.plan import Patch
from knarr.api.selectors import Selector
from knarr.api.structs import ApiStruct


class Claimable(Protocol):
    """An object that can have an owner."""

    @property
    def metadata(self) -> ObjectMeta:
        """Its labels and owners."""
        ...


C = TypeVar("C", bound=Claimable)


class Claimed(Struct, Generic[C], frozen=True):
    """The children of an owner, and the patches that make the API say so."""

    mine: tuple[C, ...]
    patches: tuple[Patch, ...]


def claim(
    owner: OwnerReference,
    candidates: Iterable[C],
    *,
    selector: Selector,
    may_adopt: bool,
) -> Claimed[C]:
    """Sort out which candidates are the owner's. `owner` is the reference its children carry."""
    mine: list[C] = []
    patches: list[Patch] = []
    for child in candidates:
        controller = controller_of(child)
        meant = selector.matches(child.metadata.labels)
        if controller is not None and controller.uid == owner.uid:
            if meant:
                mine.append(child)
            elif may_adopt:
                patches.append(_release(child, owner))
        elif controller is None and meant and may_adopt and _stays(child):
            mine.append(child)
            patches.append(_adopt(child, owner))
    return Claimed(tuple(mine), tuple(patches))


def _stays(child: Claimable) -> bool:
    return child.metadata.deletion_timestamp is None


def _adopt(child: Claimable, owner: OwnerReference) -> Patch:
    reference = {
        "apiVersion": owner.api_version,
        "kind": owner.kind,
        "name": owner.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return _patch(child, {"ownerReferences": [reference]})


def _release(child: Claimable, owner: OwnerReference) -> Patch:
    return _patch(child, {"ownerReferences": [{"$patch": "delete", "uid": owner.uid}]})


def _patch(child: Claimable, metadata: dict[str, Any]) -> Patch:
    assert isinstance(child, ApiStruct), "only objects of the API are patched"
    return Patch(child, {"metadata": {"uid": child.metadata.uid, **metadata}}, format="strategic")
