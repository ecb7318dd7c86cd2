"""Table lines of volumes and of claims on them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.printing.cells import UNSET, age

_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
_SHORT_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def persistent_volume_row(volume: PersistentVolume, now: datetime) -> Sequence[Any]:
    """Name, capacity, modes, reclaim policy, status, claim, classes, reason, age, mode."""
    spec, claim = volume.spec, volume.spec.claim_ref
    status = volume.status.phase
    if volume.metadata.deletion_timestamp is not None:
        status = "Terminating"
    return [
        volume.metadata.name,
        str(spec.capacity.get("storage", "0")),
        access_modes(spec.access_modes),
        spec.persistent_volume_reclaim_policy,
        status,
        f"{claim.namespace}/{claim.name}" if claim is not None else "",
        volume.metadata.annotations.get(_BETA_CLASS, spec.storage_class_name),
        spec.volume_attributes_class_name or UNSET,
        volume.status.reason,
        age(volume.metadata, now),
        spec.volume_mode or UNSET,
    ]


def persistent_volume_claim_row(claim: PersistentVolumeClaim, now: datetime) -> Sequence[Any]:
    """Name, status, volume, capacity, modes, classes, age, mode."""
    spec = claim.spec
    status = claim.status.phase
    if claim.metadata.deletion_timestamp is not None:
        status = "Terminating"
    bound = bool(spec.volume_name)
    capacity = str(claim.status.capacity.get("storage", "0")) if bound else ""
    return [
        claim.metadata.name,
        status,
        spec.volume_name,
        capacity,
        access_modes(claim.status.access_modes) if bound else "",
        claim.metadata.annotations.get(_BETA_CLASS, spec.storage_class_name or ""),
        spec.volume_attributes_class_name or UNSET,
        age(claim.metadata, now),
        spec.volume_mode or UNSET,
    ]


def access_modes(modes: Sequence[str]) -> str:
    """Modes in their short forms: `RWO,ROX`."""
    return ",".join(short for mode, short in _SHORT_MODES.items() if mode in modes)
