"""Descriptions of kinds that have no writer of their own: their fields as a tree."""

import re
from typing import Any

from knarr.cli.describing.sheet import About, Sheet, events, head

Json = dict[str, Any]


def generic(sheet: Sheet, obj: Json, about: About) -> None:
    """Any object."""
    head(sheet, obj)
    sheet.field("API Version", obj.get("apiVersion", ""))
    sheet.field("Kind", obj.get("kind", ""))
    sheet.line("Metadata:")
    shown = ("name", "namespace", "labels", "annotations", "managedFields")
    metadata = {key: value for key, value in obj["metadata"].items() if key not in shown}
    _map(sheet, metadata, 1)
    rest = {
        key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")
    }
    _map(sheet, rest, 0)
    events(sheet, about)


def title(key: str) -> str:
    """`restartPolicy` as `Restart Policy`."""
    if not re.fullmatch(r"[a-z][A-Za-z0-9]*", key):
        return key
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", key)
    return words[:1].upper() + words[1:]


def _map(sheet: Sheet, value: Json, level: int) -> None:
    for key in sorted(value):
        _value(sheet, title(key), value[key], level)


def _value(sheet: Sheet, name: str, value: Any, level: int) -> None:
    if isinstance(value, dict):
        sheet.line(f"{name}:", level)
        _map(sheet, value, level + 1)
    elif isinstance(value, list):
        sheet.line(f"{name}:", level)
        for item in value:
            if isinstance(item, dict):
                _map(sheet, item, level + 1)
            else:
                sheet.line(_text(item), level + 1)
    else:
        sheet.field(name, _text(value), level)


def _text(value: Any) -> str:
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)
