"""The types of volume in core/v1."""

from knarr.api.core.persistent_volume_source import (
    GCEPersistentDiskVolumeSource,
    PhotonPersistentDiskVolumeSource,
)
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
    GitRepoVolumeSource,
    GlusterfsVolumeSource,
    HostPathVolumeSource,
    ImageVolumeSource,
    ISCSIVolumeSource,
    NFSVolumeSource,
    PersistentVolumeClaimVolumeSource,
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
    """Storage that containers of a pod may mount. Exactly one source is set."""

    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    """Disk of AWS."""
    azure_disk: AzureDiskVolumeSource | None = None
    """Disk of Azure."""
    azure_file: AzureFileVolumeSource | None = None
    """File share of Azure."""
    cephfs: CephFSVolumeSource | None = None
    """Folder of CephFS."""
    cinder: CinderVolumeSource | None = None
    """Disk of OpenStack."""
    config_map: ConfigMapVolumeSource | None = None
    """Files from a ConfigMap."""
    csi: CSIVolumeSource | None = None
    """Volume of a CSI driver that lives with the pod."""
    downward_api: DownwardAPIVolumeSource | None = None
    """Files that tell of the pod itself."""
    empty_dir: EmptyDirVolumeSource | None = None
    """Empty folder that lives with the pod."""
    ephemeral: EphemeralVolumeSource | None = None
    """Claim that is made and goes with the pod."""
    fc: FCVolumeSource | None = None
    """Fibre Channel disk."""
    flex_volume: FlexVolumeSource | None = None
    """Volume of a FlexVolume driver."""
    flocker: FlockerVolumeSource | None = None
    """Volume of Flocker."""
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None
    """Disk of Google Cloud."""
    git_repo: GitRepoVolumeSource | None = None
    """Files of a git repository. No longer supported."""
    glusterfs: GlusterfsVolumeSource | None = None
    """Volume of GlusterFS."""
    host_path: HostPathVolumeSource | None = None
    """File or folder of the host."""
    image: ImageVolumeSource | None = None
    """Files of an image."""
    iscsi: ISCSIVolumeSource | None = None
    """iSCSI disk."""
    name: str
    """Name by which containers mount it."""
    nfs: NFSVolumeSource | None = None
    """Folder of an NFS server."""
    persistent_volume_claim: PersistentVolumeClaimVolumeSource | None = None
    """Storage bound to a claim."""
    photon_persistent_disk: PhotonPersistentDiskVolumeSource | None = None
    """Disk of Photon."""
    portworx_volume: PortworxVolumeSource | None = None
    """Volume of Portworx."""
    projected: ProjectedVolumeSource | None = None
    """Files from several sources in one folder."""
    quobyte: QuobyteVolumeSource | None = None
    """Volume of Quobyte."""
    rbd: RBDVolumeSource | None = None
    """Block device of Ceph."""
    scale_io: ScaleIOVolumeSource | None = None
    """Volume of ScaleIO."""
    secret: SecretVolumeSource | None = None
    """Files from a Secret."""
    storageos: StorageOSVolumeSource | None = None
    """Volume of StorageOS."""
    vsphere_volume: VsphereVirtualDiskVolumeSource | None = None
    """Disk of vSphere."""


class VolumeDevice(ApiStruct):
    """A block device as a container sees it."""

    device_path: str
    """Where in the container it is."""
    name: str
    """Claim of the pod it is from."""


class VolumeMount(ApiStruct):
    """A volume as a container sees it."""

    mount_path: str
    """Where in the container it is."""
    mount_propagation: str | None = None
    """None, HostToContainer or Bidirectional: whether later mounts are passed on."""
    name: str
    """Volume of the pod."""
    read_only: bool = False
    """Whether it cannot be written to."""
    recursive_read_only: str | None = None
    """Whether that holds for mounts below it too: Disabled, IfPossible or Enabled."""
    sub_path: str = ""
    """Folder or file within the volume that is shown instead of its root."""
    sub_path_expr: str = ""
    """The same, with `$(NAME)` for variables of the container."""
