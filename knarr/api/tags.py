"""A view of any kind that shows the metadata of its objects and nothing else.

    Tag = tag_type(kind)            # kind: a row of the table, custom resources too
    informers.of(Tag)               # cheap to decode, small to keep
    client.delete(Tag, key)

For whoever deals with kinds it does not know, such as garbage collection. A
tag can be read, watched, patched and deleted, not created or replaced.
"""

from functools import cache
from typing import Any, cast

import msgspec

from knarr.api.kind import Kind
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct, wire_name


class Tag(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename=wire_name):
    """What a tag shows; fields that it does not know are passed over."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, labels, owners and the like."""


@cache
def tag_type(kind: Kind) -> type[ApiStruct]:
    """The type of a kind's tags, always the same one for the same row."""
    made: Any = msgspec.defstruct(
        f"{kind.name}Tag",
        (),
        bases=(Tag,),
        namespace={"served_as": kind},
        frozen=True,
        kw_only=True,
        omit_defaults=True,
    )
    return cast("type[ApiStruct]", made)
