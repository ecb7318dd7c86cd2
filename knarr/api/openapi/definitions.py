"""A schema for each type, in the words of OpenAPI v2 or v3."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal

from knarr.api.explain import field_docs, type_doc
from knarr.api.kind import Kind
from knarr.api.meta.object_meta import ListMeta
from knarr.api.shapes import Field, Shape, shape_of
from knarr.api.structs import ApiStruct

Version = Literal[2, 3]
Plain = dict[str, Any]

GVK = "x-kubernetes-group-version-kind"
_PREFIX: Mapping[Version, str] = {2: "#/definitions/", 3: "#/components/schemas/"}
_MACHINERY = "io.k8s.apimachinery.pkg"

_PACKAGES: Mapping[str, str] = {
    "meta": f"{_MACHINERY}.apis.meta.v1",
    "apiextensions": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1",
    "apiregistration": "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1",
    "version": f"{_MACHINERY}.version",
    "autoscaling": "io.k8s.api.autoscaling.v2",
}
_NAMED_SCALARS: Mapping[str, str] = {
    "time": f"{_MACHINERY}.apis.meta.v1.Time",
    "microtime": f"{_MACHINERY}.apis.meta.v1.MicroTime",
    "quantity": f"{_MACHINERY}.api.resource.Quantity",
    "int-or-string": f"{_MACHINERY}.util.intstr.IntOrString",
    "raw": f"{_MACHINERY}.runtime.RawExtension",
}
_EXTENSIONS = _PACKAGES["apiextensions"]
_RAW_FIELDS: Mapping[str, str] = {
    "fieldsV1": f"{_MACHINERY}.apis.meta.v1.FieldsV1",
    "additionalItems": f"{_EXTENSIONS}.JSONSchemaPropsOrBool",
    "additionalProperties": f"{_EXTENSIONS}.JSONSchemaPropsOrBool",
    "default": f"{_EXTENSIONS}.JSON",
    "dependencies": f"{_EXTENSIONS}.JSONSchemaPropsOrStringArray",
    "enum": f"{_EXTENSIONS}.JSON",
    "example": f"{_EXTENSIONS}.JSON",
    "items": f"{_EXTENSIONS}.JSONSchemaPropsOrArray",
}
"""Raw fields whose definition has a name of its own."""
_PLAIN_SCALARS: Mapping[str, Plain] = {
    "string": {"type": "string"},
    "base64": {"type": "string", "format": "byte"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "number": {"type": "number", "format": "double"},
    "bool": {"type": "boolean"},
}
_OF_SCALARS: Mapping[str, Plain] = {
    _NAMED_SCALARS["time"]: {"type": "string", "format": "date-time"},
    _NAMED_SCALARS["microtime"]: {"type": "string", "format": "date-time"},
    _NAMED_SCALARS["raw"]: {"type": "object"},
    _RAW_FIELDS["fieldsV1"]: {"type": "object"},
    **{name: {} for name in _RAW_FIELDS.values() if name.startswith(_EXTENSIONS)},
}


@cache
def name_of(struct: type[ApiStruct]) -> str:
    """The name under which a type's definition stands."""
    group = struct.__module__.split(".")[2]
    name = struct.__name__
    if group == "autoscaling" and ("V1" in name or struct.__module__.endswith(".scale")):
        return f"io.k8s.api.autoscaling.v1.{name.removesuffix('V1')}"
    return f"{_PACKAGES.get(group, f'io.k8s.api.{group}.v1')}.{name}"


class Definitions:
    """Collects the definitions that a document refers to."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._made: dict[str, Plain] = {}

    def __iter__(self) -> Iterator[str]:
        """The names collected so far, in order."""
        return iter(sorted(self._made))

    def sorted(self) -> dict[str, Plain]:
        """The definitions by name."""
        return {name: self._made[name] for name in sorted(self._made)}

    def reference(self, struct: type[ApiStruct]) -> Plain:
        """A reference to a type's definition, which is made when it is the first."""
        name = name_of(struct)
        if name not in self._made:
            self._made[name] = {}
            self._made[name] = self._definition(struct)
        return {"$ref": _PREFIX[self._version] + name}

    def kind(self, kind: Kind) -> Plain:
        """A reference to the objects of a built-in kind."""
        reference = self.reference(kind.type)
        self._mark(name_of(kind.type), kind, kind.name)
        return reference

    def list_of(self, kind: Kind) -> Plain:
        """A reference to the lists of a built-in kind."""
        item = self.kind(kind)
        list_name = kind.list_name or f"{kind.name}List"
        name = f"{name_of(kind.type).rpartition('.')[0]}.{list_name}"
        if name not in self._made:
            self._made[name] = {
                "description": f"{list_name} is a list of {kind.name} objects.",
                "type": "object",
                "required": ["items"],
                "properties": {
                    **_type_fields(),
                    "items": {
                        "description": "The objects.",
                        "type": "array",
                        "items": self._wrapped(item, {"default": {}}),
                    },
                    "metadata": self._wrapped(
                        self.reference(ListMeta),
                        {"description": "Revision and paging of the list.", "default": {}},
                    ),
                },
            }
            self._mark(name, kind, list_name)
        return {"$ref": _PREFIX[self._version] + name}

    def custom(self, name: str, schema: Plain, kinds: Sequence[Kind]) -> Plain:
        """A reference to a definition that a custom resource brought along."""
        self._made[name] = dict(schema)
        for kind in kinds:
            self._mark(name, kind, kind.name)
        return {"$ref": _PREFIX[self._version] + name}

    def _mark(self, name: str, kind: Kind, word: str) -> None:
        marks: list[Plain] = self._made[name].setdefault(GVK, [])
        mark = {"group": kind.group, "kind": word, "version": kind.version}
        if mark not in marks:
            marks.append(mark)

    def _definition(self, struct: type[ApiStruct]) -> Plain:
        shape = shape_of(struct)
        docs = field_docs(struct)
        made: Plain = {"description": type_doc(struct), "type": "object"}
        required = sorted(name for name, field in shape.fields.items() if field.required)
        if required:
            made["required"] = required
        if shape.fields:
            made["properties"] = {
                name: self._field(shape.fields[name], docs) for name in sorted(shape.fields)
            }
        if shape.is_atomic_struct:
            made["x-kubernetes-map-type"] = "atomic"
        return made

    def _field(self, field: Field, docs: Mapping[str, str]) -> Plain:
        extra: Plain = {"description": docs.get(field.attribute, "")}
        if field.published_default is not None:
            extra["default"] = field.published_default
        elif field.shape.kind == "struct" and not field.shape.nullable and self._version == 3:
            extra["default"] = {}
        extra.update(_merging(field))
        return self._of_shape(field.shape, extra, _RAW_FIELDS.get(field.name))

    def _of_shape(self, shape: Shape, extra: Plain, raw: str | None = None) -> Plain:
        if shape.kind == "list" and shape.item is not None:
            return {**extra, "type": "array", "items": self._item(shape.item, raw)}
        if shape.kind == "map" and shape.item is not None:
            return {**extra, "type": "object", "additionalProperties": self._item(shape.item, raw)}
        if shape.struct is not None:
            return self._wrapped(self.reference(shape.struct), extra)
        if shape.kind == "raw" and raw is not None:
            return self._wrapped(self._named(raw), extra)
        if shape.kind in _NAMED_SCALARS:
            return self._wrapped(self._named(_NAMED_SCALARS[shape.kind]), extra)
        return {**extra, **_PLAIN_SCALARS[shape.kind]}

    def _item(self, shape: Shape, raw: str | None) -> Plain:
        extra = {"default": _zero(shape)} if self._version == 3 and shape.kind != "raw" else {}
        return self._of_shape(shape, extra, raw)

    def _named(self, name: str) -> Plain:
        if name not in self._made:
            self._made[name] = dict(_OF_SCALARS[name] if name in _OF_SCALARS else self._either())
        return {"$ref": _PREFIX[self._version] + name}

    def _either(self) -> Plain:
        if self._version == 2:
            return {"type": "string", "format": "int-or-string"}
        return {"oneOf": [{"type": "string"}, {"type": "number"}], "format": "int-or-string"}

    def _wrapped(self, reference: Plain, extra: Plain) -> Plain:
        if self._version == 2:
            kept = {name: value for name, value in extra.items() if name != "default"}
            return {**kept, **reference}
        return {**extra, "allOf": [reference]}


def _zero(shape: Shape) -> Any:
    return {} if shape.kind in ("struct", "map") else shape.zero()


def _merging(field: Field) -> Plain:
    extra: Plain = {}
    if field.shape.kind == "list":
        extra["x-kubernetes-list-type"] = "set" if field.list_is_set else "atomic"
        if field.list_keys:
            extra["x-kubernetes-list-map-keys"] = list(field.list_keys)
            extra["x-kubernetes-list-type"] = "map"
    if field.atomic or field.granular:
        extra["x-kubernetes-map-type"] = "atomic" if field.atomic else "granular"
    strategies = ["merge"] if field.patch is not None else []
    if field.retain_keys:
        strategies.append("retainKeys")
    if field.patch is not None and field.patch.key:
        extra["x-kubernetes-patch-merge-key"] = field.patch.key
    if strategies:
        extra["x-kubernetes-patch-strategy"] = ",".join(strategies)
    return extra


def _type_fields() -> Plain:
    return {
        "apiVersion": {
            "description": "Group and version of this form, such as `apps/v1`.",
            "type": "string",
        },
        "kind": {"description": "Name of the kind, such as `Pod`.", "type": "string"},
    }
