"""What the registry is told of one version of a custom resource."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from apiserver.registry.parts import Object
from apiserver.storage.entry import Entry
from apiserver.strategies.strategy import Strategy
from knarr.api.apply.schema import Schema
from knarr.api.kind import Kind

Plain = dict[str, Any]


class Viewing(Protocol):
    """Shows stored objects in a version, and brings them back into the stored one."""

    async def shown(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Stored entries in the version clients ask for."""
        ...

    async def stored(self, obj: Object) -> Object:
        """An object of the version in the stored one."""
        ...


class Enrichment(Protocol):
    """Adds to entries the fields that only some versions of their objects have."""

    async def __call__(self, entries: Sequence[Entry]) -> None:
        """Fill in `fields` where that is not done yet; what cannot be known is logged."""
        ...


class Coercion(Protocol):
    """Makes a body an object of its version."""

    def __call__(self, plain: Plain) -> tuple[Plain, list[str]]:
        """The body without what no schema names and with defaults; what was dropped, by path."""
        ...


class CustomVersion(Struct, frozen=True, kw_only=True):
    """One version of a custom resource."""

    kind: Kind
    strategy: Strategy[Any]
    merging: Schema
    """How its fields merge on apply."""
    coerce: Coercion
    selectable: Mapping[str, str]
    """Fields that selectors may name, and where in the object they are."""
    viewing: Viewing | None
    """None where what is stored needs no view."""
    own_fields: str = ""
    """What stands before the names of fields in entries that only this version has."""
