"""Chooses the default class for claims and ingresses that name none."""

from collections.abc import Iterable
from typing import Any, ClassVar

from msgspec.structs import replace

from apiserver.admission.admission import Admission, Attributes, Interest, Operation, View
from apiserver.admission.refusal import refusal
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.networking.ingress import Ingress, IngressSpec
from knarr.api.networking.ingress_class import IngressClass
from knarr.api.storage.storage_class import StorageClass

_STORAGE_MARKS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_STORAGE_NAME = "volume.beta.kubernetes.io/storage-class"
_INGRESS_MARK = "ingressclass.kubernetes.io/is-default-class"
_INGRESS_NAME = "kubernetes.io/ingress.class"


class DefaultStorageClass(Admission):
    """Gives claims without a storage class the default one."""

    operations: ClassVar[frozenset[Operation]] = frozenset({"CREATE"})
    interests: ClassVar[frozenset[Interest]] = frozenset({("", "persistentvolumeclaims")})

    async def admit(self, attributes: Attributes, view: View) -> PersistentVolumeClaim:
        """Fill in the class."""
        claim: PersistentVolumeClaim = attributes.object
        if claim.spec.storage_class_name is not None or _STORAGE_NAME in claim.metadata.annotations:
            return claim
        defaults = _marked(view.list(StorageClass), _STORAGE_MARKS)
        if not defaults:
            return claim
        name = _newest(defaults).metadata.name
        return replace(claim, spec=replace(claim.spec, storage_class_name=name))


class DefaultIngressClass(Admission):
    """Gives ingresses without a class the default one."""

    operations: ClassVar[frozenset[Operation]] = frozenset({"CREATE"})
    interests: ClassVar[frozenset[Interest]] = frozenset({("networking.k8s.io", "ingresses")})

    async def admit(self, attributes: Attributes, view: View) -> Ingress:
        """Fill in the class."""
        ingress: Ingress = attributes.object
        spec = ingress.spec or IngressSpec()
        if spec.ingress_class_name is not None or _INGRESS_NAME in ingress.metadata.annotations:
            return ingress
        defaults = _marked(view.list(IngressClass), (_INGRESS_MARK,))
        if not defaults:
            return ingress
        if len(defaults) > 1:
            raise refusal(attributes, f"{len(defaults)} default IngressClasses were found")
        name = defaults[0].metadata.name
        return replace(ingress, spec=replace(spec, ingress_class_name=name))


def _marked(classes: Iterable[Any], marks: tuple[str, ...]) -> list[Any]:
    return [
        each
        for each in classes
        if any(each.metadata.annotations.get(mark) == "true" for mark in marks)
    ]


def _newest(classes: list[Any]) -> Any:
    ordered = sorted(classes, key=lambda each: str(each.metadata.name))
    return max(ordered, key=lambda each: str(each.metadata.creation_timestamp))
