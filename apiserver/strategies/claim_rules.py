"""Rules for the spec of a claim on a volume, alone or as a template in a pod."""

from collections.abc import Iterator

from apiserver.strategies.label_rules import validate_label_selector
from knarr.api import names, quantities
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaimSpec
from knarr.api.core.references import TypedLocalObjectReference, TypedObjectReference
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    forbidden,
    invalid,
    not_supported,
    required,
)
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity

CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = ("Block", "Filesystem")


def validate_claim_spec(spec: PersistentVolumeClaimSpec, path: str) -> Iterator[FieldError]:
    """What a claim asks for."""
    if not spec.access_modes:
        yield required(f"{path}.accessModes", "at least 1 access mode is required")
    yield from validate_label_selector(spec.selector, f"{path}.selector")
    yield from validate_access_modes(spec.access_modes, f"{path}.accessModes")
    storage = spec.resources.requests.get("storage")
    if storage is None:
        yield required(f"{path}.resources[storage]")
    else:
        yield from validate_positive(storage, f"{path}.resources[storage]")
    if spec.storage_class_name:
        broken = names.dns_subdomain(spec.storage_class_name)
        yield from broken_names(f"{path}.storageClassName", spec.storage_class_name, broken)
    if spec.volume_mode is not None and spec.volume_mode not in VOLUME_MODES:
        yield not_supported(f"{path}.volumeMode", spec.volume_mode, VOLUME_MODES)
    yield from _validate_sources(spec, path)
    if spec.volume_attributes_class_name:
        attributes = spec.volume_attributes_class_name
        broken = names.dns_subdomain(attributes)
        yield from broken_names(f"{path}.volumeAttributesClassName", attributes, broken)


def storage_class_annotation_warnings(metadata: ObjectMeta) -> Iterator[str]:
    """The annotation that named a class before there was a field."""
    if CLASS_ANNOTATION in metadata.annotations:
        yield (
            f"metadata.annotations[{CLASS_ANNOTATION}]: deprecated since v1.8; "
            'use "storageClassName" attribute instead'
        )


def validate_access_modes(modes: tuple[str, ...], path: str) -> Iterator[FieldError]:
    """How a volume may be mounted."""
    for mode in modes:
        if mode not in ACCESS_MODES:
            yield not_supported(path, mode, ACCESS_MODES)
    known = {mode for mode in modes if mode in ACCESS_MODES}
    if "ReadWriteOncePod" in known and len(known) > 1:
        yield forbidden(path, "may not use ReadWriteOncePod with other access modes")


def validate_positive(amount: Quantity, path: str) -> Iterator[FieldError]:
    """An amount of more than nothing."""
    if quantities.parse(amount).nanos <= 0:
        yield invalid(path, amount, "must be greater than zero")


def _validate_sources(spec: PersistentVolumeClaimSpec, path: str) -> Iterator[FieldError]:
    source, reference = spec.data_source, spec.data_source_ref
    if source is not None:
        yield from _validate_source(source, f"{path}.dataSource")
    if reference is not None:
        yield from _validate_source(reference, f"{path}.dataSourceRef")
        if reference.namespace:
            broken = names.dns_label(reference.namespace)
            yield from broken_names(f"{path}.dataSourceRef.namespace", reference.namespace, broken)
    if source is None or reference is None:
        return
    if reference.namespace:
        detail = "may not be specified when dataSourceRef.namespace is specified"
        yield invalid(path, {}, detail)
    elif (source.api_group, source.kind, source.name) != (
        reference.api_group,
        reference.kind,
        reference.name,
    ):
        yield invalid(path, {}, "must match dataSourceRef")


def _validate_source(
    source: TypedLocalObjectReference | TypedObjectReference, path: str
) -> Iterator[FieldError]:
    if not source.name:
        yield required(f"{path}.name")
    if not source.kind:
        yield required(f"{path}.kind")
    group = source.api_group or ""
    if not group and source.kind != "PersistentVolumeClaim":
        detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        yield invalid(path, source.kind, detail)
    elif group:
        yield from broken_names(f"{path}.apiGroup", group, names.dns_subdomain(group))
