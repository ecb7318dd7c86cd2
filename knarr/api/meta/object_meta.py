"""The types of object meta in meta/v1."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from knarr.api.scalars import Raw, Time
from knarr.api.structs import ApiStruct, ListMap, ListSet, PatchMerge


class GroupResource(ApiStruct):
    """TODO."""

    group: str
    """TODO."""
    resource: str
    """TODO."""


class ShardInfo(ApiStruct):
    """TODO."""

    selector: str
    """TODO."""


class ListMeta(ApiStruct):
    """TODO."""

    continue_: str = ""
    """TODO."""
    remaining_item_count: int | None = None
    """TODO."""
    resource_version: str = ""
    """Version of the object."""
    self_link: str = ""
    """TODO."""
    shard_info: ShardInfo | None = None
    """TODO."""


class ManagedFieldsEntry(ApiStruct):
    """TODO."""

    manager: str = ""
    """TODO."""
    operation: str = ""
    """TODO."""
    api_version: str = ""
    """TODO."""
    time: Time | None = None
    """TODO."""
    fields_type: str = ""
    """TODO."""
    fields_v1: Raw | None = None
    """TODO."""
    subresource: str = ""
    """TODO."""


class OwnerReference(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    api_version: str
    """TODO."""
    block_owner_deletion: bool | None = None
    """TODO."""
    controller: bool | None = None
    """TODO."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""
    uid: str
    """Uid of the object."""


class ObjectMeta(ApiStruct):
    """TODO."""

    name: str = ""
    """Name of the object."""
    generate_name: str = ""
    """TODO."""
    namespace: str = ""
    """Namespace of the object."""
    self_link: str = ""
    """TODO."""
    uid: str = ""
    """Uid of the object."""
    resource_version: str = ""
    """Version of the object."""
    generation: int = 0
    """TODO."""
    creation_timestamp: Time | None = None
    """TODO."""
    deletion_timestamp: Time | None = None
    """TODO."""
    deletion_grace_period_seconds: int | None = None
    """TODO."""
    labels: Mapping[str, str] = {}
    """TODO."""
    annotations: Mapping[str, str] = {}
    """TODO."""
    owner_references: Annotated[tuple[OwnerReference, ...], ListMap("uid"), PatchMerge("uid")] = ()
    """TODO."""
    finalizers: Annotated[tuple[str, ...], ListSet(), PatchMerge()] = ()
    """TODO."""
    managed_fields: tuple[ManagedFieldsEntry, ...] = ()
    """TODO."""
