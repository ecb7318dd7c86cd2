"""The types of volume source in core/v1 whose form differs in a PersistentVolume."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.references import ObjectReference, SecretReference
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct, Defaulted


class AzureFilePersistentVolumeSource(ApiStruct):
    """A file share of Azure."""

    read_only: bool = False
    """Whether it cannot be written to."""
    secret_name: str
    """Secret with the account's name and key."""
    secret_namespace: str | None = None
    """Namespace of the Secret."""
    share_name: str
    """Name of the share."""


class CSIPersistentVolumeSource(ApiStruct):
    """A volume of a CSI driver."""

    controller_expand_secret_ref: SecretReference | None = None
    """Secret for making it larger."""
    controller_publish_secret_ref: SecretReference | None = None
    """Secret for attaching it."""
    driver: str
    """Name of the driver."""
    fs_type: str = ""
    """Kind of file system, such as ext4."""
    node_expand_secret_ref: SecretReference | None = None
    """Secret for making it larger on a node."""
    node_publish_secret_ref: SecretReference | None = None
    """Secret for mounting it into a pod."""
    node_stage_secret_ref: SecretReference | None = None
    """Secret for preparing it on a node."""
    read_only: bool = False
    """Whether it cannot be written to."""
    volume_attributes: Mapping[str, str] = {}
    """Settings for the driver."""
    volume_handle: str
    """Id of the volume at the driver."""


class CephFSPersistentVolumeSource(ApiStruct):
    """A folder of CephFS."""

    monitors: tuple[str, ...]
    """Addresses of the monitors."""
    path: str = ""
    """Path of the folder."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_file: str = ""
    """File with the key."""
    secret_ref: SecretReference | None = None
    """Secret with the key."""
    user: str = ""
    """User to log in as."""


class CinderPersistentVolumeSource(ApiStruct):
    """A disk of OpenStack."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: SecretReference | None = None
    """Secret with the settings for OpenStack."""
    volume_id: str
    """Id of the disk."""


class FlexPersistentVolumeSource(ApiStruct):
    """A volume of a FlexVolume driver."""

    driver: str
    """Name of the driver."""
    fs_type: str = ""
    """Kind of file system, such as ext4."""
    options: Mapping[str, str] = {}
    """Settings for the driver."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: SecretReference | None = None
    """Secret for the driver."""


class GCEPersistentDiskVolumeSource(ApiStruct):
    """A disk of Google Cloud."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    partition: Int32 = 0
    """Partition that is mounted; 0 for the whole disk."""
    pd_name: str
    """Name of the disk."""
    read_only: bool = False
    """Whether it cannot be written to."""


class GlusterfsPersistentVolumeSource(ApiStruct):
    """A volume of GlusterFS."""

    endpoints: str
    """Endpoints that name its servers."""
    endpoints_namespace: str | None = None
    """Namespace of these Endpoints."""
    path: str
    """Name of the volume."""
    read_only: bool = False
    """Whether it cannot be written to."""


class ISCSIPersistentVolumeSource(ApiStruct):
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
    secret_ref: SecretReference | None = None
    """Secret with the passwords."""
    target_portal: str
    """Address of the portal."""


class PhotonPersistentDiskVolumeSource(ApiStruct):
    """A disk of Photon."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    pd_id: str
    """Id of the disk."""


class RBDPersistentVolumeSource(ApiStruct):
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
    secret_ref: SecretReference | None = None
    """Secret with the key."""
    user: Annotated[str, Defaulted("admin")] = ""
    """User to log in as."""


class ScaleIOPersistentVolumeSource(ApiStruct):
    """A volume of ScaleIO."""

    fs_type: Annotated[str, Defaulted("xfs")] = ""
    """Kind of file system, such as ext4."""
    gateway: str
    """Address of the gateway."""
    protection_domain: str = ""
    """Name of the protection domain."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: SecretReference
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


class StorageOSPersistentVolumeSource(ApiStruct):
    """A volume of StorageOS."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: ObjectReference | None = None
    """Secret with the login."""
    volume_name: str = ""
    """Name of the volume."""
    volume_namespace: str = ""
    """Namespace of the volume."""
