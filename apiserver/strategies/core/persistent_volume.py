"""Rules of a PersistentVolume."""

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.claim_rules import (
    VOLUME_MODES,
    storage_class_annotation_warnings,
    validate_access_modes,
    validate_positive,
)
from apiserver.strategies.core.difference import difference
from apiserver.strategies.pod_defaults import whole_milli
from apiserver.strategies.pod_spec.affinity import validate_node_selector
from apiserver.strategies.pod_spec.paths import validate_no_backsteps
from apiserver.strategies.pod_spec.volume_sources import SOURCES, Rule, validate_csi_driver
from apiserver.strategies.pod_spec.warnings import dead_volume_warnings, node_term_warnings
from apiserver.strategies.strategy import Context, Strategy
from apiserver.strategies.volume_defaults import default_persistent_source
from knarr.api import names, quantities, times
from knarr.api.core.persistent_volume import (
    PersistentVolume,
    PersistentVolumeSpec,
    PersistentVolumeStatus,
)
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    forbidden,
    invalid,
    not_supported,
    required,
)
from knarr.api.printing.volumes import persistent_volume_row

MOUNT_ANNOTATION = "volume.beta.kubernetes.io/mount-options"

_RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")


class PersistentVolumeRules(Strategy[PersistentVolume]):
    """What holds for a PersistentVolume."""

    has_generation = False

    def default(self, obj: PersistentVolume) -> PersistentVolume:
        """Retained, with a file system."""
        spec = obj.spec
        filled = replace(
            spec,
            capacity=whole_milli(spec.capacity),
            persistent_volume_reclaim_policy=spec.persistent_volume_reclaim_policy or "Retain",
            volume_mode="Filesystem" if spec.volume_mode is None else spec.volume_mode,
            **default_persistent_source(spec),
        )
        return replace(obj, spec=filled)

    def prepare_for_create(self, obj: PersistentVolume, context: Context) -> PersistentVolume:
        """Pending until the volume controller has seen it."""
        status = PersistentVolumeStatus(
            phase="Pending", last_phase_transition_time=times.to_time(context.now)
        )
        return replace(obj, status=status)

    def prepare_for_status_update(
        self, obj: PersistentVolume, old: PersistentVolume, context: Context
    ) -> PersistentVolume:
        """A change of phase has its moment."""
        if obj.status.phase == old.status.phase:
            return obj
        moment = obj.status.last_phase_transition_time
        if moment is not None and moment != old.status.last_phase_transition_time:
            return obj
        now = times.to_time(context.now)
        return replace(obj, status=replace(obj.status, last_phase_transition_time=now))

    def validate(self, obj: PersistentVolume) -> Iterable[FieldError]:
        """Modes, capacity, and one source."""
        return _validate_spec(obj.spec, "spec")

    def validate_update(self, obj: PersistentVolume, old: PersistentVolume) -> Iterable[FieldError]:
        """The source stays."""
        return _validate_kept(obj.spec, old.spec)

    def warnings(self, obj: PersistentVolume, old: PersistentVolume | None) -> Iterable[str]:
        """Annotations that became fields, volumes that nothing mounts, an old policy."""
        spec = obj.spec
        yield from storage_class_annotation_warnings(obj.metadata)
        if MOUNT_ANNOTATION in obj.metadata.annotations:
            yield (
                f"metadata.annotations[{MOUNT_ANNOTATION}]: deprecated since v1.31; "
                'use "mountOptions" attribute instead'
            )
        yield from dead_volume_warnings(spec, "spec")
        if spec.persistent_volume_reclaim_policy == "Recycle":
            yield (
                "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. "
                "Instead, the recommended approach is to use dynamic provisioning."
            )
        required = spec.node_affinity.required if spec.node_affinity is not None else None
        for i, term in enumerate(required.node_selector_terms if required is not None else ()):
            at = f"spec.nodeAffinity.required.nodeSelectorTerms[{i}]"
            yield from node_term_warnings(term, at)

    def row(self, obj: PersistentVolume, now: datetime) -> Sequence[Any]:
        """Name, capacity, modes, reclaim policy, status, claim, classes, reason, age, mode."""
        return persistent_volume_row(obj, now)


def _validate_spec(spec: PersistentVolumeSpec, path: str) -> Iterator[FieldError]:
    if not spec.access_modes:
        yield required(f"{path}.accessModes")
    yield from validate_access_modes(spec.access_modes, f"{path}.accessModes")
    yield from _validate_capacity(spec, f"{path}.capacity")
    policy = spec.persistent_volume_reclaim_policy
    if policy and policy not in _RECLAIM_POLICIES:
        yield not_supported(f"{path}.persistentVolumeReclaimPolicy", policy, _RECLAIM_POLICIES)
    yield from _validate_node_affinity(spec, f"{path}.nodeAffinity")
    yield from _validate_source(spec, path)
    host_path = spec.host_path
    if host_path is not None and policy == "Recycle" and posixpath.normpath(host_path.path) == "/":
        detail = "may not be 'recycle' for a hostPath mount of '/'"
        yield forbidden(f"{path}.persistentVolumeReclaimPolicy", detail)
    if spec.storage_class_name:
        broken = names.dns_subdomain(spec.storage_class_name)
        yield from broken_names(f"{path}.storageClassName", spec.storage_class_name, broken)
    if spec.volume_mode is not None and spec.volume_mode not in VOLUME_MODES:
        yield not_supported(f"{path}.volumeMode", spec.volume_mode, VOLUME_MODES)


def _validate_capacity(spec: PersistentVolumeSpec, path: str) -> Iterator[FieldError]:
    capacity = spec.capacity
    if not capacity:
        yield required(path)
    if set(capacity) != {"storage"}:
        yield not_supported(path, dict(capacity) or None, ("storage",))
    for name in sorted(capacity):
        at = f"{path}[{name}]"
        if quantities.parse(capacity[name]).nanos < 0:
            yield invalid(at, quantities.value(capacity[name]), "must be a valid resource quantity")
        yield from validate_positive(capacity[name], at)


def _validate_node_affinity(spec: PersistentVolumeSpec, path: str) -> Iterator[FieldError]:
    if spec.node_affinity is None:
        return
    if spec.node_affinity.required is None:
        yield required(f"{path}.required", "must specify required node constraints")
    else:
        yield from validate_node_selector(spec.node_affinity.required, f"{path}.required")


def _validate_source(spec: PersistentVolumeSpec, path: str) -> Iterator[FieldError]:
    given = 0
    for field, (wire, rule) in _SOURCES.items():
        source = getattr(spec, field)
        if source is None:
            continue
        if given:
            yield forbidden(f"{path}.{wire}", "may not specify more than 1 volume type")
            continue
        given += 1
        yield from rule(source, f"{path}.{wire}")
        if field == "local" and spec.node_affinity is None:
            yield required(f"{path}.nodeAffinity", "Local volume requires node affinity")
    if not given:
        yield required(path, "must specify a volume type")


def _validate_local(source: Any, path: str) -> Iterator[FieldError]:
    if not source.path:
        yield required(f"{path}.path")
        return
    yield from validate_no_backsteps(source.path, f"{path}.path")


def _validate_csi(source: Any, path: str) -> Iterator[FieldError]:
    yield from validate_csi_driver(source.driver, f"{path}.driver")
    if not source.volume_handle:
        yield required(f"{path}.volumeHandle")
    for wire, secret in (
        ("controllerPublishSecretRef", source.controller_publish_secret_ref),
        ("controllerExpandSecretRef", source.controller_expand_secret_ref),
        ("nodePublishSecretRef", source.node_publish_secret_ref),
        ("nodeExpandSecretRef", source.node_expand_secret_ref),
    ):
        if secret is None:
            continue
        if not secret.name:
            yield required(f"{path}.{wire}.name")
        if not secret.namespace:
            yield required(f"{path}.{wire}.namespace")


_OWN: dict[str, tuple[str, Rule]] = {
    "local": ("local", _validate_local),
    "csi": ("csi", _validate_csi),
}
_ORDER = (
    "host_path",
    "gce_persistent_disk",
    "aws_elastic_block_store",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flex_volume",
    "azure_file",
    "vsphere_volume",
    "photon_persistent_disk",
    "portworx_volume",
    "azure_disk",
    "scale_io",
    "local",
    "storageos",
    "csi",
)
"""The order in which sources are looked at: with two of them, the later one is at fault."""
_SOURCES = {field: _OWN.get(field) or SOURCES[field] for field in _ORDER}


def _validate_kept(spec: PersistentVolumeSpec, old: PersistentVolumeSpec) -> Iterator[FieldError]:
    source = {field: getattr(spec, field) for field in _ORDER}
    if any(source[field] != getattr(old, field) for field in _ORDER):
        shown = difference(replace(old, **source), old)
        detail = f"spec.persistentvolumesource is immutable after creation\n{shown}"
        yield forbidden("spec.persistentvolumesource", detail)
    if spec.volume_mode != old.volume_mode:
        yield invalid("volumeMode", spec.volume_mode, "field is immutable")
    if old.node_affinity is not None and spec.node_affinity != old.node_affinity:
        detail = "field is immutable, except for updating from beta label to GA"
        yield invalid("nodeAffinity", spec.node_affinity, detail)
