"""The API types as data: which fields, of which kind, merged how.

Whatever must know a type without an object of it reads this: the thorough
decoder, strategic merge patch, server-side apply, OpenAPI and explain.
"""

import types
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct, Atomic, Defaulted, Granular, ListMap, ListSet, PatchMerge
from knarr.api.structs import PatchRetainKeys as RetainKeys

ShapeKind = Literal[
    "string",
    "int32",
    "int64",
    "number",
    "bool",
    "quantity",
    "time",
    "microtime",
    "int-or-string",
    "base64",
    "raw",
    "struct",
    "list",
    "map",
]

_TITLES: dict[str, ShapeKind] = {"Time": "time", "MicroTime": "microtime", "Base64": "base64"}
_SCALARS: dict[Any, ShapeKind] = {
    str: "string",
    int: "int64",
    float: "number",
    bool: "bool",
    Quantity: "quantity",
}
_ZEROS: dict[ShapeKind, Any] = {
    "string": "",
    "base64": "",
    "int32": 0,
    "int64": 0,
    "number": 0.0,
    "bool": False,
    "quantity": "0",
    "int-or-string": 0,
}


class Shape(Struct, frozen=True, dict=True):
    """What kind of value stands somewhere; for lists and maps, of what items."""

    kind: ShapeKind
    struct: type[ApiStruct] | None = None
    item: "Shape | None" = None
    nullable: bool = False
    """Whether absence is a value of its own, apart from the zero value."""

    @cached_property
    def fields(self) -> "Mapping[str, Field]":
        """The fields of a struct by wire name; empty for all else."""
        return fields_of(self.struct) if self.struct is not None else {}

    @property
    def is_atomic_struct(self) -> bool:
        """Whether server-side apply takes the struct as one value."""
        return getattr(self.struct, "map_type", "") == "atomic"

    def zero(self) -> Any:
        """The JSON value that stands for nothing given, None where absence is a value."""
        if self.nullable:
            return None
        if self.kind == "list":
            return []
        if self.kind == "map":
            return {}
        if self.kind == "struct":
            return {
                name: field.shape.zero() for name, field in self.fields.items() if field.required
            }
        return _ZEROS.get(self.kind)


class Field(Struct, frozen=True):
    """One field of a type."""

    name: str
    """As it is spelt on the wire."""
    attribute: str
    """As it is spelt in Python."""
    shape: Shape
    required: bool
    default: Any
    list_keys: tuple[str, ...] = ()
    """For lists of objects told apart by keys."""
    list_is_set: bool = False
    atomic: bool = False
    """For maps and structs that are replaced as a whole."""
    granular: bool = False
    """For structs that merge here though their type is atomic elsewhere."""
    patch: PatchMerge | None = None
    retain_keys: bool = False
    published_default: str | int | None = None


@cache
def shape_of(struct: type[ApiStruct]) -> Shape:
    """The shape of a whole type."""
    return Shape("struct", struct)


@cache
def fields_of(struct: type[ApiStruct]) -> Mapping[str, Field]:
    """The fields of a type by wire name, in the order in which they are written."""
    hints = get_type_hints(struct, include_extras=True)
    return {
        info.encode_name: _field(info, hints[info.name]) for info in msgspec.structs.fields(struct)
    }


def _field(info: msgspec.structs.FieldInfo, hint: Any) -> Field:
    marks: dict[type, Any] = {}
    if get_origin(hint) is Annotated:
        marks = {type(mark): mark for mark in hint.__metadata__}
    default = info.default
    if info.default_factory is not msgspec.NODEFAULT:
        default = info.default_factory()
    keys = marks.get(ListMap)
    patch = marks.get(PatchMerge)
    defaulted = marks.get(Defaulted)
    return Field(
        name=info.encode_name,
        attribute=info.name,
        shape=_shape(hint),
        required=info.required,
        default=None if default is msgspec.NODEFAULT else default,
        list_keys=keys.keys if keys else (),
        list_is_set=ListSet in marks,
        atomic=Atomic in marks,
        granular=Granular in marks,
        patch=patch,
        retain_keys=RetainKeys in marks or bool(patch and patch.retain_keys),
        published_default=defaulted.value if defaulted else None,
    )


def _shape(hint: Any) -> Shape:
    origin = get_origin(hint)
    if origin is Annotated:
        return _annotated(hint)
    if origin in (Union, types.UnionType):
        return _union(hint)
    if origin is tuple:
        return Shape("list", item=_shape(get_args(hint)[0]))
    if origin is not None and issubclass(origin, Mapping):
        return Shape("map", item=_shape(get_args(hint)[1]))
    if hint in _SCALARS:
        return Shape(_SCALARS[hint])
    if isinstance(hint, type) and issubclass(hint, ApiStruct):
        return Shape("struct", hint)
    if origin is Literal:
        return Shape("string")
    return Shape("raw", nullable=True)


def _annotated(hint: Any) -> Shape:
    for mark in hint.__metadata__:
        if isinstance(mark, msgspec.Meta):
            if mark.title in _TITLES:
                return Shape(_TITLES[mark.title])
            if mark.ge is not None:
                return Shape("int32")
    return _shape(hint.__origin__)


def _union(hint: Any) -> Shape:
    members = [member for member in get_args(hint) if member is not type(None)]
    nullable = len(members) < len(get_args(hint))
    if int in members and str in members:
        return Shape("int-or-string", nullable=nullable)
    inner = _shape(members[0]) if len(members) == 1 else Shape("raw")
    return Shape(inner.kind, inner.struct, inner.item, nullable=nullable)
