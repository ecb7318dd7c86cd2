"""How each part of an object merges.

Built-in kinds take it from the marks in their types, custom resources from the
OpenAPI schema of their definition. What no schema describes is deduced from
the value: maps merge, lists are taken as a whole.
"""

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any, Literal

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.shapes import Field, Shape, shape_of
from knarr.api.structs import ApiStruct

SchemaKind = Literal["string", "numeric", "boolean", "scalar", "map", "list", "deduced"]
Keys = tuple[tuple[str, Any], ...]


class Schema:
    """How one value merges; `fields` are made when they are first asked for."""

    def __init__(  # one argument for each independent property of a node
        self,
        kind: SchemaKind,
        *,
        fields: "Callable[[], Mapping[str, Schema]] | None" = None,
        element: "Callable[[], Schema] | None" = None,
        atomic: bool = False,
        keys: Keys = (),
        open_ended: bool = False,
    ) -> None:
        self.kind = kind
        self.atomic = atomic
        self.keys = keys
        """Names and defaults of the fields that tell a list's items apart; none for a set."""
        self.open_ended = open_ended
        """Whether fields that are not declared are fine."""
        self._fields = fields
        self._element = element

    @cached_property
    def is_leaf(self) -> bool:
        """Whether every value is taken as a whole; a deduced one may or may not be."""
        return self.atomic or self.kind not in ("map", "list", "deduced")

    @cached_property
    def entries(self) -> "Mapping[str, tuple[str, Schema]]":
        """The declared fields: their path element and schema by name."""
        return {name: (f"f:{name}", schema) for name, schema in self.fields.items()}

    @cached_property
    def fields(self) -> "Mapping[str, Schema]":
        """The declared fields of a map."""
        return self._fields() if self._fields is not None else {}

    @cached_property
    def element(self) -> "Schema | None":
        """What a list's items are, or the values of a map under keys of any name."""
        return self._element() if self._element is not None else None

    def child(self, name: str) -> "Schema | None":
        """The schema of one field, None when it is not declared."""
        found = self.fields.get(name)
        if found is not None:
            return found
        return self.element or (DEDUCED if self.open_ended else None)


DEDUCED = Schema("deduced", open_ended=True)
"""No schema: what a value is decides how it merges."""

_ATOMIC = Schema("scalar", atomic=True)
_SCALARS: Mapping[str, Schema] = {
    "string": Schema("string"),
    "time": Schema("string"),
    "microtime": Schema("string"),
    "base64": Schema("string"),
    "int32": Schema("numeric"),
    "int64": Schema("numeric"),
    "number": Schema("numeric"),
    "bool": Schema("boolean"),
    "quantity": Schema("scalar"),
    "int-or-string": Schema("scalar"),
    "raw": _ATOMIC,
}


def schema_of(struct: type[ApiStruct]) -> Schema:
    """The schema of a built-in type."""
    return _shared_struct(struct)


def _struct(shape: Shape, *, atomic: bool) -> Schema:
    """A struct that merges field by field, or not."""
    return Schema(
        "map",
        fields=lambda: {name: _of_field(field) for name, field in shape.fields.items()},
        atomic=atomic,
    )


@cache
def _shared_struct(struct: type[ApiStruct]) -> Schema:
    shape = shape_of(struct)
    return _struct(shape, atomic=shape.is_atomic_struct)


def _of_field(field: Field) -> Schema:
    return _of_shape(field.shape, field)


def _of_shape(shape: Shape, field: Field | None = None) -> Schema:
    if shape.kind == "struct":
        assert shape.struct is not None
        if field is not None and (field.atomic or field.granular):
            return _struct(shape, atomic=field.atomic)
        return _shared_struct(shape.struct)
    if shape.kind == "map":
        item = shape.item
        assert item is not None
        atomic = field is not None and field.atomic
        return Schema("map", element=lambda: _of_shape(item), atomic=atomic)
    if shape.kind == "list":
        return _of_list(shape, field)
    return _SCALARS[shape.kind]


def _of_list(shape: Shape, field: Field | None) -> Schema:
    item = shape.item
    assert item is not None
    keys: Keys = ()
    is_set = False
    if field is not None:
        is_set = field.list_is_set
        keys = tuple((key, _key_default(item.fields[key])) for key in field.list_keys)
    return Schema(
        "list", element=lambda: _of_shape(item), atomic=not keys and not is_set, keys=keys
    )


def _key_default(field: Field) -> Any:
    """What an item is told apart by that leaves the key out; a required one counts as empty."""
    if field.published_default is not None or not field.required:
        return field.published_default
    return field.shape.zero()


def from_open_api(definition: Mapping[str, Any] | None) -> Schema:
    """The schema of a custom resource from its `openAPIV3Schema`; DEDUCED without one."""
    if definition is None:
        return DEDUCED
    top = _from_open_api(definition)
    fields = {
        **top.fields,
        "apiVersion": _SCALARS["string"],
        "kind": _SCALARS["string"],
        "metadata": _shared_struct(ObjectMeta),
    }
    return Schema("map", fields=lambda: fields, open_ended=top.open_ended)


_OPEN_API_SCALARS: Mapping[str, SchemaKind] = {
    "string": "string",
    "integer": "numeric",
    "number": "numeric",
    "boolean": "boolean",
}


def _from_open_api(definition: Mapping[str, Any]) -> Schema:
    kind = definition.get("type", "")
    if definition.get("x-kubernetes-int-or-string"):
        return Schema("scalar")
    if kind in _OPEN_API_SCALARS:
        return Schema(_OPEN_API_SCALARS[kind])
    if kind == "array":
        return _list_from_open_api(definition)
    if kind == "object":
        return _map_from_open_api(definition)
    return DEDUCED


def _list_from_open_api(definition: Mapping[str, Any]) -> Schema:
    items = definition.get("items") or {}
    list_type = definition.get("x-kubernetes-list-type", "atomic")
    properties = items.get("properties") or {}
    keys: Keys = ()
    if list_type == "map":
        keys = tuple(
            (key, (properties.get(key) or {}).get("default"))
            for key in definition.get("x-kubernetes-list-map-keys") or ()
        )
    return Schema(
        "list",
        element=lambda: _from_open_api(items),
        atomic=list_type == "atomic",
        keys=keys,
    )


def _map_from_open_api(definition: Mapping[str, Any]) -> Schema:
    properties = definition.get("properties") or {}
    additional = definition.get("additionalProperties")
    open_ended = bool(definition.get("x-kubernetes-preserve-unknown-fields")) or not properties
    if definition.get("x-kubernetes-embedded-resource"):
        properties = {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            **properties,
        }
    element = (lambda: _from_open_api(additional)) if isinstance(additional, Mapping) else None
    return Schema(
        "map",
        fields=lambda: {name: _from_open_api(each) for name, each in properties.items()},
        element=element,
        atomic=definition.get("x-kubernetes-map-type") == "atomic",
        open_ended=open_ended,
    )
