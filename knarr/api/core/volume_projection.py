"""What a projected volume is put together from, in core/v1."""

from collections.abc import Mapping

from knarr.api.core.env import ObjectFieldSelector, ResourceFieldSelector
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct


class ClusterTrustBundleProjection(ApiStruct):
    """Certificates of authorities, as a file."""

    label_selector: LabelSelector | None = None
    """Chooses the bundles by their labels."""
    name: str | None = None
    """Name of the object."""
    optional: bool | None = None
    """Whether it may be absent."""
    path: str
    """Path of the file."""
    signer_name: str | None = None
    """Chooses the bundles of this signer."""


class KeyToPath(ApiStruct):
    """A key that becomes a file."""

    key: str
    """The key."""
    mode: Int32 | None = None
    """Permissions of the file; those of the volume when absent."""
    path: str
    """Path of the file."""


class ConfigMapProjection(ApiStruct):
    """A ConfigMap as files."""

    items: tuple[KeyToPath, ...] = ()
    """Keys that become files; all of them when empty."""
    name: str = ""
    """Name of the object."""
    optional: bool | None = None
    """Whether it, or a key of it, may be absent."""


class DownwardAPIVolumeFile(ApiStruct):
    """A file that tells of the pod."""

    field_ref: ObjectFieldSelector | None = None
    """Field of the pod."""
    mode: Int32 | None = None
    """Permissions of the file; those of the volume when absent."""
    path: str
    """Path of the file."""
    resource_field_ref: ResourceFieldSelector | None = None
    """Resource of a container."""


class DownwardAPIProjection(ApiStruct):
    """Files that tell of the pod."""

    items: tuple[DownwardAPIVolumeFile, ...] = ()
    """The files."""


class PodCertificateProjection(ApiStruct):
    """A certificate of the pod's own, renewed by the kubelet."""

    certificate_chain_path: str = ""
    """Path of the file with the chain."""
    credential_bundle_path: str = ""
    """Path of the file with key and chain."""
    key_path: str = ""
    """Path of the file with the key."""
    key_type: str
    """Kind of the key, such as ED25519."""
    max_expiration_seconds: Int32 | None = None
    """Most seconds it may be good for."""
    signer_name: str
    """Who signs it."""
    user_annotations: Mapping[str, str] = {}
    """Further words for the signer."""


class SecretProjection(ApiStruct):
    """A Secret as files."""

    items: tuple[KeyToPath, ...] = ()
    """Keys that become files; all of them when empty."""
    name: str = ""
    """Name of the object."""
    optional: bool | None = None
    """Whether it, or a key of it, may be absent."""


class ServiceAccountTokenProjection(ApiStruct):
    """A token of the pod's service account, renewed by the kubelet."""

    audience: str = ""
    """Who shall believe it; the API server when empty."""
    expiration_seconds: int | None = None
    """Seconds it is good for. The server fills in 3600."""
    path: str
    """Path of the file."""


class VolumeProjection(ApiStruct):
    """One source of a projected volume."""

    cluster_trust_bundle: ClusterTrustBundleProjection | None = None
    """Certificates of authorities."""
    config_map: ConfigMapProjection | None = None
    """Files from a ConfigMap."""
    downward_api: DownwardAPIProjection | None = None
    """Files that tell of the pod."""
    pod_certificate: PodCertificateProjection | None = None
    """Certificate of the pod's own."""
    secret: SecretProjection | None = None
    """Files from a Secret."""
    service_account_token: ServiceAccountTokenProjection | None = None
    """Token of the pod's service account."""
