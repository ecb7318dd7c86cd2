"""The types of persistent volume in core/v1."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.affinity import NodeSelector
from knarr.api.core.persistent_volume_source import (
    AzureFilePersistentVolumeSource,
    CephFSPersistentVolumeSource,
    CinderPersistentVolumeSource,
    CSIPersistentVolumeSource,
    FlexPersistentVolumeSource,
    GCEPersistentDiskVolumeSource,
    GlusterfsPersistentVolumeSource,
    ISCSIPersistentVolumeSource,
    PhotonPersistentDiskVolumeSource,
    RBDPersistentVolumeSource,
    ScaleIOPersistentVolumeSource,
    StorageOSPersistentVolumeSource,
)
from knarr.api.core.references import ObjectReference
from knarr.api.core.volume_source import (
    AWSElasticBlockStoreVolumeSource,
    AzureDiskVolumeSource,
    FCVolumeSource,
    FlockerVolumeSource,
    HostPathVolumeSource,
    LocalVolumeSource,
    NFSVolumeSource,
    PortworxVolumeSource,
    QuobyteVolumeSource,
    VsphereVirtualDiskVolumeSource,
)
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity, Time
from knarr.api.structs import ApiStruct, Granular


class VolumeNodeAffinity(ApiStruct):
    """From which nodes a volume can be reached."""

    required: NodeSelector | None = None
    """Nodes from which it can."""


class PersistentVolumeSpec(ApiStruct):
    """Where storage lies and how it may be used. Exactly one source is set."""

    access_modes: tuple[str, ...] = ()
    """Ways it can be used: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod."""
    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    """Disk of AWS."""
    azure_disk: AzureDiskVolumeSource | None = None
    """Disk of Azure."""
    azure_file: AzureFilePersistentVolumeSource | None = None
    """File share of Azure."""
    capacity: Mapping[str, Quantity] = {}
    """What it offers, `storage` above all."""
    cephfs: CephFSPersistentVolumeSource | None = None
    """Folder of CephFS."""
    cinder: CinderPersistentVolumeSource | None = None
    """Disk of OpenStack."""
    claim_ref: Annotated[ObjectReference | None, Granular()] = None
    """Claim it is bound to, or kept for."""
    csi: CSIPersistentVolumeSource | None = None
    """Volume of a CSI driver."""
    fc: FCVolumeSource | None = None
    """Fibre Channel disk."""
    flex_volume: FlexPersistentVolumeSource | None = None
    """Volume of a FlexVolume driver."""
    flocker: FlockerVolumeSource | None = None
    """Volume of Flocker."""
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None
    """Disk of Google Cloud."""
    glusterfs: GlusterfsPersistentVolumeSource | None = None
    """Volume of GlusterFS."""
    host_path: HostPathVolumeSource | None = None
    """File or folder of the host."""
    iscsi: ISCSIPersistentVolumeSource | None = None
    """iSCSI disk."""
    local: LocalVolumeSource | None = None
    """Disk or folder of one certain node."""
    mount_options: tuple[str, ...] = ()
    """Options it is mounted with."""
    nfs: NFSVolumeSource | None = None
    """Folder of an NFS server."""
    node_affinity: VolumeNodeAffinity | None = None
    """Nodes from which it can be reached."""
    persistent_volume_reclaim_policy: str = ""
    """What becomes of it when its claim goes: Retain, Delete or Recycle."""
    photon_persistent_disk: PhotonPersistentDiskVolumeSource | None = None
    """Disk of Photon."""
    portworx_volume: PortworxVolumeSource | None = None
    """Volume of Portworx."""
    quobyte: QuobyteVolumeSource | None = None
    """Volume of Quobyte."""
    rbd: RBDPersistentVolumeSource | None = None
    """Block device of Ceph."""
    scale_io: ScaleIOPersistentVolumeSource | None = None
    """Volume of ScaleIO."""
    storage_class_name: str = ""
    """Class it belongs to; empty for none."""
    storageos: StorageOSPersistentVolumeSource | None = None
    """Volume of StorageOS."""
    volume_attributes_class_name: str | None = None
    """Class of attributes it was given."""
    volume_mode: str | None = None
    """Filesystem or Block. The server fills in Filesystem."""
    vsphere_volume: VsphereVirtualDiskVolumeSource | None = None
    """Disk of vSphere."""


class PersistentVolumeStatus(ApiStruct):
    """How a volume is."""

    last_phase_transition_time: Time | None = None
    """Moment the phase last changed."""
    message: str = ""
    """Why, in words for people."""
    phase: str = ""
    """Pending, Available, Bound, Released or Failed."""
    reason: str = ""
    """Why, in one word for programs."""


class PersistentVolume(ApiStruct):
    """A piece of storage of the cluster."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: PersistentVolumeSpec = PersistentVolumeSpec()
    """What is wanted."""
    status: PersistentVolumeStatus = PersistentVolumeStatus()
    """What was observed last."""
