"""Takes what informers tell of volumes into the snapshot, and wakes the pods it may help."""

from msgspec import Struct

from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.keys import Key
from knarr.api.storage.csi_node import CSINode
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
        informers.of(StorageClass).handle(self._class_changed)
        informers.of(CSINode).handle(self._csi_node_changed)

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

    def _class_changed(self, old: StorageClass | None, new: StorageClass | None) -> None:
        classes = self.snapshot.storage.classes
        name = _key(old, new).name
        if new is None:
            classes.pop(name, None)
        else:
            classes[name] = new
        self._tell(None)

    def _csi_node_changed(self, old: CSINode | None, new: CSINode | None) -> None:
        csi_nodes = self.snapshot.storage.csi_nodes
        name = _key(old, new).name
        if new is None:
            csi_nodes.pop(name, None)
        else:
            csi_nodes[name] = new
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
