"""Descriptions of kinds that have no writer of their own: their fields as a tree."""

import re
from typing import Any

from knarr.cli.describing.sheet import About, Sheet, events, head
from knarr.cli.output.go_words import go_words

Json = dict[str, Any]


def generic(sheet: Sheet, obj: Json, about: About) -> None:
    """Any object."""
    head(sheet, obj)
    shown = ("name", "namespace", "labels", "annotations", "managedFields")
    metadata = {key: value for key, value in obj["metadata"].items() if key not in shown}
    _map(sheet, {**obj, "metadata": metadata}, 0)
    events(sheet, about)


_ACRONYMS = frozenset({"api", "guid", "uid", "url"})
_LONE = re.compile(r"(?<![A-Z])([A-Z])(?=[A-Z][a-z])")


def title(key: str) -> str:
    """`restartPolicy` as `Restart Policy`."""
    if not key.replace("-", "a").isalpha():
        return key
    parts = re.split(r"(?<=[a-z])(?=[A-Z])|(-)", _LONE.sub(r"\1\0", key))
    words = [word for part in parts if part for word in part.split("\0")]
    return " ".join(
        word.upper() if word.lower() in _ACRONYMS else word[:1].upper() + word[1:] for word in words
    )


def _map(sheet: Sheet, value: Json, level: int) -> None:
    for key in sorted(value):
        if value[key] is not None:
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
                sheet.line(go_words(item), level + 1)
    else:
        sheet.field(name, go_words(value), level)
