"""Merge patch (RFC 7396): objects merge, null removes, all else replaces."""

from typing import Any

import msgspec

from knarr.api.json_text import syntax_error
from knarr.api.patches.errors import PatchTextError, json_kind


def read(data: bytes) -> dict[str, Any]:
    """The patch of a text. Raise PatchTextError."""
    try:
        patch = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise PatchTextError(f"error decoding patch: {syntax_error(data) or error}") from error
    if patch is None:
        raise PatchTextError("Invalid JSON Patch")
    if not isinstance(patch, dict):
        raise PatchTextError(
            f"error decoding patch: json: cannot unmarshal {json_kind(patch)} into Go value "
            "of type map[string]interface {}"
        )
    return patch


def apply(document: Any, patch: Any) -> Any:
    """The document with the patch merged in."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = apply(merged.get(key), value)
    return merged


def diff(before: Any, after: Any) -> dict[str, Any]:
    """The smallest patch that turns `before` into `after`, both objects."""
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        if key not in before:
            patch[key] = value
        elif isinstance(value, dict) and isinstance(before[key], dict):
            if inner := diff(before[key], value):
                patch[key] = inner
        elif value != before[key]:
            patch[key] = value
    return patch
