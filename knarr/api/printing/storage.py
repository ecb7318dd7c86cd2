"""Table lines of storage.k8s.io."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from knarr.api.printing.cells import UNSET, age
from knarr.api.storage.csi_driver import CSIDriver
from knarr.api.storage.csi_node import CSINode
from knarr.api.storage.storage_class import StorageClass
from knarr.api.storage.volume_attachment import VolumeAttachment
from knarr.api.storage.volume_attributes_class import VolumeAttributesClass

DEFAULT_CLASS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def storage_class_row(storage_class: StorageClass, now: datetime) -> Sequence[Any]:
    """Name, provisioner, reclaim policy, binding mode, whether volumes may grow, age."""
    annotations = storage_class.metadata.annotations
    is_default = any(annotations.get(key) == "true" for key in DEFAULT_CLASS)
    return [
        storage_class.metadata.name + (" (default)" if is_default else ""),
        storage_class.provisioner,
        storage_class.reclaim_policy or "Delete",
        storage_class.volume_binding_mode or "Immediate",
        bool(storage_class.allow_volume_expansion),
        age(storage_class.metadata, now),
    ]


def csi_driver_row(driver: CSIDriver, now: datetime) -> Sequence[Any]:
    """Name, what it needs, audiences, modes, age."""
    spec = driver.spec
    audiences = ",".join(token.audience for token in spec.token_requests)
    return [
        driver.metadata.name,
        spec.attach_required is not False,
        bool(spec.pod_info_on_mount),
        bool(spec.storage_capacity),
        audiences or UNSET,
        bool(spec.requires_republish),
        ",".join(spec.volume_lifecycle_modes),
        age(driver.metadata, now),
    ]


def csi_node_row(node: CSINode, now: datetime) -> Sequence[Any]:
    """Name, drivers, age."""
    return [node.metadata.name, len(node.spec.drivers), age(node.metadata, now)]


def volume_attachment_row(attachment: VolumeAttachment, now: datetime) -> Sequence[Any]:
    """Name, attacher, volume, node, attached, age."""
    spec = attachment.spec
    return [
        attachment.metadata.name,
        spec.attacher,
        spec.source.persistent_volume_name or "",
        spec.node_name,
        attachment.status.attached,
        age(attachment.metadata, now),
    ]


def volume_attributes_class_row(
    attributes_class: VolumeAttributesClass, now: datetime
) -> Sequence[Any]:
    """Name, driver, age."""
    meta = attributes_class.metadata
    return [meta.name, attributes_class.driver_name, age(meta, now)]
