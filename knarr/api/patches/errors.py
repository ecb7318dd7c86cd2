"""What can be wrong with a patch.

PatchError
├── PatchTextError     400: the text is no patch
├── PatchFormatError   400: a directive is malformed
└── PatchTestError     422: an operation does not fit the object
A PatchError of no such class is a 500, as in Kubernetes.
"""

from typing import Any


class PatchError(ValueError):
    """The patch cannot be applied; the message says why in Kubernetes' words."""


class PatchTextError(PatchError):
    """The text is no patch of its kind."""


class PatchFormatError(PatchError):
    """A directive is malformed."""


class PatchTestError(PatchError):
    """An operation of a JSON patch does not fit the object."""


def go_text(value: Any) -> str:
    """A JSON value as Go prints it: `map[a:1 b:[x y]]`."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{go_text(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(go_text, value))}]"
    return str(value)


def go_kind(value: Any) -> str:
    """The Go type of a decoded JSON value."""
    kinds = {bool: "bool", int: "int64", float: "float64", str: "string", list: "[]interface {}"}
    return kinds.get(type(value), "map[string]interface {}")


def json_kind(value: Any) -> str:
    """The kind of a JSON value in the words of decoding errors."""
    kinds = {bool: "bool", int: "number", float: "number", str: "string", list: "array"}
    return kinds.get(type(value), "object")
