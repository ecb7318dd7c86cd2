"""Rules that make a schema structural: every field's type stands where the field does."""

from collections.abc import Iterator
from typing import Any

from knarr.api.field_errors import FieldError, forbidden, invalid, required

Plain = dict[str, Any]

PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
INT_OR_STRING = "x-kubernetes-int-or-string"
NO_TYPE = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
NESTED = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    (PRESERVE, "must be false to be structural"),
    (EMBEDDED, "must be false to be structural"),
    (INT_OR_STRING, "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
)


def structural(given: Plain, path: str, level: str = "root") -> Iterator[FieldError]:
    """The rules of one schema and of those within it."""
    if isinstance(given.get("items"), dict):
        yield from structural(given["items"], f"{path}.items", "item")
    for name, each in sorted((given.get("properties") or {}).items()):
        yield from structural(each, f"{path}.properties[{name}]", "field")
    extra = given.get("additionalProperties")
    if extra is not None:
        if level == "root":
            yield forbidden(f"{path}.additionalProperties", "must not be used at the root")
        if isinstance(extra, dict):
            yield from structural(extra, f"{path}.additionalProperties", "field")
    yield from _extensions(given, path)
    yield from _combined(given, path)
    yield from _type(given, path, level)
    if level == "root" or given.get(EMBEDDED):
        yield from _metadata(given.get("properties") or {}, path)


def _extensions(given: Plain, path: str) -> Iterator[FieldError]:
    if given.get(INT_OR_STRING):
        for name in (PRESERVE, EMBEDDED):
            if given.get(name):
                yield invalid(
                    f"{path}.{name}", given[name], f"must be false if {INT_OR_STRING} is true"
                )
        if given.get("type"):
            yield invalid(
                f"{path}.type", given["type"], f"must be empty if {INT_OR_STRING} is true"
            )
    if given.get(EMBEDDED) and not given.get(PRESERVE) and not given.get("properties"):
        yield required(
            f"{path}.properties",
            f"must not be empty if {EMBEDDED} is true without {PRESERVE}",
        )


def _type(given: Plain, path: str, level: str) -> Iterator[FieldError]:
    kind = given.get("type", "")
    if given.get(EMBEDDED) and kind != "object":
        told = f"must be object if {EMBEDDED} is true"
        yield invalid(f"{path}.type", kind, told) if kind else required(f"{path}.type", told)
    elif not kind and not given.get(INT_OR_STRING) and not given.get(PRESERVE):
        yield required(f"{path}.type", NO_TYPE[level])
    if given.get(EMBEDDED) and given.get("additionalProperties") is not None:
        yield forbidden(f"{path}.additionalProperties", f"must not be used if {EMBEDDED} is set")
    if level == "root" and kind and kind != "object":
        yield invalid(f"{path}.type", kind, "must be object at the root")
    if kind == "array" and given.get("items") is None:
        yield required(f"{path}.items", "must be specified")


def _metadata(properties: Plain, path: str) -> Iterator[FieldError]:
    for name, wanted in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
        each = properties.get(name)
        if each is not None and each.get("type") != wanted:
            yield invalid(
                f"{path}.properties[{name}].type", each.get("type", ""), f"must be {wanted}"
            )
    metadata = properties.get("metadata")
    if metadata is None:
        return
    allowed = {"type", "description", "title", "properties"}
    names = set(metadata.get("properties") or {})
    if set(metadata) - allowed or names - {"name", "generateName"}:
        yield forbidden(
            f"{path}.properties[metadata]",
            "must not specify anything other than name and generateName, but metadata is "
            "implicitly specified",
        )


def _combined(given: Plain, path: str) -> Iterator[FieldError]:
    for name in ("allOf", "anyOf", "oneOf"):
        if name == "anyOf" and _is_int_or_string(given):
            continue
        for i, each in enumerate(given.get(name) or ()):
            if i == 0 and name == "allOf" and given.get(INT_OR_STRING) and _is_pattern(each):
                continue
            yield from _nested(each, f"{path}.{name}[{i}]")
    if isinstance(given.get("not"), dict):
        yield from _nested(given["not"], f"{path}.not")


def _is_int_or_string(given: Plain) -> bool:
    return bool(given.get(INT_OR_STRING)) and _is_pattern(given)


def _is_pattern(given: Plain) -> bool:
    types = [each.get("type") for each in given.get("anyOf") or () if len(each) == 1]
    return types == ["integer", "string"] and len(given["anyOf"]) == 2


def _nested(given: Plain, path: str) -> Iterator[FieldError]:
    yield from _combined(given, path)
    if isinstance(given.get("items"), dict):
        yield from _nested(given["items"], f"{path}.items")
    for name, each in sorted((given.get("properties") or {}).items()):
        yield from _nested(each, f"{path}.properties[{name}]")
    for name, told in NESTED:
        if given.get(name):
            yield forbidden(f"{path}.{name}", told)
    if "metadata" in (given.get("properties") or {}):
        yield forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")
