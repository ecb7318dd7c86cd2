"""Explains custom resources by the schema of their definition."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from knarr.api.kind import Kind
from knarr.cli.failures import CliError

Json = dict[str, Any]

_WIDTH = 80
_ALWAYS: Json = {
    "apiVersion": {"type": "string", "description": "Group and version of this representation."},
    "kind": {"type": "string", "description": "The kind of this object."},
    "metadata": {"type": "ObjectMeta", "description": "Name, labels and the like."},
}


def explain_custom(
    schema: Json, kind: Kind, path: Sequence[str], *, recursive: bool = False
) -> str:
    """The text for a custom kind or a field of it. Raise CliError."""
    properties = {**(schema.get("properties") or {}), **_ALWAYS}
    schema = {**schema, "properties": properties}
    lines = [f"GROUP:      {kind.group}", f"KIND:       {kind.name}", f"VERSION:    {kind.version}"]
    lines.append("")
    at = schema
    for place, name in enumerate(path):
        inner = _inner(at)
        found = (inner.get("properties") or {}).get(name)
        if found is None:
            raise CliError(f'field "{name}" does not exist')
        if place == len(path) - 1:
            lines += [f"FIELD: {name} <{_type(found)}>{_required(inner, name)}", ""]
        at = found
    lines += ["DESCRIPTION:", *_wrapped(at.get("description") or "<empty>"), ""]
    inner = _inner(at)
    if inner.get("properties"):
        lines.append("FIELDS:")
        lines += _tree(inner, 2) if recursive else _fields(inner)
    return "\n".join(lines) + "\n"


def _inner(schema: Json) -> Json:
    while schema.get("type") == "array":
        schema = schema.get("items") or {}
    return schema


def _type(schema: Json) -> str:
    kind = schema.get("type", "Object")
    if kind == "array":
        return f"[]{_type(schema.get('items') or {})}"
    if kind == "object":
        more = schema.get("additionalProperties")
        return f"map[string]{_type(more)}" if isinstance(more, dict) else "Object"
    return str(kind)


def _required(schema: Json, name: str) -> str:
    return " -required-" if name in (schema.get("required") or ()) else ""


def _fields(schema: Json) -> Iterator[str]:
    for name, one in sorted(schema["properties"].items()):
        yield f"  {name}\t<{_type(one)}>{_required(schema, name)}"
        yield from _wrapped(one.get("description") or "<no description>")
        yield ""


def _tree(schema: Json, indent: int) -> Iterator[str]:
    for name, one in sorted((schema.get("properties") or {}).items()):
        yield f"{' ' * indent}{name}\t<{_type(one)}>{_required(schema, name)}"
        yield from _tree(_inner(one), indent + 2)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH - 4, initial_indent="    ", subsequent_indent="    ")
