"""The cells of custom resources, from the paths of their columns."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from knarr.api import json_path, times
from knarr.api.kind import PrinterColumn
from knarr.api.printing.cells import INVALID, duration


def cell(column: PrinterColumn, obj: Mapping[str, Any], now: datetime) -> Any:
    """The value of a column, None where there is none of its type."""
    try:
        found = json_path.find(column.json_path, obj)
    except json_path.JsonPathError:
        return None
    if not found or found[0] is None:
        return None
    value = found[0]
    if column.type == "string":
        return _text(value)
    if column.type == "date":
        return _age(value, now)
    return _typed(column.type, value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value, order="sorted").decode()


def _age(value: Any, now: datetime) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        return duration(times.seconds_between(times.normalise(value), now))
    except ValueError:
        return INVALID


def _typed(wanted: str, value: Any) -> Any:
    if wanted == "boolean":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if wanted == "integer" else value
