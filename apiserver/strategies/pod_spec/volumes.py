"""Rules for the volumes of a pod: one source each, and files made of other objects."""

from collections.abc import Iterator, Mapping
from typing import Any

from apiserver.strategies.claim_rules import validate_claim_spec
from apiserver.strategies.label_rules import validate_labels
from apiserver.strategies.pod_spec import downward
from apiserver.strategies.pod_spec.paths import validate_file_mode, validate_not_reserved
from apiserver.strategies.pod_spec.volume_sources import SOURCES, Rule
from knarr.api import names
from knarr.api.core.volume import Volume
from knarr.api.core.volume_projection import (
    DownwardAPIVolumeFile,
    KeyToPath,
    ServiceAccountTokenProjection,
    VolumeProjection,
)
from knarr.api.core.volume_source import (
    ConfigMapVolumeSource,
    DownwardAPIVolumeSource,
    EphemeralVolumeSource,
    ProjectedVolumeSource,
    SecretVolumeSource,
)
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    duplicate,
    forbidden,
    invalid,
    required,
)

TOKEN_SECONDS_MIN = 600
TOKEN_SECONDS_MAX = 2**32


def validate_volumes(
    volumes: tuple[Volume, ...], path: str, good: dict[str, Volume]
) -> Iterator[FieldError]:
    """All volumes of a pod. Those without fault are put into `good`: only they can be mounted."""
    for i, volume in enumerate(volumes):
        at = f"{path}[{i}]"
        broken = list(_validate_source(volume, at))
        if not volume.name:
            broken.append(required(f"{at}.name"))
        else:
            broken += broken_names(f"{at}.name", volume.name, names.dns_label(volume.name))
        if volume.name in good:
            broken.append(duplicate(f"{at}.name", volume.name))
        if not broken:
            good[volume.name] = volume
        yield from broken


def _validate_source(volume: Volume, path: str) -> Iterator[FieldError]:
    given = 0
    for field, (wire, rule) in _SOURCES.items():
        source = getattr(volume, field)
        if source is None:
            continue
        if given:
            yield forbidden(f"{path}.{wire}", "may not specify more than 1 volume type")
            continue
        given += 1
        yield from rule(source, f"{path}.{wire}")
    if not given:
        yield required(path, "must specify a volume type")


def _validate_items(items: tuple[KeyToPath, ...], path: str) -> Iterator[FieldError]:
    for i, item in enumerate(items):
        at = f"{path}.items[{i}]"
        if not item.key:
            yield required(f"{at}.key")
        if not item.path:
            yield required(f"{at}.path")
        yield from validate_not_reserved(item.path, f"{at}.path")
        yield from validate_file_mode(item.mode, f"{at}.mode")


def _validate_secret(source: SecretVolumeSource, path: str) -> Iterator[FieldError]:
    if not source.secret_name:
        yield required(f"{path}.secretName")
    yield from validate_file_mode(source.default_mode, f"{path}.defaultMode")
    yield from _validate_items(source.items, path)


def _validate_config_map(source: ConfigMapVolumeSource, path: str) -> Iterator[FieldError]:
    if not source.name:
        yield required(f"{path}.name")
    yield from validate_file_mode(source.default_mode, f"{path}.defaultMode")
    yield from _validate_items(source.items, path)


def _validate_downward(source: DownwardAPIVolumeSource, path: str) -> Iterator[FieldError]:
    yield from validate_file_mode(source.default_mode, f"{path}.defaultMode")
    for file in source.items:
        yield from _validate_downward_file(file, path)


def _validate_downward_file(file: DownwardAPIVolumeFile, path: str) -> Iterator[FieldError]:
    if not file.path:
        yield required(f"{path}.path")
    yield from validate_not_reserved(file.path, f"{path}.path")
    if file.field_ref is not None:
        yield from downward.validate_field(file.field_ref, downward.FILE_FIELDS, f"{path}.fieldRef")
        if file.resource_field_ref is not None:
            detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
            yield invalid(path, "resource", detail)
    elif file.resource_field_ref is not None:
        yield from downward.validate_resource(
            file.resource_field_ref, f"{path}.resourceFieldRef", in_volume=True
        )
    else:
        yield required(path, "one of fieldRef and resourceFieldRef is required")
    yield from validate_file_mode(file.mode, f"{path}.mode")


def _validate_projected(source: ProjectedVolumeSource, path: str) -> Iterator[FieldError]:
    yield from validate_file_mode(source.default_mode, f"{path}.defaultMode")
    taken: set[str] = set()
    for i, projection in enumerate(source.sources):
        at = f"{path}.sources[{i}]"
        given = 0
        for field, (wire, rule) in _PROJECTIONS.items():
            one = getattr(projection, field)
            if one is None:
                continue
            if given:
                detail = "may not specify more than 1 volume type per source"
                yield forbidden(f"{at}.{wire}", detail)
                continue
            given += 1
            yield from rule(one, f"{at}.{wire}")
        for file in _paths_of(projection):
            if file and file in taken:
                yield invalid(f"{at}.path", file, "conflicting duplicate paths")
            taken.add(file)


def _paths_of(projection: VolumeProjection) -> Iterator[str]:
    for listed in (projection.secret, projection.config_map, projection.downward_api):
        if listed is not None:
            yield from (item.path for item in listed.items)
    if projection.service_account_token is not None:
        yield projection.service_account_token.path
    if projection.cluster_trust_bundle is not None:
        yield projection.cluster_trust_bundle.path


def _validate_named_items(source: Any, path: str) -> Iterator[FieldError]:
    if not source.name:
        yield required(f"{path}.name")
    yield from _validate_items(source.items, path)


def _validate_projected_downward(source: Any, path: str) -> Iterator[FieldError]:
    for file in source.items:
        yield from _validate_downward_file(file, path)


def _validate_token(source: ServiceAccountTokenProjection, path: str) -> Iterator[FieldError]:
    seconds = source.expiration_seconds
    if seconds is not None and seconds < TOKEN_SECONDS_MIN:
        detail = "may not specify a duration less than 10 minutes"
        yield invalid(f"{path}.expirationSeconds", seconds, detail)
    if seconds is not None and seconds > TOKEN_SECONDS_MAX:
        detail = "may not specify a duration larger than 2^32 seconds"
        yield invalid(f"{path}.expirationSeconds", seconds, detail)
    if not source.path:
        yield required(f"{path}.path")
    else:
        yield from validate_not_reserved(source.path, f"{path}.path")


def _validate_trust_bundle(source: Any, path: str) -> Iterator[FieldError]:
    named, signed = source.name is not None, source.signer_name is not None
    if named and signed:
        yield invalid(path, source.name, "only one of name and signerName may be used")
    elif not named and not signed:
        yield required(path, "either name or signerName must be specified")
    if not source.path:
        yield required(f"{path}.path")
    yield from validate_not_reserved(source.path, f"{path}.path")


def _validate_certificate(source: Any, path: str) -> Iterator[FieldError]:
    if not source.signer_name:
        yield required(f"{path}.signerName")
    if not source.key_type:
        yield required(f"{path}.keyType")
    files = (source.credential_bundle_path, source.key_path, source.certificate_chain_path)
    if not any(files):
        yield required(path, "at least one path must be specified")


def _validate_ephemeral(source: EphemeralVolumeSource, path: str) -> Iterator[FieldError]:
    template = source.volume_claim_template
    at = f"{path}.volumeClaimTemplate"
    if template is None:
        yield required(at)
        return
    yield from validate_labels(template.metadata.labels, f"{at}.metadata.labels")
    yield from validate_claim_spec(template.spec, f"{at}.spec")


_OWN: Mapping[str, tuple[str, Rule]] = {
    "secret": ("secret", _validate_secret),
    "downward_api": ("downwardAPI", _validate_downward),
    "config_map": ("configMap", _validate_config_map),
    "projected": ("projected", _validate_projected),
    "ephemeral": ("ephemeral", _validate_ephemeral),
}
_ORDER = (
    "empty_dir",
    "host_path",
    "git_repo",
    "gce_persistent_disk",
    "aws_elastic_block_store",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistent_volume_claim",
    "rbd",
    "cinder",
    "cephfs",
    "flex_volume",
    "downward_api",
    "fc",
    "azure_file",
    "config_map",
    "azure_disk",
    "vsphere_volume",
    "photon_persistent_disk",
    "portworx_volume",
    "quobyte",
    "scale_io",
    "storageos",
    "projected",
    "csi",
    "ephemeral",
    "image",
)
"""The order in which sources are looked at: with two of them, the later one is at fault."""
_SOURCES = {field: _OWN.get(field) or SOURCES[field] for field in _ORDER}
_PROJECTIONS: Mapping[str, tuple[str, Rule]] = {
    "secret": ("secret", _validate_named_items),
    "config_map": ("configMap", _validate_named_items),
    "downward_api": ("downwardAPI", _validate_projected_downward),
    "service_account_token": ("serviceAccountToken", _validate_token),
    "cluster_trust_bundle": ("clusterTrustBundle", _validate_trust_bundle),
    "pod_certificate": ("podCertificate", _validate_certificate),
}
