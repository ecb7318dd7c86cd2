"""The types of volume source in core/v1."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.env import ObjectFieldSelector, ResourceFieldSelector
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaimTemplate
from knarr.api.core.references import LocalObjectReference, ObjectReference, SecretReference
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, Quantity
from knarr.api.structs import ApiStruct, Defaulted


class AWSElasticBlockStoreVolumeSource(ApiStruct):
    """TODO."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    partition: Int32 = 0
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    volume_id: str
    """TODO."""


class AzureDiskVolumeSource(ApiStruct):
    """TODO."""

    caching_mode: Annotated[str | None, Defaulted("ReadWrite")] = None
    """TODO."""
    disk_name: str
    """TODO."""
    disk_uri: str
    """TODO."""
    fs_type: Annotated[str | None, Defaulted("ext4")] = None
    """Kind of file system, such as ext4."""
    kind: Annotated[str | None, Defaulted("Shared")] = None
    """Kind of the object."""
    read_only: bool | None = None
    """Whether it cannot be written to."""


class AzureFilePersistentVolumeSource(ApiStruct):
    """TODO."""

    read_only: bool = False
    """Whether it cannot be written to."""
    secret_name: str
    """TODO."""
    secret_namespace: str | None = None
    """TODO."""
    share_name: str
    """TODO."""


class AzureFileVolumeSource(ApiStruct):
    """TODO."""

    read_only: bool = False
    """Whether it cannot be written to."""
    secret_name: str
    """TODO."""
    share_name: str
    """TODO."""


class CSIPersistentVolumeSource(ApiStruct):
    """TODO."""

    controller_expand_secret_ref: SecretReference | None = None
    """TODO."""
    controller_publish_secret_ref: SecretReference | None = None
    """TODO."""
    driver: str
    """TODO."""
    fs_type: str = ""
    """Kind of file system, such as ext4."""
    node_expand_secret_ref: SecretReference | None = None
    """TODO."""
    node_publish_secret_ref: SecretReference | None = None
    """TODO."""
    node_stage_secret_ref: SecretReference | None = None
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    volume_attributes: Mapping[str, str] = {}
    """TODO."""
    volume_handle: str
    """TODO."""


class CSIVolumeSource(ApiStruct):
    """TODO."""

    driver: str
    """TODO."""
    fs_type: str | None = None
    """Kind of file system, such as ext4."""
    node_publish_secret_ref: LocalObjectReference | None = None
    """TODO."""
    read_only: bool | None = None
    """Whether it cannot be written to."""
    volume_attributes: Mapping[str, str] = {}
    """TODO."""


class CephFSPersistentVolumeSource(ApiStruct):
    """TODO."""

    monitors: tuple[str, ...]
    """TODO."""
    path: str = ""
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_file: str = ""
    """TODO."""
    secret_ref: SecretReference | None = None
    """TODO."""
    user: str = ""
    """TODO."""


class CephFSVolumeSource(ApiStruct):
    """TODO."""

    monitors: tuple[str, ...]
    """TODO."""
    path: str = ""
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_file: str = ""
    """TODO."""
    secret_ref: LocalObjectReference | None = None
    """TODO."""
    user: str = ""
    """TODO."""


class CinderPersistentVolumeSource(ApiStruct):
    """TODO."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: SecretReference | None = None
    """TODO."""
    volume_id: str
    """TODO."""


class CinderVolumeSource(ApiStruct):
    """TODO."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: LocalObjectReference | None = None
    """TODO."""
    volume_id: str
    """TODO."""


class ClusterTrustBundleProjection(ApiStruct):
    """TODO."""

    label_selector: LabelSelector | None = None
    """TODO."""
    name: str | None = None
    """Name of the object."""
    optional: bool | None = None
    """TODO."""
    path: str
    """TODO."""
    signer_name: str | None = None
    """TODO."""


class KeyToPath(ApiStruct):
    """TODO."""

    key: str
    """TODO."""
    mode: Int32 | None = None
    """TODO."""
    path: str
    """TODO."""


class ConfigMapProjection(ApiStruct):
    """TODO."""

    items: tuple[KeyToPath, ...] = ()
    """TODO."""
    name: str = ""
    """Name of the object."""
    optional: bool | None = None
    """TODO."""


class ConfigMapVolumeSource(ApiStruct):
    """TODO."""

    default_mode: Int32 | None = None
    """TODO."""
    items: tuple[KeyToPath, ...] = ()
    """TODO."""
    name: str = ""
    """Name of the object."""
    optional: bool | None = None
    """TODO."""


class DownwardAPIVolumeFile(ApiStruct):
    """TODO."""

    field_ref: ObjectFieldSelector | None = None
    """TODO."""
    mode: Int32 | None = None
    """TODO."""
    path: str
    """TODO."""
    resource_field_ref: ResourceFieldSelector | None = None
    """TODO."""


class DownwardAPIProjection(ApiStruct):
    """TODO."""

    items: tuple[DownwardAPIVolumeFile, ...] = ()
    """TODO."""


class DownwardAPIVolumeSource(ApiStruct):
    """TODO."""

    default_mode: Int32 | None = None
    """TODO."""
    items: tuple[DownwardAPIVolumeFile, ...] = ()
    """TODO."""


class EmptyDirVolumeSource(ApiStruct):
    """TODO."""

    medium: str = ""
    """TODO."""
    size_limit: Quantity | None = None
    """TODO."""


class EphemeralVolumeSource(ApiStruct):
    """TODO."""

    volume_claim_template: PersistentVolumeClaimTemplate | None = None
    """TODO."""


class FCVolumeSource(ApiStruct):
    """TODO."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    lun: Int32 | None = None
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    target_wwns: tuple[str, ...] = ()
    """TODO."""
    wwids: tuple[str, ...] = ()
    """TODO."""


class FlexPersistentVolumeSource(ApiStruct):
    """TODO."""

    driver: str
    """TODO."""
    fs_type: str = ""
    """Kind of file system, such as ext4."""
    options: Mapping[str, str] = {}
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: SecretReference | None = None
    """TODO."""


class FlexVolumeSource(ApiStruct):
    """TODO."""

    driver: str
    """TODO."""
    fs_type: str = ""
    """Kind of file system, such as ext4."""
    options: Mapping[str, str] = {}
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: LocalObjectReference | None = None
    """TODO."""


class FlockerVolumeSource(ApiStruct):
    """TODO."""

    dataset_name: str = ""
    """TODO."""
    dataset_uuid: str = ""
    """TODO."""


class GCEPersistentDiskVolumeSource(ApiStruct):
    """TODO."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    partition: Int32 = 0
    """TODO."""
    pd_name: str
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""


class GitRepoVolumeSource(ApiStruct):
    """TODO."""

    directory: str = ""
    """TODO."""
    repository: str
    """TODO."""
    revision: str = ""
    """TODO."""


class GlusterfsPersistentVolumeSource(ApiStruct):
    """TODO."""

    endpoints: str
    """TODO."""
    endpoints_namespace: str | None = None
    """TODO."""
    path: str
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""


class GlusterfsVolumeSource(ApiStruct):
    """TODO."""

    endpoints: str
    """TODO."""
    path: str
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""


class HostPathVolumeSource(ApiStruct):
    """TODO."""

    path: str
    """TODO."""
    type: str | None = None
    """TODO."""


class ISCSIPersistentVolumeSource(ApiStruct):
    """TODO."""

    chap_auth_discovery: bool = False
    """TODO."""
    chap_auth_session: bool = False
    """TODO."""
    fs_type: str = ""
    """Kind of file system, such as ext4."""
    initiator_name: str = ""
    """TODO."""
    iqn: str
    """TODO."""
    iscsi_interface: Annotated[str, Defaulted("default")] = ""
    """TODO."""
    lun: Int32
    """TODO."""
    portals: tuple[str, ...] = ()
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: SecretReference | None = None
    """TODO."""
    target_portal: str
    """TODO."""


class ISCSIVolumeSource(ApiStruct):
    """TODO."""

    chap_auth_discovery: bool = False
    """TODO."""
    chap_auth_session: bool = False
    """TODO."""
    fs_type: str = ""
    """Kind of file system, such as ext4."""
    initiator_name: str = ""
    """TODO."""
    iqn: str
    """TODO."""
    iscsi_interface: Annotated[str, Defaulted("default")] = ""
    """TODO."""
    lun: Int32
    """TODO."""
    portals: tuple[str, ...] = ()
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: LocalObjectReference | None = None
    """TODO."""
    target_portal: str
    """TODO."""


class ImageVolumeSource(ApiStruct):
    """TODO."""

    pull_policy: str = ""
    """TODO."""
    reference: str = ""
    """TODO."""


class LocalVolumeSource(ApiStruct):
    """TODO."""

    fs_type: str | None = None
    """Kind of file system, such as ext4."""
    path: str
    """TODO."""


class NFSVolumeSource(ApiStruct):
    """TODO."""

    path: str
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    server: str
    """TODO."""


class PersistentVolumeClaimVolumeSource(ApiStruct):
    """TODO."""

    claim_name: str
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""


class PhotonPersistentDiskVolumeSource(ApiStruct):
    """TODO."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    pd_id: str
    """TODO."""


class PodCertificateProjection(ApiStruct):
    """TODO."""

    certificate_chain_path: str = ""
    """TODO."""
    credential_bundle_path: str = ""
    """TODO."""
    key_path: str = ""
    """TODO."""
    key_type: str
    """TODO."""
    max_expiration_seconds: Int32 | None = None
    """TODO."""
    signer_name: str
    """TODO."""
    user_annotations: Mapping[str, str] = {}
    """TODO."""


class PortworxVolumeSource(ApiStruct):
    """TODO."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    read_only: bool = False
    """Whether it cannot be written to."""
    volume_id: str
    """TODO."""


class SecretProjection(ApiStruct):
    """TODO."""

    items: tuple[KeyToPath, ...] = ()
    """TODO."""
    name: str = ""
    """Name of the object."""
    optional: bool | None = None
    """TODO."""


class ServiceAccountTokenProjection(ApiStruct):
    """TODO."""

    audience: str = ""
    """TODO."""
    expiration_seconds: int | None = None
    """TODO."""
    path: str
    """TODO."""


class VolumeProjection(ApiStruct):
    """TODO."""

    cluster_trust_bundle: ClusterTrustBundleProjection | None = None
    """TODO."""
    config_map: ConfigMapProjection | None = None
    """TODO."""
    downward_api: DownwardAPIProjection | None = None
    """TODO."""
    pod_certificate: PodCertificateProjection | None = None
    """TODO."""
    secret: SecretProjection | None = None
    """TODO."""
    service_account_token: ServiceAccountTokenProjection | None = None
    """TODO."""


class ProjectedVolumeSource(ApiStruct):
    """TODO."""

    default_mode: Int32 | None = None
    """TODO."""
    sources: tuple[VolumeProjection, ...] = ()
    """TODO."""


class QuobyteVolumeSource(ApiStruct):
    """TODO."""

    group: str = ""
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    registry: str
    """TODO."""
    tenant: str = ""
    """TODO."""
    user: str = ""
    """TODO."""
    volume: str
    """TODO."""


class RBDPersistentVolumeSource(ApiStruct):
    """TODO."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    image: str
    """TODO."""
    keyring: Annotated[str, Defaulted("/etc/ceph/keyring")] = ""
    """TODO."""
    monitors: tuple[str, ...]
    """TODO."""
    pool: Annotated[str, Defaulted("rbd")] = ""
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: SecretReference | None = None
    """TODO."""
    user: Annotated[str, Defaulted("admin")] = ""
    """TODO."""


class RBDVolumeSource(ApiStruct):
    """TODO."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    image: str
    """TODO."""
    keyring: Annotated[str, Defaulted("/etc/ceph/keyring")] = ""
    """TODO."""
    monitors: tuple[str, ...]
    """TODO."""
    pool: Annotated[str, Defaulted("rbd")] = ""
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: LocalObjectReference | None = None
    """TODO."""
    user: Annotated[str, Defaulted("admin")] = ""
    """TODO."""


class ScaleIOPersistentVolumeSource(ApiStruct):
    """TODO."""

    fs_type: Annotated[str, Defaulted("xfs")] = ""
    """Kind of file system, such as ext4."""
    gateway: str
    """TODO."""
    protection_domain: str = ""
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: SecretReference
    """TODO."""
    ssl_enabled: bool = False
    """TODO."""
    storage_mode: Annotated[str, Defaulted("ThinProvisioned")] = ""
    """TODO."""
    storage_pool: str = ""
    """TODO."""
    system: str
    """TODO."""
    volume_name: str = ""
    """TODO."""


class ScaleIOVolumeSource(ApiStruct):
    """TODO."""

    fs_type: Annotated[str, Defaulted("xfs")] = ""
    """Kind of file system, such as ext4."""
    gateway: str
    """TODO."""
    protection_domain: str = ""
    """TODO."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: LocalObjectReference
    """TODO."""
    ssl_enabled: bool = False
    """TODO."""
    storage_mode: Annotated[str, Defaulted("ThinProvisioned")] = ""
    """TODO."""
    storage_pool: str = ""
    """TODO."""
    system: str
    """TODO."""
    volume_name: str = ""
    """TODO."""


class SecretVolumeSource(ApiStruct):
    """TODO."""

    default_mode: Int32 | None = None
    """TODO."""
    items: tuple[KeyToPath, ...] = ()
    """TODO."""
    optional: bool | None = None
    """TODO."""
    secret_name: str = ""
    """TODO."""


class StorageOSPersistentVolumeSource(ApiStruct):
    """TODO."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: ObjectReference | None = None
    """TODO."""
    volume_name: str = ""
    """TODO."""
    volume_namespace: str = ""
    """TODO."""


class StorageOSVolumeSource(ApiStruct):
    """TODO."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    read_only: bool = False
    """Whether it cannot be written to."""
    secret_ref: LocalObjectReference | None = None
    """TODO."""
    volume_name: str = ""
    """TODO."""
    volume_namespace: str = ""
    """TODO."""


class VsphereVirtualDiskVolumeSource(ApiStruct):
    """TODO."""

    fs_type: str = ""
    """Kind of file system, such as ext4."""
    storage_policy_id: str = ""
    """TODO."""
    storage_policy_name: str = ""
    """TODO."""
    volume_path: str
    """TODO."""
