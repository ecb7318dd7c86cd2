"""TODO."""

from knarr.api.core.volume_source import (
    AWSElasticBlockStoreVolumeSource,
    AzureDiskVolumeSource,
    AzureFileVolumeSource,
    CephFSVolumeSource,
    CinderVolumeSource,
    ConfigMapVolumeSource,
    CSIVolumeSource,
    DownwardAPIVolumeSource,
    EmptyDirVolumeSource,
    EphemeralVolumeSource,
    FCVolumeSource,
    FlexVolumeSource,
    FlockerVolumeSource,
    GCEPersistentDiskVolumeSource,
    GitRepoVolumeSource,
    GlusterfsVolumeSource,
    HostPathVolumeSource,
    ImageVolumeSource,
    ISCSIVolumeSource,
    NFSVolumeSource,
    PersistentVolumeClaimVolumeSource,
    PhotonPersistentDiskVolumeSource,
    PortworxVolumeSource,
    ProjectedVolumeSource,
    QuobyteVolumeSource,
    RBDVolumeSource,
    ScaleIOVolumeSource,
    SecretVolumeSource,
    StorageOSVolumeSource,
    VsphereVirtualDiskVolumeSource,
)
from knarr.api.structs import ApiStruct


class Volume(ApiStruct):
    """TODO."""

    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    """TODO."""
    azure_disk: AzureDiskVolumeSource | None = None
    """TODO."""
    azure_file: AzureFileVolumeSource | None = None
    """TODO."""
    cephfs: CephFSVolumeSource | None = None
    """TODO."""
    cinder: CinderVolumeSource | None = None
    """TODO."""
    config_map: ConfigMapVolumeSource | None = None
    """TODO."""
    csi: CSIVolumeSource | None = None
    """TODO."""
    downward_api: DownwardAPIVolumeSource | None = None
    """TODO."""
    empty_dir: EmptyDirVolumeSource | None = None
    """TODO."""
    ephemeral: EphemeralVolumeSource | None = None
    """TODO."""
    fc: FCVolumeSource | None = None
    """TODO."""
    flex_volume: FlexVolumeSource | None = None
    """TODO."""
    flocker: FlockerVolumeSource | None = None
    """TODO."""
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None
    """TODO."""
    git_repo: GitRepoVolumeSource | None = None
    """TODO."""
    glusterfs: GlusterfsVolumeSource | None = None
    """TODO."""
    host_path: HostPathVolumeSource | None = None
    """TODO."""
    image: ImageVolumeSource | None = None
    """TODO."""
    iscsi: ISCSIVolumeSource | None = None
    """TODO."""
    name: str
    """TODO."""
    nfs: NFSVolumeSource | None = None
    """TODO."""
    persistent_volume_claim: PersistentVolumeClaimVolumeSource | None = None
    """TODO."""
    photon_persistent_disk: PhotonPersistentDiskVolumeSource | None = None
    """TODO."""
    portworx_volume: PortworxVolumeSource | None = None
    """TODO."""
    projected: ProjectedVolumeSource | None = None
    """TODO."""
    quobyte: QuobyteVolumeSource | None = None
    """TODO."""
    rbd: RBDVolumeSource | None = None
    """TODO."""
    scale_io: ScaleIOVolumeSource | None = None
    """TODO."""
    secret: SecretVolumeSource | None = None
    """TODO."""
    storageos: StorageOSVolumeSource | None = None
    """TODO."""
    vsphere_volume: VsphereVirtualDiskVolumeSource | None = None
    """TODO."""


class VolumeDevice(ApiStruct):
    """TODO."""

    device_path: str
    """TODO."""
    name: str
    """TODO."""


class VolumeMount(ApiStruct):
    """TODO."""

    mount_path: str
    """TODO."""
    mount_propagation: str | None = None
    """TODO."""
    name: str
    """TODO."""
    read_only: bool = False
    """TODO."""
    recursive_read_only: str | None = None
    """TODO."""
    sub_path: str = ""
    """TODO."""
    sub_path_expr: str = ""
    """TODO."""
