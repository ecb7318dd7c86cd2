"""TODO."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.references import TypedLocalObjectReference, TypedObjectReference
from knarr.api.core.resources import VolumeResourceRequirements
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Quantity, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class ModifyVolumeStatus(ApiStruct):
    """TODO."""

    target_volume_attributes_class_name: str = ""
    """TODO."""
    status: str
    """TODO."""


class PersistentVolumeClaimSpec(ApiStruct):
    """TODO."""

    access_modes: tuple[str, ...] = ()
    """TODO."""
    data_source: TypedLocalObjectReference | None = None
    """TODO."""
    data_source_ref: TypedObjectReference | None = None
    """TODO."""
    resources: VolumeResourceRequirements = VolumeResourceRequirements()
    """TODO."""
    selector: LabelSelector | None = None
    """TODO."""
    storage_class_name: str | None = None
    """TODO."""
    volume_attributes_class_name: str | None = None
    """TODO."""
    volume_mode: str | None = None
    """TODO."""
    volume_name: str = ""
    """TODO."""


class PersistentVolumeClaimCondition(ApiStruct):
    """TODO."""

    last_probe_time: Time | None = written(default=None)
    """TODO."""
    last_transition_time: Time | None = written(default=None)
    """TODO."""
    message: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""
    type: str
    """TODO."""
    status: str
    """TODO."""


class PersistentVolumeClaimStatus(ApiStruct):
    """TODO."""

    access_modes: tuple[str, ...] = ()
    """TODO."""
    allocated_resource_statuses: Mapping[str, str] = {}
    """TODO."""
    allocated_resources: Mapping[str, Quantity] = {}
    """TODO."""
    capacity: Mapping[str, Quantity] = {}
    """TODO."""
    conditions: Annotated[
        tuple[PersistentVolumeClaimCondition, ...], ListMap("type"), PatchMerge("type")
    ] = ()
    """TODO."""
    current_volume_attributes_class_name: str | None = None
    """TODO."""
    modify_volume_status: ModifyVolumeStatus | None = None
    """TODO."""
    phase: str = ""
    """TODO."""


class PersistentVolumeClaim(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()
    """TODO."""
    status: PersistentVolumeClaimStatus = PersistentVolumeClaimStatus()
    """TODO."""


class PersistentVolumeClaimTemplate(ApiStruct):
    """TODO."""

    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: PersistentVolumeClaimSpec
    """TODO."""
