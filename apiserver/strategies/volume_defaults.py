"""What Kubernetes fills into volumes, of pods and of PersistentVolumes."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from knarr.api.core.env import ObjectFieldSelector
from knarr.api.core.persistent_volume import PersistentVolumeSpec
from knarr.api.core.persistent_volume_claim import (
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimTemplate,
)
from knarr.api.core.resources import VolumeResourceRequirements
from knarr.api.core.volume import Volume
from knarr.api.core.volume_projection import DownwardAPIVolumeFile, VolumeProjection
from knarr.api.core.volume_source import (
    EmptyDirVolumeSource,
    EphemeralVolumeSource,
    ProjectedVolumeSource,
)
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity

FILE_MODE = 0o644
TOKEN_SECONDS = 3600


def default_volume(volume: Volume) -> Volume:
    """A volume of a pod; without a source it is an empty folder."""
    changes: dict[str, Any] = {}
    given = False
    for field in Volume.__struct_fields__:
        if field == "name":
            continue
        source = getattr(volume, field)
        if source is None:
            continue
        given = True
        fill = _FILL.get(field)
        if fill is not None:
            filled = fill(source)
            if filled is not source:
                changes[field] = filled
    if not given:
        changes["empty_dir"] = EmptyDirVolumeSource()
    return replace(volume, **changes) if changes else volume


def default_persistent_source(spec: PersistentVolumeSpec) -> dict[str, Any]:
    """The changes that defaults make to the source of a PersistentVolume."""
    changes = {}
    for field, fill in _FILL.items():
        source = getattr(spec, field, None)
        if source is not None:
            changes[field] = fill(source)
    return changes


def default_field(selector: ObjectFieldSelector) -> ObjectFieldSelector:
    """A field of a pod is read from v1 unless told otherwise."""
    return selector if selector.api_version else replace(selector, api_version="v1")


def default_claim_spec(spec: PersistentVolumeClaimSpec) -> PersistentVolumeClaimSpec:
    """A claim is on a file system unless told otherwise."""
    changes: dict[str, Any] = {}
    if spec.volume_mode is None:
        changes["volume_mode"] = "Filesystem"
    if not spec.resources.limits and not spec.resources.requests:
        changes["resources"] = VolumeResourceRequirements()
    return replace(spec, **changes) if changes else spec


def _with_mode(source: Any) -> Any:
    return source if source.default_mode is not None else replace(source, default_mode=FILE_MODE)


def _default_file(file: DownwardAPIVolumeFile) -> DownwardAPIVolumeFile:
    changes: dict[str, Any] = {}
    if file.field_ref is not None and not file.field_ref.api_version:
        changes["field_ref"] = default_field(file.field_ref)
    if file.resource_field_ref is not None and file.resource_field_ref.divisor is None:
        changes["resource_field_ref"] = replace(file.resource_field_ref, divisor=Quantity("0"))
    return replace(file, **changes) if changes else file


def _default_downward(source: Any) -> Any:
    return replace(_with_mode(source), items=tuple(map(_default_file, source.items)))


def _default_projected(source: ProjectedVolumeSource) -> ProjectedVolumeSource:
    mode = FILE_MODE if source.default_mode is None else source.default_mode
    sources = tuple(map(_default_projection, source.sources))
    return replace(source, default_mode=mode, sources=sources)


def _default_projection(projection: VolumeProjection) -> VolumeProjection:
    changes: dict[str, Any] = {}
    token, down = projection.service_account_token, projection.downward_api
    if token is not None and token.expiration_seconds is None:
        changes["service_account_token"] = replace(token, expiration_seconds=TOKEN_SECONDS)
    if down is not None:
        changes["downward_api"] = replace(down, items=tuple(map(_default_file, down.items)))
    return replace(projection, **changes) if changes else projection


def _default_ephemeral(source: EphemeralVolumeSource) -> EphemeralVolumeSource:
    template = source.volume_claim_template
    if template is None:
        return source
    metadata = template.metadata
    if metadata is PersistentVolumeClaimTemplate.__struct_defaults__[0]:
        metadata = ObjectMeta()
    filled = replace(template, metadata=metadata, spec=default_claim_spec(template.spec))
    return replace(source, volume_claim_template=filled)


def _default_rbd(source: Any) -> Any:
    return replace(
        source,
        pool=source.pool or "rbd",
        user=source.user or "admin",
        keyring=source.keyring or "/etc/ceph/keyring",
    )


def _default_azure_disk(source: Any) -> Any:
    return replace(
        source,
        caching_mode="ReadWrite" if source.caching_mode is None else source.caching_mode,
        kind="Shared" if source.kind is None else source.kind,
        fs_type="ext4" if source.fs_type is None else source.fs_type,
        read_only=bool(source.read_only),
    )


def _default_scale_io(source: Any) -> Any:
    return replace(
        source,
        storage_mode=source.storage_mode or "ThinProvisioned",
        fs_type=source.fs_type or "xfs",
    )


def _default_host_path(source: Any) -> Any:
    return source if source.type is not None else replace(source, type="")


def _default_iscsi(source: Any) -> Any:
    return source if source.iscsi_interface else replace(source, iscsi_interface="default")


def _default_image(source: Any) -> Any:
    if source.pull_policy:
        return source
    latest = source.reference.endswith(":latest") or ":" not in source.reference.rpartition("/")[2]
    return replace(source, pull_policy="Always" if latest else "IfNotPresent")


_FILL: Mapping[str, Callable[[Any], Any]] = {
    "secret": _with_mode,
    "config_map": _with_mode,
    "downward_api": _default_downward,
    "projected": _default_projected,
    "ephemeral": _default_ephemeral,
    "host_path": _default_host_path,
    "iscsi": _default_iscsi,
    "rbd": _default_rbd,
    "azure_disk": _default_azure_disk,
    "scale_io": _default_scale_io,
    "image": _default_image,
}
