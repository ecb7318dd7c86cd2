"""Keeps claims and volumes until nobody uses them, by a finalizer from the beginning."""

from typing import Any, ClassVar

from msgspec.structs import replace

from apiserver.admission.admission import Admission, Attributes, Interest, Operation, View

_FINALIZERS = {
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "persistentvolumes": "kubernetes.io/pv-protection",
    "volumeattributesclasses": "kubernetes.io/vac-protection",
}


class StorageObjectInUseProtection(Admission):
    """Adds the finalizers."""

    operations: ClassVar[frozenset[Operation]] = frozenset({"CREATE"})
    interests: ClassVar[frozenset[Interest]] = frozenset(
        {
            ("", "persistentvolumeclaims"),
            ("", "persistentvolumes"),
            ("storage.k8s.io", "volumeattributesclasses"),
        }
    )

    async def admit(self, attributes: Attributes, view: View) -> Any:
        """Add the finalizer of the kind."""
        obj = attributes.object
        finalizer = _FINALIZERS[attributes.kind.plural]
        meta = obj.metadata
        if finalizer in meta.finalizers:
            return obj
        return replace(obj, metadata=replace(meta, finalizers=(*meta.finalizers, finalizer)))
