"""The types of object meta in meta/v1."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from knarr.api.scalars import Raw, Time
from knarr.api.structs import ApiStruct, ListMap, ListSet, PatchMerge


class GroupResource(ApiStruct):
    """A resource and its group."""

    group: str
    """The group."""
    resource: str
    """The resource."""


class ShardInfo(ApiStruct):
    """Which part of all objects a list shows."""

    selector: str
    """What chooses the part."""


class ListMeta(ApiStruct):
    """What every list carries."""

    continue_: str = ""
    """Where the next page begins; empty on the last."""
    remaining_item_count: int | None = None
    """How many objects come after this page, if that is known."""
    resource_version: str = ""
    """Version of the object."""
    self_link: str = ""
    """No longer written."""
    shard_info: ShardInfo | None = None
    """Which part of all objects the list shows."""


class ManagedFieldsEntry(ApiStruct):
    """Which fields somebody manages."""

    manager: str = ""
    """Who manages them."""
    operation: str = ""
    """Apply or Update."""
    api_version: str = ""
    """Group and version in which they are named."""
    time: Time | None = None
    """Moment of the last change."""
    fields_type: str = ""
    """FieldsV1."""
    fields_v1: Raw | None = None
    """The fields."""
    subresource: str = ""
    """Subresource through which they were written."""


class OwnerReference(ApiStruct):
    """An object without which this one is not wanted."""

    map_type: ClassVar[str] = "atomic"
    api_version: str
    """Group and version of the owner."""
    block_owner_deletion: bool | None = None
    """Whether the owner, deleted in the foreground, waits for this object to go."""
    controller: bool | None = None
    """Whether it is the one that manages this object; at most one is."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""
    uid: str
    """Uid of the object."""


class ObjectMeta(ApiStruct):
    """What every object carries."""

    name: str = ""
    """Name of the object."""
    generate_name: str = ""
    """Beginning of a name that the server completes."""
    namespace: str = ""
    """Namespace of the object."""
    self_link: str = ""
    """No longer written."""
    uid: str = ""
    """Uid of the object."""
    resource_version: str = ""
    """Version of the object."""
    generation: int = 0
    """Counts changes of what is wanted."""
    creation_timestamp: Time | None = None
    """Moment it was made."""
    deletion_timestamp: Time | None = None
    """Moment by which it shall be gone; set when a delete was asked for."""
    deletion_grace_period_seconds: int | None = None
    """Seconds it is given to end."""
    labels: Mapping[str, str] = {}
    """Words by which objects are chosen."""
    annotations: Mapping[str, str] = {}
    """Further words, for programs and people."""
    owner_references: Annotated[tuple[OwnerReference, ...], ListMap("uid"), PatchMerge("uid")] = ()
    """Objects without which this one is not wanted."""
    finalizers: Annotated[tuple[str, ...], ListSet(), PatchMerge()] = ()
    """Who must agree before it goes; each takes its own word away."""
    managed_fields: tuple[ManagedFieldsEntry, ...] = ()
    """Who manages which fields."""
