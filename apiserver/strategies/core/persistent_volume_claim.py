"""Rules of a PersistentVolumeClaim."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.claim_rules import storage_class_annotation_warnings, validate_claim_spec
from apiserver.strategies.core.difference import difference
from apiserver.strategies.pod_defaults import whole_milli
from apiserver.strategies.pod_spec.warnings import claim_warnings
from apiserver.strategies.strategy import Context, Strategy
from apiserver.strategies.volume_defaults import default_claim_spec
from knarr.api import quantities
from knarr.api.core.persistent_volume_claim import (
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimStatus,
)
from knarr.api.core.references import TypedLocalObjectReference, TypedObjectReference
from knarr.api.field_errors import FieldError, forbidden, invalid
from knarr.api.printing.volumes import persistent_volume_claim_row

_SNAPSHOT = ("snapshot.storage.k8s.io", "VolumeSnapshot")


class PersistentVolumeClaimRules(Strategy[PersistentVolumeClaim]):
    """What holds for a PersistentVolumeClaim."""

    has_generation = False

    def default(self, obj: PersistentVolumeClaim) -> PersistentVolumeClaim:
        """On a file system, in whole thousandths."""
        spec = default_claim_spec(obj.spec)
        resources = spec.resources
        requests, limits = whole_milli(resources.requests), whole_milli(resources.limits)
        if requests is not resources.requests or limits is not resources.limits:
            spec = replace(spec, resources=replace(resources, requests=requests, limits=limits))
        return replace(obj, spec=spec)

    def prepare_for_create(
        self, obj: PersistentVolumeClaim, context: Context
    ) -> PersistentVolumeClaim:
        """Pending; `dataSource` and `dataSourceRef` say the same."""
        spec = _with_matching_sources(_without_useless_source(obj.spec))
        return replace(obj, spec=spec, status=PersistentVolumeClaimStatus(phase="Pending"))

    def prepare_for_update(
        self, obj: PersistentVolumeClaim, old: PersistentVolumeClaim, context: Context
    ) -> PersistentVolumeClaim:
        """`dataSource` and `dataSourceRef` say the same."""
        spec = obj.spec
        if spec.data_source != old.spec.data_source:
            spec = _without_useless_source(spec)
        return replace(obj, spec=_with_matching_sources(spec))

    def validate(self, obj: PersistentVolumeClaim) -> Iterable[FieldError]:
        """What the claim asks for makes sense."""
        return validate_claim_spec(obj.spec, "spec")

    def validate_update(
        self, obj: PersistentVolumeClaim, old: PersistentVolumeClaim
    ) -> Iterable[FieldError]:
        """Nothing changes but the size of what is bound."""
        return _validate_kept(obj, old)

    def warnings(
        self, obj: PersistentVolumeClaim, old: PersistentVolumeClaim | None
    ) -> Iterable[str]:
        """An annotation that became a field; fractions of bytes."""
        yield from storage_class_annotation_warnings(obj.metadata)
        yield from claim_warnings(obj.spec.resources, "spec")

    def row(self, obj: PersistentVolumeClaim, now: datetime) -> Sequence[Any]:
        """Name, status, volume, capacity, modes, classes, age, mode."""
        return persistent_volume_claim_row(obj, now)


def _without_useless_source(spec: PersistentVolumeClaimSpec) -> PersistentVolumeClaimSpec:
    """A source of another kind than claims and snapshots was always let fall in silence."""
    source = spec.data_source
    if source is None or spec.data_source_ref is not None:
        return spec
    group, kind = source.api_group or "", source.kind
    if (group, kind) in (("", "PersistentVolumeClaim"), _SNAPSHOT):
        return spec
    return replace(spec, data_source=None)


def _with_matching_sources(spec: PersistentVolumeClaimSpec) -> PersistentVolumeClaimSpec:
    source, reference = spec.data_source, spec.data_source_ref
    if source is not None and reference is None:
        reference = TypedObjectReference(
            api_group=source.api_group, kind=source.kind, name=source.name
        )
        return replace(spec, data_source_ref=reference)
    if source is None and reference is not None and not reference.namespace:
        source = TypedLocalObjectReference(
            api_group=reference.api_group, kind=reference.kind, name=reference.name
        )
        return replace(spec, data_source=source)
    return spec


def _validate_kept(obj: PersistentVolumeClaim, old: PersistentVolumeClaim) -> Iterator[FieldError]:
    spec, before = obj.spec, old.spec
    allowed: dict[str, Any] = {"volume_attributes_class_name": before.volume_attributes_class_name}
    if not before.volume_name:
        allowed["volume_name"] = before.volume_name
    if before.storage_class_name is None:
        allowed["storage_class_name"] = None
    size, old_size = (
        spec.resources.requests.get("storage"),
        before.resources.requests.get("storage"),
    )
    if old.status.phase == "Bound" and old_size is not None:
        requests = {**spec.resources.requests, "storage": old_size}
        allowed["resources"] = replace(spec.resources, requests=requests)
    unchanged = replace(spec, **allowed)
    if unchanged != before:
        shown = difference(unchanged, before)
        detail = (
            "spec is immutable after creation except resources.requests and "
            f"volumeAttributesClassName for bound claims\n{shown}"
        )
        yield forbidden("spec", detail)
    if size is not None and old_size is not None and quantities.compare(size, old_size) < 0:
        capacity = old.status.capacity.get("storage")
        if capacity is None or quantities.compare(size, capacity) <= 0:
            detail = "field can not be less than status.capacity"
            yield forbidden("spec.resources.requests.storage", detail)
    if spec.volume_mode != before.volume_mode:
        yield invalid("volumeMode", spec.volume_mode, "field is immutable")
