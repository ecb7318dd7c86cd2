"""The types of volume source in core/v1."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.persistent_volume_claim import PersistentVolumeClaimTemplate
from knarr.api.core.references import LocalObjectReference
from knarr.api.core.volume_projection import DownwardAPIVolumeFile, KeyToPath, VolumeProjection
from knarr.api.scalars import Int32, Quantity
from knarr.api.structs import ApiStruct, Defaulted


class AWSElasticBlockStoreVolumeSource(ApiStruct):
    """A disk of AWS."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    partition: Int32 = 0
    """Partition that is mounted; 0 for the whole disk."""
    read_only: bool = False
    """Whether it cannot be written to."""
    volume_id: str
    """Id of the disk."""


class AzureDiskVolumeSource(ApiStruct):
    """A disk of Azure."""

    caching_mode: Annotated[str | None, Defaulted("ReadWrite")] = None
    """None, ReadOnly or ReadWrite."""
    disk_name: str
    """Name of the disk."""
    disk_uri: str
    """URI of the disk."""
    fs_type: Annotated[str | None, Defaulted("ext4")] = None
    """Kind of file system, such as ext4."""
    kind: Annotated[str | None, Defaulted("Shared")] = None
    """Kind of the object."""
    read_only: bool | None = None
    """Whether it cannot be written to."""


class AzureFileVolumeSource(ApiStruct):
    """A file share of Azure."""

    read_only: bool = False
    """Whether it cannot be written to."""
    secret_name: str
    """Secret with the account's name and key."""
    share_name: str
    """Name of the share."""


class CSIVolumeSource(ApiStruct):
    """A volume of a CSI driver that lives with the pod."""

    driver: str
    """Name of the driver."""
    fs_type: str | None = None
    """Kind of file system, such as ext4."""
    node_publish_secret_ref: LocalObjectReference | None = None
    """Secret for mounting it into a pod."""
    read_only: bool | None = None
    """Whether it cannot be written to."""
    volume_attributes: Mapping[str, str] = {}
    """Settings for the driver."""


class CephFSVolumeSource(ApiStruct):
    """A folder of CephFS."""

    monitors: tuple[str, ...]
    """Addresses of the monitors."""
    path: str = ""
    """Path of the folder."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_file: str = ""
    """File with the key."""
    secret_ref: LocalObjectReference | None = None
    """Secret with the key."""
    user: str = ""
    """User to log in as."""


class CinderVolumeSource(ApiStruct):
    """A disk of OpenStack."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: LocalObjectReference | None = None
    """Secret with the settings for OpenStack."""
    volume_id: str
    """Id of the disk."""


class ConfigMapVolumeSource(ApiStruct):
    """A ConfigMap as files."""

    default_mode: Int32 | None = None
    """Permissions of the files. The server fills in 0644."""
    items: tuple[KeyToPath, ...] = ()
    """Keys that become files; all of them when empty."""
    name: str = ""
    """Name of the object."""
    optional: bool | None = None
    """Whether it, or a key of it, may be absent."""


class DownwardAPIVolumeSource(ApiStruct):
    """Files that tell of the pod."""

    default_mode: Int32 | None = None
    """Permissions of the files. The server fills in 0644."""
    items: tuple[DownwardAPIVolumeFile, ...] = ()
    """The files."""


class EmptyDirVolumeSource(ApiStruct):
    """An empty folder that lives with the pod."""

    medium: str = ""
    """Memory to keep it in memory; empty for the node's disk."""
    size_limit: Quantity | None = None
    """Most it may hold."""


class EphemeralVolumeSource(ApiStruct):
    """A claim that is made and goes with the pod."""

    volume_claim_template: PersistentVolumeClaimTemplate | None = None
    """What the claim looks like."""


class FCVolumeSource(ApiStruct):
    """A Fibre Channel disk."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    lun: Int32 | None = None
    """Number of the unit."""
    read_only: bool = False
    """Whether it cannot be written to."""
    target_wwns: tuple[str, ...] = ()
    """Names of the targets."""
    wwids: tuple[str, ...] = ()
    """Ids of the disk, in place of targets and unit."""


class FlexVolumeSource(ApiStruct):
    """A volume of a FlexVolume driver."""

    driver: str
    """Name of the driver."""
    fs_type: str = ""
    """Kind of file system, such as ext4."""
    options: Mapping[str, str] = {}
    """Settings for the driver."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: LocalObjectReference | None = None
    """Secret for the driver."""


class FlockerVolumeSource(ApiStruct):
    """A volume of Flocker."""

    dataset_name: str = ""
    """Name of the dataset."""
    dataset_uuid: str = ""
    """Id of the dataset."""


class GitRepoVolumeSource(ApiStruct):
    """Files of a git repository. No longer supported."""

    directory: str = ""
    """Folder they are put in."""
    repository: str
    """URL of the repository."""
    revision: str = ""
    """Commit that is taken."""


class GlusterfsVolumeSource(ApiStruct):
    """A volume of GlusterFS."""

    endpoints: str
    """Endpoints that name its servers."""
    path: str
    """Name of the volume."""
    read_only: bool = False
    """Whether it cannot be written to."""


class HostPathVolumeSource(ApiStruct):
    """A file or folder of the host."""

    path: str
    """Path on the host."""
    type: str | None = None
    """What must be there: Directory, DirectoryOrCreate, File, FileOrCreate, Socket, CharDevice,
    BlockDevice; anything when empty.
    """


class ISCSIVolumeSource(ApiStruct):
    """An iSCSI disk."""

    chap_auth_discovery: bool = False
    """Whether discovery is authenticated."""
    chap_auth_session: bool = False
    """Whether sessions are authenticated."""
    fs_type: str = ""
    """Kind of file system, such as ext4."""
    initiator_name: str = ""
    """Name of the initiator."""
    iqn: str
    """Name of the target."""
    iscsi_interface: Annotated[str, Defaulted("default")] = ""
    """Interface that is used."""
    lun: Int32
    """Number of the unit."""
    portals: tuple[str, ...] = ()
    """Further portals."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: LocalObjectReference | None = None
    """Secret with the passwords."""
    target_portal: str
    """Address of the portal."""


class ImageVolumeSource(ApiStruct):
    """Files of an image."""

    pull_policy: str = ""
    """Always, Never or IfNotPresent."""
    reference: str = ""
    """Name of the image."""


class LocalVolumeSource(ApiStruct):
    """A disk or folder of one certain node."""

    fs_type: str | None = None
    """Kind of file system, such as ext4."""
    path: str
    """Path on the node."""


class NFSVolumeSource(ApiStruct):
    """A folder of an NFS server."""

    path: str
    """Path of the folder."""
    read_only: bool = False
    """Whether it cannot be written to."""
    server: str
    """Host name or address of the server."""


class PersistentVolumeClaimVolumeSource(ApiStruct):
    """Storage bound to a claim."""

    claim_name: str
    """Name of the claim."""
    read_only: bool = False
    """Whether it cannot be written to."""


class PortworxVolumeSource(ApiStruct):
    """A volume of Portworx."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    read_only: bool = False
    """Whether it cannot be written to."""
    volume_id: str
    """Id of the volume."""


class ProjectedVolumeSource(ApiStruct):
    """Files from several sources in one folder."""

    default_mode: Int32 | None = None
    """Permissions of the files. The server fills in 0644."""
    sources: tuple[VolumeProjection, ...] = ()
    """The sources."""


class QuobyteVolumeSource(ApiStruct):
    """A volume of Quobyte."""

    group: str = ""
    """Group to use it as."""
    read_only: bool = False
    """Whether it cannot be written to."""
    registry: str
    """Addresses of the registries."""
    tenant: str = ""
    """Owner of the volume."""
    user: str = ""
    """User to use it as."""
    volume: str
    """Name of the volume."""


class RBDVolumeSource(ApiStruct):
    """A block device of Ceph."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    image: str
    """Name of the image."""
    keyring: Annotated[str, Defaulted("/etc/ceph/keyring")] = ""
    """File with the key."""
    monitors: tuple[str, ...]
    """Addresses of the monitors."""
    pool: Annotated[str, Defaulted("rbd")] = ""
    """Name of the pool."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: LocalObjectReference | None = None
    """Secret with the key."""
    user: Annotated[str, Defaulted("admin")] = ""
    """User to log in as."""


class ScaleIOVolumeSource(ApiStruct):
    """A volume of ScaleIO."""

    fs_type: Annotated[str, Defaulted("xfs")] = ""
    """Kind of file system, such as ext4."""
    gateway: str
    """Address of the gateway."""
    protection_domain: str = ""
    """Name of the protection domain."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: LocalObjectReference
    """Secret with the login."""
    ssl_enabled: bool = False
    """Whether the gateway is asked over TLS."""
    storage_mode: Annotated[str, Defaulted("ThinProvisioned")] = ""
    """ThickProvisioned or ThinProvisioned."""
    storage_pool: str = ""
    """Name of the pool."""
    system: str
    """Name of the system."""
    volume_name: str = ""
    """Name of the volume."""


class SecretVolumeSource(ApiStruct):
    """A Secret as files."""

    default_mode: Int32 | None = None
    """Permissions of the files. The server fills in 0644."""
    items: tuple[KeyToPath, ...] = ()
    """Keys that become files; all of them when empty."""
    optional: bool | None = None
    """Whether it, or a key of it, may be absent."""
    secret_name: str = ""
    """Name of the Secret."""


class StorageOSVolumeSource(ApiStruct):
    """A volume of StorageOS."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: LocalObjectReference | None = None
    """Secret with the login."""
    volume_name: str = ""
    """Name of the volume."""
    volume_namespace: str = ""
    """Namespace of the volume."""


class VsphereVirtualDiskVolumeSource(ApiStruct):
    """A disk of vSphere."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    storage_policy_id: str = ""
    """Id of the storage policy."""
    storage_policy_name: str = ""
    """Name of the storage policy."""
    volume_path: str
    """Path of the disk."""
