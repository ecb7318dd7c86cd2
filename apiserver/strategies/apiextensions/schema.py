"""Rules of the schema of a custom resource, read as plain JSON."""

import re
from collections.abc import Iterator
from typing import Any

from apiserver.strategies.apiextensions.defaults import defaults
from apiserver.strategies.apiextensions.list_types import list_and_map_types
from apiserver.strategies.apiextensions.schema_expressions import validations
from apiserver.strategies.apiextensions.structural import structural
from knarr.api.field_errors import FieldError, forbidden, invalid, not_supported

Plain = dict[str, Any]

TYPES = ("array", "boolean", "integer", "number", "object", "string")
UNSUPPORTED = (
    "id",
    "additionalItems",
    "patternProperties",
    "definitions",
    "dependencies",
    "$ref",
)
FORMATS = frozenset(
    {
        "bsonobjectid", "uri", "email", "hostname", "ipv4", "ipv6", "cidr", "mac", "uuid",
        "uuid3", "uuid4", "uuid5", "isbn", "isbn10", "isbn13", "creditcard", "ssn", "hexcolor",
        "rgbcolor", "byte", "password", "date", "duration", "datetime", "date-time", "int32",
        "int64", "float", "double", "k8s-short-name", "k8s-long-name",
    }
)  # fmt: skip


def schema(given: Plain, path: str) -> Iterator[FieldError]:
    """All rules of a whole schema: its words, its structure, its defaults."""
    errors = []
    if given.get("nullable"):
        errors.append(forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    errors += _words(given, path, in_meta=False, is_root=True)
    if not errors:
        errors += structural(given, path)
    if not errors:
        errors += defaults(given, path)
    yield from errors


def children(given: Plain, path: str) -> Iterator[tuple[Plain, str]]:
    """The schemas within a schema, with their paths."""
    for name in ("additionalProperties", "items", "not"):
        if isinstance(given.get(name), dict):
            yield given[name], f"{path}.{name}"
    for name in ("properties", "definitions"):
        for key, each in sorted((given.get(name) or {}).items()):
            yield each, f"{path}.{name}[{key}]"
    for name in ("allOf", "oneOf", "anyOf"):
        for i, each in enumerate(given.get(name) or ()):
            yield each, f"{path}.{name}[{i}]"


def _words(
    given: Plain, path: str, *, in_meta: bool, is_root: bool, uncorrelatable: str = ""
) -> list[FieldError]:
    errors = list(_own_words(given, path, in_meta=in_meta))
    extra = given.get("additionalProperties")
    if extra not in (None, False) and given.get("properties"):
        errors.append(
            forbidden(
                f"{path}.additionalProperties",
                "additionalProperties and properties are mutual exclusive",
            )
        )
    for each, at in children(given, path):
        inside = in_meta or (is_root and at == f"{path}.properties[metadata]")
        # Items of a list are told apart only when it is a map.
        is_lost = at == f"{path}.items" and given.get("x-kubernetes-list-type") != "map"
        within = uncorrelatable or (path if is_lost else "")
        errors += _words(each, at, in_meta=inside, is_root=False, uncorrelatable=within)
    errors += list_and_map_types(given, path)
    errors += validations(given, path, uncorrelatable)
    return errors


def _own_words(given: Plain, path: str, *, in_meta: bool) -> Iterator[FieldError]:
    if in_meta and given.get("default") is not None:
        yield forbidden(f"{path}.default", "must not be set in top-level metadata")
    for name in UNSUPPORTED:
        if given.get(name):
            yield forbidden(f"{path}.{name}", f"{name} is not supported")
    yield from _type(given.get("type", ""), f"{path}.type")
    if isinstance(given.get("items"), list):
        yield forbidden(f"{path}.items", "items must be a schema object and not an array")
    if given.get("uniqueItems"):
        yield forbidden(
            f"{path}.uniqueItems",
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        )
    yield from _pattern(given.get("pattern", ""), f"{path}.pattern")
    if given.get("x-kubernetes-preserve-unknown-fields") is False:
        yield invalid(
            f"{path}.x-kubernetes-preserve-unknown-fields",
            given["x-kubernetes-preserve-unknown-fields"],
            "must be true or undefined",
        )


def _type(kind: str, path: str) -> Iterator[FieldError]:
    if kind == "null":
        yield forbidden(path, "type cannot be set to null, use nullable as an alternative")
    elif kind and kind not in TYPES:
        yield not_supported(path, kind, TYPES)


def _pattern(pattern: str, path: str) -> Iterator[FieldError]:
    try:
        re.compile(pattern)
    except re.error as error:
        yield invalid(
            path,
            pattern,
            f"must be a valid regular expression, but isn't: {_go_words(pattern, error)}",
        )


def _go_words(pattern: str, error: re.error) -> str:
    if "unterminated subpattern" in error.msg or "missing )" in error.msg:
        return f"error parsing regexp: missing closing ): `{pattern}`"
    if "unterminated character set" in error.msg:
        return f"error parsing regexp: missing closing ]: `{pattern[error.pos or 0 :]}`"
    if "nothing to repeat" in error.msg:
        position = error.pos or 0
        return (
            "error parsing regexp: missing argument to repetition operator: "
            f"`{pattern[position : position + 1]}`"
        )
    return f"error parsing regexp: {error.msg}: `{pattern}`"


def unknown_formats(given: Plain) -> list[str]:
    """The formats in a schema that nothing checks."""
    found = {given["format"]} if given.get("format") and given["format"] not in FORMATS else set()
    for each, _ in children(given, ""):
        found.update(unknown_formats(each))
    return sorted(found)
