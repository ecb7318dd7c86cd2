"""Rules for one source of a volume each, shared by volumes of pods and PersistentVolumes."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from apiserver.strategies.pod_spec.paths import (
    validate_absolute,
    validate_descending,
    validate_no_backsteps,
)
from knarr.api import names, quantities
from knarr.api.core.volume_source import (
    AzureDiskVolumeSource,
    EmptyDirVolumeSource,
    FCVolumeSource,
    FlockerVolumeSource,
    GitRepoVolumeSource,
    HostPathVolumeSource,
    ImageVolumeSource,
    NFSVolumeSource,
)
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)

CSI_DRIVER_CHARACTERS_MAX = 63

_HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
_is_iqn = re.compile(r"iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)$").match
_is_eui = re.compile(r"eui\.[0-9A-Fa-f]{16}$").match
_is_naa = re.compile(r"naa\.[0-9A-Fa-f]{32}$").match


def validate_empty_dir(source: EmptyDirVolumeSource, path: str) -> Iterator[FieldError]:
    """A folder that lives as long as the pod."""
    if source.size_limit is not None and quantities.parse(source.size_limit).nanos < 0:
        yield forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def validate_host_path(source: HostPathVolumeSource, path: str) -> Iterator[FieldError]:
    """A file or folder of the host."""
    if not source.path:
        yield required(f"{path}.path")
        return
    yield from validate_no_backsteps(source.path, f"{path}.path")
    if source.type is not None and source.type not in _HOST_PATH_TYPES:
        yield not_supported(f"{path}.type", source.type, _HOST_PATH_TYPES)


def validate_git_repo(source: GitRepoVolumeSource, path: str) -> Iterator[FieldError]:
    """A repository, cloned."""
    if not source.repository:
        yield required(f"{path}.repository")
    yield from validate_descending(source.directory, f"{path}.directory")


def validate_nfs(source: NFSVolumeSource, path: str) -> Iterator[FieldError]:
    """A folder of a file server."""
    yield from _needs(source, path, "server", "path")
    yield from validate_absolute(source.path, f"{path}.path")


def validate_iscsi(source: Any, path: str) -> Iterator[FieldError]:
    """A disk over the network."""
    yield from _needs(source, path, "target_portal")
    iqn = source.iqn
    if not iqn:
        yield required(f"{path}.iqn")
    else:
        yield from _validate_iqn(iqn, f"{path}.iqn")
    yield from broken_names(f"{path}.lun", source.lun, names.in_range(source.lun, 0, 255))
    if (source.chap_auth_discovery or source.chap_auth_session) and source.secret_ref is None:
        yield required(f"{path}.secretRef")
    if source.initiator_name:
        yield from _validate_iqn(source.initiator_name, f"{path}.initiatorname")


def _validate_iqn(iqn: str, path: str) -> Iterator[FieldError]:
    if not iqn.startswith(("iqn", "eui", "naa")):
        yield invalid(path, iqn, "must be valid format starting with iqn, eui, or naa")
    elif not (_is_iqn(iqn) or _is_eui(iqn) or _is_naa(iqn)):
        yield invalid(path, iqn, "must be valid format")


def validate_fibre_channel(source: FCVolumeSource, path: str) -> Iterator[FieldError]:
    """A disk over Fibre Channel."""
    if not source.target_wwns and not source.wwids:
        detail = "must specify either targetWWNs or wwids, but not both"
        yield required(f"{path}.targetWWNs", detail)
    if source.target_wwns and source.wwids:
        detail = "targetWWNs and wwids can not be specified simultaneously"
        yield invalid(f"{path}.targetWWNs", source.target_wwns, detail)
    if source.target_wwns and not source.wwids:
        if source.lun is None:
            yield required(f"{path}.lun", "lun is required if targetWWNs is specified")
        else:
            yield from broken_names(f"{path}.lun", source.lun, names.in_range(source.lun, 0, 255))


def validate_flocker(source: FlockerVolumeSource, path: str) -> Iterator[FieldError]:
    """A dataset of Flocker."""
    if not source.dataset_name and not source.dataset_uuid:
        yield required(path, "one of datasetName and datasetUUID is required")
    if source.dataset_name and source.dataset_uuid:
        detail = "datasetName and datasetUUID can not be specified simultaneously"
        yield invalid(path, "resource", detail)
    if "/" in source.dataset_name:
        yield invalid(f"{path}.datasetName", source.dataset_name, "must not contain '/'")


def validate_partitioned(source: Any, path: str) -> Iterator[FieldError]:
    """A cloud provider's disk, of which one partition may be meant."""
    name = "pd_name" if hasattr(source, "pd_name") else "volume_id"
    yield from _needs(source, path, name)
    broken = names.in_range(source.partition, 0, 255)
    yield from broken_names(f"{path}.partition", source.partition, broken)


def validate_azure_disk(source: AzureDiskVolumeSource, path: str) -> Iterator[FieldError]:
    """A disk of Azure."""
    yield from _needs(source, path, "disk_name", "disk_uri")
    for name, value, known in (
        ("cachingMode", source.caching_mode, ("None", "ReadOnly", "ReadWrite")),
        ("kind", source.kind, ("Dedicated", "Managed", "Shared")),
    ):
        if value is not None and value not in known:
            yield not_supported(f"{path}.{name}", value, known)


def validate_csi_driver(driver: str, path: str) -> Iterator[FieldError]:
    """The name of a storage driver."""
    if not driver:
        yield required(path)
        return
    if len(driver) > CSI_DRIVER_CHARACTERS_MAX:
        yield too_long(path, CSI_DRIVER_CHARACTERS_MAX)
    yield from broken_names(path, driver, names.dns_subdomain(driver.lower()))


def validate_csi(source: Any, path: str) -> Iterator[FieldError]:
    """A volume that a storage driver makes for one pod."""
    yield from validate_csi_driver(source.driver, f"{path}.driver")
    secret = source.node_publish_secret_ref
    if secret is not None and not secret.name:
        yield required(f"{path}.nodePublishSecretRef.name")


def validate_flex_volume(source: Any, path: str) -> Iterator[FieldError]:
    """A volume of a driver that is a program on the node."""
    if not source.driver:
        yield required(f"{path}.driver")
    else:
        broken = names.qualified_name(source.driver)
        yield from broken_names(f"{path}.driver", source.driver, broken)
    for key in sorted(source.options):
        domain = key.partition("/")[0]
        if "/" in key and f".{domain}".endswith((".kubernetes.io", ".k8s.io")):
            detail = "`kubernetes.io` and `k8s.io` namespaces are reserved"
            yield invalid(f"{path}.options[{key}]", key, detail)


def validate_quobyte(source: Any, path: str) -> Iterator[FieldError]:
    """A volume of Quobyte."""
    if not source.registry:
        detail = "must be a host:port pair or multiple pairs separated by commas"
        yield required(f"{path}.registry", detail)
    elif any(":" not in host for host in source.registry.split(",")):
        detail = "must be a host:port pair or multiple pairs separated by commas"
        yield invalid(f"{path}.registry", source.registry, detail)
    if not source.volume:
        yield required(f"{path}.volume")


def validate_image(source: ImageVolumeSource, path: str) -> Iterator[FieldError]:
    """An image, mounted."""
    if not source.reference:
        yield required(f"{path}.reference")
    known = ("Always", "IfNotPresent", "Never")
    if source.pull_policy and source.pull_policy not in known:
        yield not_supported(f"{path}.pullPolicy", source.pull_policy, known)


Rule = Callable[[Any, str], Iterator[FieldError]]


def _needs(source: Any, path: str, *fields: str) -> Iterator[FieldError]:
    """The fields that may not be empty, by their names in Python."""
    for field in fields:
        if not getattr(source, field):
            wire = type(source).__struct_encode_fields__[
                type(source).__struct_fields__.index(field)
            ]
            yield required(f"{path}.{wire}")


def _needing(*fields: str) -> Rule:
    def rule(source: Any, path: str) -> Iterator[FieldError]:
        return _needs(source, path, *fields)

    return rule


SOURCES: Mapping[str, tuple[str, Rule]] = {
    "empty_dir": ("emptyDir", validate_empty_dir),
    "host_path": ("hostPath", validate_host_path),
    "git_repo": ("gitRepo", validate_git_repo),
    "gce_persistent_disk": ("gcePersistentDisk", validate_partitioned),
    "aws_elastic_block_store": ("awsElasticBlockStore", validate_partitioned),
    "nfs": ("nfs", validate_nfs),
    "iscsi": ("iscsi", validate_iscsi),
    "glusterfs": ("glusterfs", _needing("endpoints", "path")),
    "flocker": ("flocker", validate_flocker),
    "persistent_volume_claim": ("persistentVolumeClaim", _needing("claim_name")),
    "rbd": ("rbd", _needing("monitors", "image")),
    "cinder": ("cinder", _needing("volume_id")),
    "cephfs": ("cephfs", _needing("monitors")),
    "flex_volume": ("flexVolume", validate_flex_volume),
    "fc": ("fc", validate_fibre_channel),
    "azure_file": ("azureFile", _needing("secret_name", "share_name")),
    "azure_disk": ("azureDisk", validate_azure_disk),
    "vsphere_volume": ("vsphereVolume", _needing("volume_path")),
    "photon_persistent_disk": ("photonPersistentDisk", _needing("pd_id")),
    "portworx_volume": ("portworxVolume", _needing("volume_id")),
    "quobyte": ("quobyte", validate_quobyte),
    "scale_io": ("scaleIO", _needing("gateway", "system", "volume_name")),
    "storageos": ("storageos", _needing("volume_name")),
    "csi": ("csi", validate_csi),
    "image": ("image", validate_image),
}
"""The plain sources by field: their name on the wire and their rule."""
