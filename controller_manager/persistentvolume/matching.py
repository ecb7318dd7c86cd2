"""Which volume suits a claim."""

from collections.abc import Iterable, Mapping

from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.quantities import parse
from knarr.api.selectors import from_object
from knarr.api.storage_classes import class_of_claim, class_of_volume


def best_match(
    claim: PersistentVolumeClaim, volumes: Iterable[PersistentVolume], *, only_reserved: bool
) -> PersistentVolume | None:
    """The smallest volume that suits; one that is reserved for the claim before all others."""
    suitable = [volume for volume in volumes if not mismatch(claim, volume)]
    reserved = [volume for volume in suitable if is_for(volume, claim)]
    if reserved:
        return min(reserved, key=_size)
    free = [
        volume
        for volume in suitable
        if volume.spec.claim_ref is None
        and volume.status.phase == "Available"
        and from_selector(claim, volume)
    ]
    return None if only_reserved else min(free, key=_size, default=None)


def is_for(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """Whether the volume is bound to the claim or reserved for it."""
    reference = volume.spec.claim_ref
    return (
        reference is not None
        and (reference.namespace, reference.name) == (claim.metadata.namespace, claim.metadata.name)
        and reference.uid in ("", claim.metadata.uid)
    )


def mismatch(claim: PersistentVolumeClaim, volume: PersistentVolume) -> str:
    """Why the volume does not suit the claim; empty when it does."""
    if volume.metadata.deletion_timestamp is not None:
        return "requested PV is being deleted"
    if _amount(volume.spec.capacity) < wanted(claim):
        return "requested PV is too small"
    if class_of_volume(volume) != class_of_claim(claim):
        return "storageClassName does not match"
    if (volume.spec.volume_mode or "Filesystem") != (claim.spec.volume_mode or "Filesystem"):
        return "incompatible volumeMode"
    if not set(claim.spec.access_modes) <= set(volume.spec.access_modes):
        return "incompatible accessMode"
    return ""


def from_selector(claim: PersistentVolumeClaim, volume: PersistentVolume) -> bool:
    """Whether the claim's selector, if it has one, means the volume."""
    selector = claim.spec.selector
    return selector is None or from_object(selector).matches(volume.metadata.labels)


def wanted(claim: PersistentVolumeClaim) -> int:
    """The storage asked for, in billionths of a byte."""
    return _amount(claim.spec.resources.requests)


def _size(volume: PersistentVolume) -> tuple[int, str]:
    return _amount(volume.spec.capacity), volume.metadata.name


def _amount(resources: Mapping[str, str]) -> int:
    return parse(resources["storage"]).nanos if "storage" in resources else 0
