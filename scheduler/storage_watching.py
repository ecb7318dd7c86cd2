"""Takes what informers tell of volumes into the snapshot, and wakes the pods it may help."""

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

from msgspec import Struct

from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.keys import Key
from knarr.api.storage.csi_driver import CSIDriver
from knarr.api.storage.csi_node import CSINode
from knarr.api.storage.csi_storage_capacity import CSIStorageCapacity
from knarr.api.storage.storage_class import StorageClass
from knarr.api.structs import ApiStruct
from knarr.client.informers import Informers
from knarr.client.objects import key_of
from scheduler.plugins.plugin import Happening
from scheduler.queue import SchedulingQueue
from scheduler.snapshot import Snapshot

WATCHED: tuple[type[ApiStruct], ...] = (
    PersistentVolumeClaim,
    PersistentVolume,
    StorageClass,
    CSINode,
    CSIDriver,
    CSIStorageCapacity,
)
"""The kinds that have to do with volumes."""


class StorageWatcher(Struct):
    """Keeps the snapshot's storage up to date."""

    snapshot: Snapshot
    queue: SchedulingQueue

    def watch(self, informers: Informers) -> None:
        """Take in everything there is and whatever changes from now on."""
        informers.of(PersistentVolumeClaim).handle(self._claim_changed)
        informers.of(PersistentVolume).handle(self._volume_changed)
        storage = self.snapshot.storage
        by_name: Callable[[Key], Any] = attrgetter("name")
        informers.of(StorageClass).handle(partial(self._keep, storage.classes, by_name))
        informers.of(CSINode).handle(partial(self._keep, storage.csi_nodes, by_name))
        informers.of(CSIDriver).handle(partial(self._keep, storage.drivers, by_name))
        informers.of(CSIStorageCapacity).handle(partial(self._keep, storage.capacities, _itself))

    def _claim_changed(
        self, old: PersistentVolumeClaim | None, new: PersistentVolumeClaim | None
    ) -> None:
        claims = self.snapshot.storage.claims
        if new is None:
            assert old is not None, "an event is about something"
            claims.pop(key_of(old), None)
        else:
            claims[key_of(new)] = new
        self._tell(_key(old, new))

    def _volume_changed(self, old: PersistentVolume | None, new: PersistentVolume | None) -> None:
        storage = self.snapshot.storage
        name = _key(old, new).name
        if new is None:
            storage.volumes.pop(name, None)
            storage.promised.pop(name, None)
        else:
            storage.volumes[name] = new
            if new.spec.claim_ref is not None:
                storage.promised.pop(name, None)
        self._tell(None)

    def _keep(
        self, kept: dict[Any, Any], key: Callable[[Key], Any], old: Any | None, new: Any | None
    ) -> None:
        """Take in a change of a kind of which any may help any pod that waits."""
        name = key(_key(old, new))
        if new is None:
            kept.pop(name, None)
        else:
            kept[name] = new
        self._tell(None)

    def _tell(self, claim: Key | None) -> None:
        self.snapshot.storage.version += 1
        self.queue.happened(
            self.snapshot, Happening("storage changed", claim=str(claim) if claim else "")
        )


def _key(old: ApiStruct | None, new: ApiStruct | None) -> Key:
    either = new if new is not None else old
    assert either is not None, "an event is about something"
    return key_of(either)


def _itself(key: Key) -> Key:
    return key
