"""The class that claims and volumes name: in their spec, or as before there was a field for it."""

from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim

BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
"""The annotation of old, which counts before the field."""


def class_of_claim(claim: PersistentVolumeClaim) -> str:
    """The class a claim asks for, empty for none."""
    old = claim.metadata.annotations.get(BETA_CLASS)
    return old if old is not None else claim.spec.storage_class_name or ""


def class_of_volume(volume: PersistentVolume) -> str:
    """The class a volume is of, empty for none."""
    return volume.metadata.annotations.get(BETA_CLASS, volume.spec.storage_class_name)
