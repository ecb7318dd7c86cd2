"""TODO."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.affinity import NodeSelector
from knarr.api.core.references import ObjectReference
from knarr.api.core.volume_source import (
    AWSElasticBlockStoreVolumeSource,
    AzureDiskVolumeSource,
    AzureFilePersistentVolumeSource,
    CephFSPersistentVolumeSource,
    CinderPersistentVolumeSource,
    CSIPersistentVolumeSource,
    FCVolumeSource,
    FlexPersistentVolumeSource,
    FlockerVolumeSource,
    GCEPersistentDiskVolumeSource,
    GlusterfsPersistentVolumeSource,
    HostPathVolumeSource,
    ISCSIPersistentVolumeSource,
    LocalVolumeSource,
    NFSVolumeSource,
    PhotonPersistentDiskVolumeSource,
    PortworxVolumeSource,
    QuobyteVolumeSource,
    RBDPersistentVolumeSource,
    ScaleIOPersistentVolumeSource,
    StorageOSPersistentVolumeSource,
    VsphereVirtualDiskVolumeSource,
)
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity, Time
from knarr.api.structs import ApiStruct, Granular


class VolumeNodeAffinity(ApiStruct):
    """TODO."""

    required: NodeSelector | None = None
    """TODO."""


class PersistentVolumeSpec(ApiStruct):
    """TODO."""

    access_modes: tuple[str, ...] = ()
    """TODO."""
    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    """TODO."""
    azure_disk: AzureDiskVolumeSource | None = None
    """TODO."""
    azure_file: AzureFilePersistentVolumeSource | None = None
    """TODO."""
    capacity: Mapping[str, Quantity] = {}
    """TODO."""
    cephfs: CephFSPersistentVolumeSource | None = None
    """TODO."""
    cinder: CinderPersistentVolumeSource | None = None
    """TODO."""
    claim_ref: Annotated[ObjectReference | None, Granular()] = None
    """TODO."""
    csi: CSIPersistentVolumeSource | None = None
    """TODO."""
    fc: FCVolumeSource | None = None
    """TODO."""
    flex_volume: FlexPersistentVolumeSource | None = None
    """TODO."""
    flocker: FlockerVolumeSource | None = None
    """TODO."""
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None
    """TODO."""
    glusterfs: GlusterfsPersistentVolumeSource | None = None
    """TODO."""
    host_path: HostPathVolumeSource | None = None
    """TODO."""
    iscsi: ISCSIPersistentVolumeSource | None = None
    """TODO."""
    local: LocalVolumeSource | None = None
    """TODO."""
    mount_options: tuple[str, ...] = ()
    """TODO."""
    nfs: NFSVolumeSource | None = None
    """TODO."""
    node_affinity: VolumeNodeAffinity | None = None
    """TODO."""
    persistent_volume_reclaim_policy: str = ""
    """TODO."""
    photon_persistent_disk: PhotonPersistentDiskVolumeSource | None = None
    """TODO."""
    portworx_volume: PortworxVolumeSource | None = None
    """TODO."""
    quobyte: QuobyteVolumeSource | None = None
    """TODO."""
    rbd: RBDPersistentVolumeSource | None = None
    """TODO."""
    scale_io: ScaleIOPersistentVolumeSource | None = None
    """TODO."""
    storage_class_name: str = ""
    """TODO."""
    storageos: StorageOSPersistentVolumeSource | None = None
    """TODO."""
    volume_attributes_class_name: str | None = None
    """TODO."""
    volume_mode: str | None = None
    """TODO."""
    vsphere_volume: VsphereVirtualDiskVolumeSource | None = None
    """TODO."""


class PersistentVolumeStatus(ApiStruct):
    """TODO."""

    last_phase_transition_time: Time | None = None
    """TODO."""
    message: str = ""
    """TODO."""
    phase: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""


class PersistentVolume(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: PersistentVolumeSpec = PersistentVolumeSpec()
    """TODO."""
    status: PersistentVolumeStatus = PersistentVolumeStatus()
    """TODO."""
