"""Lets claims grow only where their volumes can."""

from typing import ClassVar

from apiserver.admission.admission import Admission, Attributes, Interest, Operation, View
from apiserver.admission.refusal import refusal
from knarr.api import quantities
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.storage.storage_class import StorageClass


class ClaimResize(Admission):
    """Refuses to let a claim grow that is not bound, or whose class does not allow it."""

    operations: ClassVar[frozenset[Operation]] = frozenset({"UPDATE"})
    subresources: ClassVar[frozenset[str]] = frozenset({""})
    interests: ClassVar[frozenset[Interest]] = frozenset({("", "persistentvolumeclaims")})

    async def validate(self, attributes: Attributes, view: View) -> None:
        """Look at the class of a claim that is to grow."""
        claim: PersistentVolumeClaim = attributes.object
        old: PersistentVolumeClaim = attributes.old
        if quantities.compare(_size(claim), _size(old)) <= 0:
            return
        if old.status.phase != "Bound":
            raise refusal(attributes, "Only bound persistent volume claims can be expanded")
        name = claim.spec.storage_class_name
        found: StorageClass | None = view.get(StorageClass, "", name) if name else None
        if found is None or not found.allow_volume_expansion:
            raise refusal(
                attributes,
                "only dynamically provisioned pvc can be resized and the storageclass that "
                "provisions the pvc must support resize",
            )


def _size(claim: PersistentVolumeClaim) -> str:
    resources = claim.spec.resources
    return resources.requests.get("storage", "0") if resources is not None else "0"
