"""The types of persistent volume claim in core/v1."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.references import TypedLocalObjectReference, TypedObjectReference
from knarr.api.core.resources import VolumeResourceRequirements
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Quantity, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class ModifyVolumeStatus(ApiStruct):
    """How far a change of a volume's attributes has come."""

    target_volume_attributes_class_name: str = ""
    """Class it changes to."""
    status: str
    """Pending, InProgress or Infeasible."""


class PersistentVolumeClaimSpec(ApiStruct):
    """What storage is asked for."""

    access_modes: tuple[str, ...] = ()
    """Ways it must be usable in."""
    data_source: TypedLocalObjectReference | None = None
    """Snapshot or claim it is filled from."""
    data_source_ref: TypedObjectReference | None = None
    """The same for any kind of object, also in other namespaces."""
    resources: VolumeResourceRequirements = VolumeResourceRequirements()
    """How much storage, under requests.storage."""
    selector: LabelSelector | None = None
    """Chooses among volumes by their labels."""
    storage_class_name: str | None = None
    """Class that makes the storage; "" for one made by hand.

    The server fills in the default class when absent.
    """
    volume_attributes_class_name: str | None = None
    """Class of attributes the storage gets."""
    volume_mode: str | None = None
    """Filesystem or Block. The server fills in Filesystem."""
    volume_name: str = ""
    """Volume it is bound to."""


class PersistentVolumeClaimCondition(ApiStruct):
    """How far a change of a claim has come."""

    last_probe_time: Time | None = written(default=None)
    """Moment it was last looked at."""
    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """What the condition says, such as Resizing."""
    status: str
    """What was observed last."""


class PersistentVolumeClaimStatus(ApiStruct):
    """What a claim got."""

    access_modes: tuple[str, ...] = ()
    """Ways the volume can be used in."""
    allocated_resource_statuses: Mapping[str, str] = {}
    """How far a change of size has come."""
    allocated_resources: Mapping[str, Quantity] = {}
    """Size that is being made."""
    capacity: Mapping[str, Quantity] = {}
    """What the volume offers."""
    conditions: Annotated[
        tuple[PersistentVolumeClaimCondition, ...], ListMap("type"), PatchMerge("type")
    ] = ()
    """What holds and what does not, one entry a type."""
    current_volume_attributes_class_name: str | None = None
    """Class of attributes the volume has."""
    modify_volume_status: ModifyVolumeStatus | None = None
    """How far a change of attributes has come."""
    phase: str = ""
    """Pending, Bound or Lost."""


class PersistentVolumeClaim(ApiStruct):
    """A wish for storage, bound to a volume that meets it."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()
    """What is wanted."""
    status: PersistentVolumeClaimStatus = PersistentVolumeClaimStatus()
    """What was observed last."""


class PersistentVolumeClaimTemplate(ApiStruct):
    """A claim made together with a pod and gone with it."""

    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: PersistentVolumeClaimSpec
    """What is wanted."""
