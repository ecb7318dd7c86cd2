"""Volumes made on demand: a folder of the host for each claim."""

from msgspec.structs import replace

from knarr.api.core.affinity import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm
from knarr.api.core.persistent_volume import (
    PersistentVolume,
    PersistentVolumeSpec,
    VolumeNodeAffinity,
)
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.references import ObjectReference
from knarr.api.core.volume_source import HostPathVolumeSource
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.plan import Notice, Plan
from knarr.api.storage.storage_class import StorageClass
from knarr.api.storage_classes import class_of_claim

PROVISIONER = "knarr.io/host-path"
"""The provisioner of classes whose volumes are made here."""

CLASS_NAME = "standard"
"""The class that a cluster with a place for volumes has from the start, as its default."""

PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
"""The annotation by which the scheduler says where the claim's first pod runs."""

_ASKED = (
    "volume.beta.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/storage-provisioner",
)


def own_class(name: str = CLASS_NAME, *, waits: bool = False) -> StorageClass:
    """A class whose volumes are made here; the standard one is the default.

    `waits`: for the claim's first pod, so that the folder is made where that runs.
    """
    mark = {"storageclass.kubernetes.io/is-default-class": "true"}
    return StorageClass(
        metadata=ObjectMeta(name=name, annotations=mark if name == CLASS_NAME else {}),
        provisioner=PROVISIONER,
        reclaim_policy="Delete",
        volume_binding_mode="WaitForFirstConsumer" if waits else "Immediate",
        allow_volume_expansion=True,
    )


def provision(
    claim: PersistentVolumeClaim, storage_class: StorageClass | None, *, root: str
) -> Plan:
    """Make a volume for the claim, or ask whoever the class names to make one."""
    name = class_of_claim(claim)
    if storage_class is None:
        return _failed(claim, f'storageclass.storage.k8s.io "{name}" not found')
    provisioner = storage_class.provisioner
    if provisioner == PROVISIONER and root:
        volume = _volume(claim, storage_class, root)
        message = f"Successfully provisioned volume {volume.metadata.name} using {provisioner}"
        return Plan(ensure=(volume,), notices=(Notice(claim, "ProvisioningSucceeded", message),))
    if provisioner == PROVISIONER or provisioner.startswith("kubernetes.io/"):
        return _failed(claim, f"no volume plugin matched name: {provisioner}")
    return _asked(claim, provisioner)


def _failed(claim: PersistentVolumeClaim, message: str) -> Plan:
    return Plan(notices=(Notice(claim, "ProvisioningFailed", message, type="Warning"),))


def _asked(claim: PersistentVolumeClaim, provisioner: str) -> Plan:
    annotations = {**claim.metadata.annotations, **dict.fromkeys(_ASKED, provisioner)}
    changed = replace(claim, metadata=replace(claim.metadata, annotations=annotations))
    message = (
        "Waiting for a volume to be created either by the external provisioner "
        f"'{provisioner}' or manually by the system administrator. If volume creation is "
        "delayed, please verify that the provisioner is running and correctly registered."
    )
    return Plan(
        update=() if changed == claim else (changed,),
        notices=(Notice(claim, "ExternalProvisioning", message),),
    )


def _volume(
    claim: PersistentVolumeClaim, storage_class: StorageClass, root: str
) -> PersistentVolume:
    name = f"pvc-{claim.metadata.uid}"
    node = claim.metadata.annotations.get(SELECTED_NODE, "")
    return PersistentVolume(
        metadata=ObjectMeta(name=name, annotations={PROVISIONED_BY: PROVISIONER}),
        spec=PersistentVolumeSpec(
            capacity={"storage": claim.spec.resources.requests["storage"]},
            access_modes=claim.spec.access_modes,
            persistent_volume_reclaim_policy=storage_class.reclaim_policy or "Delete",
            storage_class_name=storage_class.metadata.name,
            mount_options=storage_class.mount_options,
            volume_mode=claim.spec.volume_mode or "Filesystem",
            claim_ref=reference_to(claim),
            host_path=HostPathVolumeSource(path=f"{root}/{name}", type="DirectoryOrCreate"),
            node_affinity=_only_on(node) if node else None,
        ),
    )


def _only_on(node: str) -> VolumeNodeAffinity:
    here = NodeSelectorRequirement(key="kubernetes.io/hostname", operator="In", values=(node,))
    return VolumeNodeAffinity(
        required=NodeSelector(node_selector_terms=(NodeSelectorTerm(match_expressions=(here,)),))
    )


def reference_to(claim: PersistentVolumeClaim) -> ObjectReference:
    """How a volume names its claim."""
    return ObjectReference(
        api_version="v1",
        kind="PersistentVolumeClaim",
        namespace=claim.metadata.namespace,
        name=claim.metadata.name,
        uid=claim.metadata.uid,
        resource_version=claim.metadata.resource_version,
    )
