"""Who depends on whom, by uid, kept up to date change by change.

An owner need not be in the graph for its dependents to be found: owner and
dependent come from different watches, in any order.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from knarr.api.kind import Kind
from knarr.api.meta.object_meta import ObjectMeta, OwnerReference
from knarr.api.structs import ApiStruct

FOREGROUND = "foregroundDeletion"
"""The finalizer of an owner that goes after its dependents."""

ORPHAN = "orphan"
"""The finalizer of an owner whose dependents are to stay."""


class Item(Struct, frozen=True):
    """An object as the collector sees it."""

    kind: Kind
    object: ApiStruct
    metadata: ObjectMeta

    @property
    def is_going(self) -> bool:
        """Whether its deletion was asked for."""
        return self.metadata.deletion_timestamp is not None

    @property
    def waits(self) -> bool:
        """Whether it goes once its dependents are gone."""
        return self.is_going and FOREGROUND in self.metadata.finalizers

    @property
    def lets_go(self) -> bool:
        """Whether it goes and leaves its dependents behind."""
        return self.is_going and ORPHAN in self.metadata.finalizers


class Graph:
    """The objects, and the dependents of each owner."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._dependents: dict[str, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def get(self, uid: str) -> Item | None:
        """The object with this uid, or None."""
        return self._items.get(uid)

    def dependents_of(self, uid: str) -> list[Item]:
        """The objects that name this uid as an owner, in the order in which they came."""
        return [self._items[each] for each in self._dependents.get(uid, ())]

    def put(self, item: Item) -> Iterable[str]:
        """Take in an object or its change; answer the uids that are to be looked at."""
        uid = item.metadata.uid
        old = self._items.get(uid)
        self._items[uid] = item
        before = _references(old)
        after = _references(item)
        for owner in before.keys() - after.keys():
            self._remove_edge(owner, uid)
        for owner in after:
            self._dependents.setdefault(owner, {})[uid] = None
        look_at: dict[str, None] = {}
        if after and after != before:
            look_at[uid] = None
        for owner, reference in before.items():
            if after.get(owner) != reference and self._is_waiting(owner):
                look_at[owner] = None
        if item.lets_go or item.waits:
            look_at[uid] = None
        if item.waits and (old is None or not old.waits):
            look_at.update(self._dependents.get(uid, {}))
        return look_at

    def remove(self, uid: str) -> Mapping[str, None]:
        """Forget an object that is gone; answer the uids that are to be looked at."""
        old = self._items.pop(uid, None)
        look_at = dict(self._dependents.get(uid, {}))
        for owner in _references(old):
            self._remove_edge(owner, uid)
            if self._is_waiting(owner):
                look_at[owner] = None
        return look_at

    def _is_waiting(self, uid: str) -> bool:
        owner = self._items.get(uid)
        return owner is not None and owner.waits

    def _remove_edge(self, owner: str, dependent: str) -> None:
        dependents = self._dependents.get(owner, {})
        dependents.pop(dependent, None)
        if not dependents:
            self._dependents.pop(owner, None)


def _references(item: Item | None) -> dict[str, OwnerReference]:
    return {} if item is None else {each.uid: each for each in item.metadata.owner_references}


def blocks(item: Item, owner_uid: str) -> bool:
    """Whether an owner that waits must wait for this dependent."""
    return any(
        each.uid == owner_uid and bool(each.block_owner_deletion)
        for each in item.metadata.owner_references
    )


def others(item: Item, uids: Iterable[str]) -> Iterator[OwnerReference]:
    """The item's owner references but those to some uids."""
    left_out = set(uids)
    return (each for each in item.metadata.owner_references if each.uid not in left_out)
