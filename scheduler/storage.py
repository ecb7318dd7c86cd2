"""What the scheduler knows of volumes: claims, volumes, classes, and what drivers can do."""

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from knarr.api import quantities
from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.keys import Key
from knarr.api.meta.selector import LabelSelector
from knarr.api.selectors import from_object
from knarr.api.storage.csi_driver import CSIDriver
from knarr.api.storage.csi_node import CSINode
from knarr.api.storage.csi_storage_capacity import CSIStorageCapacity
from knarr.api.storage.storage_class import StorageClass

BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
"""The annotation in which the name of a class once stood."""

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
"""The annotation of a claim whose binding is carried through on both sides."""

SELECTED_NODE = "volume.kubernetes.io/selected-node"
"""The annotation that tells a provisioner for which node to make a volume."""

NO_PROVISIONER = "kubernetes.io/no-provisioner"
"""The provisioner of classes whose volumes are made by hand."""


class Storage(Struct):
    """Claims, volumes, classes and what drivers say of themselves, by name."""

    version: int = 0
    """Rises with every change."""
    claims: dict[Key, PersistentVolumeClaim] = field(default_factory=dict)
    volumes: dict[str, PersistentVolume] = field(default_factory=dict)
    classes: dict[str, StorageClass] = field(default_factory=dict)
    csi_nodes: dict[str, CSINode] = field(default_factory=dict)
    drivers: dict[str, CSIDriver] = field(default_factory=dict)
    capacities: dict[Key, CSIStorageCapacity] = field(default_factory=dict)
    promised: dict[str, Key] = field(default_factory=dict)
    """Volumes that a pod just placed will take, and for which claim."""

    def class_of(self, claim: PersistentVolumeClaim) -> StorageClass | None:
        """The class of a claim, None when it has none or it is not there."""
        return self.classes.get(class_name(claim))

    def volume_of(self, claim: PersistentVolumeClaim) -> PersistentVolume | None:
        """The volume a claim is bound to, if it is there."""
        return self.volumes.get(claim.spec.volume_name)

    def waits_for_pod(self, claim: PersistentVolumeClaim) -> bool:
        """Whether a volume is to be found only when a pod that uses it is placed."""
        found = self.class_of(claim)
        return found is not None and found.volume_binding_mode == "WaitForFirstConsumer"

    def candidates(self, claim: PersistentVolumeClaim, key: Key) -> Iterator[PersistentVolume]:
        """The free volumes that would do for a claim: those kept for it, then the smallest."""
        fitting = [each for each in self.volumes.values() if self._suits(each, claim, key)]
        yield from sorted(
            fitting,
            key=lambda each: (each.spec.claim_ref is None, _size(each), each.metadata.name),
        )

    def with_room(self, claim: PersistentVolumeClaim) -> Sequence[LabelSelector] | None:
        """Which nodes a claim's driver has room for, None where it does not say."""
        made = self.class_of(claim)
        asked = claim.spec.resources.requests.get("storage")
        driver = self.drivers.get(made.provisioner) if made is not None else None
        if asked is None or driver is None or not driver.spec.storage_capacity:
            return None
        return [
            each.node_topology
            for each in self.capacities.values()
            if each.storage_class_name == class_name(claim)
            and each.node_topology is not None
            and _holds(each, quantities.value(asked))
        ]

    def _suits(self, volume: PersistentVolume, claim: PersistentVolumeClaim, key: Key) -> bool:
        spec, wanted = volume.spec, claim.spec
        owner = spec.claim_ref
        if owner is not None and Key(owner.namespace, owner.name) != key:
            return False
        if self.promised.get(volume.metadata.name, key) != key:
            return False
        if volume.metadata.deletion_timestamp or volume.status.phase in ("Failed", "Released"):
            return False
        return (
            spec.storage_class_name == class_name(claim)
            and (spec.volume_mode or "Filesystem") == (wanted.volume_mode or "Filesystem")
            and set(wanted.access_modes) <= set(spec.access_modes)
            and _size(volume) >= size_asked(claim)
            and (
                wanted.selector is None
                or from_object(wanted.selector).matches(volume.metadata.labels)
            )
        )


def class_name(claim: PersistentVolumeClaim) -> str:
    """The name of a claim's class, empty for none."""
    old = claim.metadata.annotations.get(BETA_CLASS)
    return old if old is not None else claim.spec.storage_class_name or ""


def is_bound(claim: PersistentVolumeClaim) -> bool:
    """Whether a claim has its volume for good."""
    return bool(claim.spec.volume_name) and BIND_COMPLETED in claim.metadata.annotations


def size_asked(claim: PersistentVolumeClaim) -> int:
    """How large a volume a claim wants."""
    return quantities.value(claim.spec.resources.requests.get("storage", "0"))


def _holds(capacity: CSIStorageCapacity, size: int) -> bool:
    """Whether a volume of this size can be made there."""
    most = capacity.maximum_volume_size or capacity.capacity
    return most is not None and quantities.value(most) >= size


def _size(volume: PersistentVolume) -> int:
    return quantities.value(volume.spec.capacity.get("storage", "0"))
