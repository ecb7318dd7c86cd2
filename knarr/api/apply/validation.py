"""Whether an applied configuration fits its schema, in the words of Kubernetes."""

from collections.abc import Iterator
from typing import Any

from knarr.api.apply.field_sets import element_text
from knarr.api.apply.schema import Schema
from knarr.api.apply.typed import element_of
from knarr.api.patches.errors import go_kind, go_text


def complaints(value: Any, schema: Schema, path: str = "") -> Iterator[str]:
    """What does not fit, path first: `.data.a: expected string, got …`."""
    if value is None or schema.kind == "deduced":
        return
    if schema.kind == "map":
        yield from _map(value, schema, path)
    elif schema.kind == "list":
        yield from _list(value, schema, path)
    elif not schema.atomic:
        yield from _scalar(value, schema, path)


def joined(said: list[str]) -> str:
    """Several complaints as one message."""
    return said[0] if len(said) == 1 else "\n".join(["errors:", *(f"  {each}" for each in said)])


def _map(value: Any, schema: Schema, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: expected map, got &{{{go_text(value)}}}"
        return
    for name, item in value.items():
        below = schema.child(name)
        if below is None:
            yield f"{path}.{name}: field not declared in schema"
        else:
            yield from complaints(item, below, f"{path}.{name}")


def _list(value: Any, schema: Schema, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: expected list, got &{{{go_text(value)}}}"
        return
    seen: set[str] = set()
    for index, item in enumerate(value):
        element = f"i:{index}"
        if not schema.atomic:
            problem = _unkeyed(item, schema)
            if problem:
                yield f"{path}: element {index}: {problem}"
                return
            element = element_of(schema, item)
            if element in seen:
                yield f"{path}: duplicate entries for key {element_text(element)}"
            seen.add(element)
        if schema.element is not None:
            yield from complaints(item, schema.element, path + element_text(element))


def _unkeyed(item: Any, schema: Schema) -> str:
    if not schema.keys:
        if item is None:
            return "associative list without keys has an element that's an explicit null"
        if isinstance(item, dict):
            return "associative list without keys has an element that's a map type"
        return ""
    if item is None:
        return "associative list with keys may not have a null element"
    if not isinstance(item, dict):
        return "associative list with keys may not have non-map elements"
    if all(item.get(key) is None and default is None for key, default in schema.keys):
        keys = " ".join(f'"{key}"' for key, _ in schema.keys)
        return (
            f"associative list with keys has an element that omits all key fields [{keys}] "
            "(and doesn't have default values for any key fields)"
        )
    return ""


def _scalar(value: Any, schema: Schema, path: str) -> Iterator[str]:
    if schema.kind == "string" and not isinstance(value, str):
        yield f"{path}: expected string, got &value.valueUnstructured{{Value:{_go_source(value)}}}"
    elif schema.kind == "numeric" and (
        isinstance(value, bool) or not isinstance(value, int | float)
    ):
        yield f"{path}: expected numeric (int or float), got {go_kind(value)}"
    elif schema.kind == "boolean" and not isinstance(value, bool):
        yield f"{path}: expected boolean, got &{{{go_text(value)}}}"
    elif schema.kind == "scalar" and isinstance(value, dict | list):
        yield f"{path}: expected any scalar, got &{{{go_text(value)}}}"


def _go_source(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_go_source, value))}}}"
    if isinstance(value, dict):
        inner = ", ".join(f'"{key}":{_go_source(value[key])}' for key in sorted(value))
        return f"map[string]interface {{}}{{{inner}}}"
    return go_text(value)
