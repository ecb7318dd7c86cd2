"""What validation says of one field, in Kubernetes' words.

A path is the field's wire name from the object's root, as users write it:
`spec.containers[0].image`, `metadata.labels`, `data[key]`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from knarr.api.errors import InvalidError
from knarr.api.meta.status import StatusCause, StatusDetails

FieldErrorType = Literal[
    "FieldValueNotFound",
    "FieldValueRequired",
    "FieldValueDuplicate",
    "FieldValueInvalid",
    "FieldValueNotSupported",
    "FieldValueForbidden",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "InternalError",
    "FieldValueTypeInvalid",
]

_WORDS: dict[FieldErrorType, str] = {
    "FieldValueNotFound": "Not found",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueTooLong": "Too long",
    "FieldValueTooMany": "Too many",
    "InternalError": "Internal error",
    "FieldValueTypeInvalid": "Invalid value",
}

_WITHOUT_VALUE: frozenset[FieldErrorType] = frozenset(
    {
        "FieldValueRequired",
        "FieldValueForbidden",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "InternalError",
    }
)


OMITTED: Any = object()
"""Stands for a value that the message leaves out, such as one that is too big to read."""


class FieldError(Struct, frozen=True):
    """One broken rule: which field, what kind of trouble, and the detail."""

    type: FieldErrorType
    field: str
    value: Any = None
    detail: str = ""

    @property
    def body(self) -> str:
        """The message without the path: `Invalid value: -1: must be greater than 0`."""
        words = _WORDS[self.type]
        if self.type not in _WITHOUT_VALUE and self.value is not OMITTED:
            words = f"{words}: {show(self.value)}"
        return f"{words}: {self.detail}" if self.detail else words

    def __str__(self) -> str:
        """The path and the message, as Kubernetes prints them."""
        return f"{self.field}: {self.body}"


def required(field: str, detail: str = "") -> FieldError:
    """The field must be there."""
    return FieldError("FieldValueRequired", field, None, detail)


def invalid(field: str, value: Any, detail: str) -> FieldError:
    """The value breaks a rule."""
    return FieldError("FieldValueInvalid", field, value, detail)


def duplicate(field: str, value: Any, detail: str = "") -> FieldError:
    """The value stands there twice."""
    return FieldError("FieldValueDuplicate", field, value, detail)


def forbidden(field: str, detail: str) -> FieldError:
    """The field may not be set here."""
    return FieldError("FieldValueForbidden", field, None, detail)


def not_found(field: str, value: Any, detail: str = "") -> FieldError:
    """What the value names is not there."""
    return FieldError("FieldValueNotFound", field, value, detail)


def not_supported(
    field: str, value: Any, supported: Iterable[str], *, in_order: bool = False
) -> FieldError:
    """The value is none of those known; they are named by alphabet unless `in_order`."""
    words = supported if in_order else sorted(supported)
    known = ", ".join(f'"{word}"' for word in words)
    return FieldError(
        "FieldValueNotSupported", field, value, f"supported values: {known}" if known else ""
    )


def too_long(field: str, maximum: int) -> FieldError:
    """The text is longer than `maximum` bytes."""
    unit = "byte" if maximum == 1 else "bytes"
    return FieldError("FieldValueTooLong", field, None, f"may not be more than {maximum} {unit}")


def too_many(field: str, actual: int, maximum: int) -> FieldError:
    """The list or map has more than `maximum` items."""
    return FieldError(
        "FieldValueTooMany",
        field,
        None,
        f"{actual}: must have at most {maximum} {'item' if maximum == 1 else 'items'}",
    )


class Told:
    """Fields of a structure in the order and the spelling in which messages show them."""

    __slots__ = ("fields",)

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Told) and self.fields == other.fields

    def __hash__(self) -> int:
        return hash(tuple(self.fields))


def show(value: Any) -> str:
    """A value as messages print it: texts in quotes, structures as JSON, nothing as null."""
    if isinstance(value, str):
        return _quoted(value)
    told = msgspec.json.encode(value, enc_hook=_told, order="deterministic").decode()
    return told.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _told(value: Any) -> Any:
    if isinstance(value, Told):
        return msgspec.Raw(msgspec.json.encode(value.fields, enc_hook=_told))
    return str(value)


_ESCAPES = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v"}


def _quoted(text: str) -> str:
    """A text in double quotes; what cannot be printed is escaped as Go does."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char == " " or char.isprintable():
        return char
    if char in _ESCAPES:
        return f"\\{_ESCAPES[char]}"
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def broken_names(field: str, value: Any, messages: Iterable[str]) -> "list[FieldError]":
    """One error for each rule of `knarr.api.names` that a value breaks."""
    return [invalid(field, value, message) for message in messages]


def invalid_error(group: str, kind: str, name: str, errors: Sequence[FieldError]) -> InvalidError:
    """The 422 answer for an object with broken rules, one cause a rule.

    What two rules say alike stands once in the message and twice in the causes.
    """
    words = list(dict.fromkeys(str(error) for error in errors))
    told = words[0] if len(words) == 1 else f"[{', '.join(words)}]"
    resource = f"{kind}.{group}" if group else kind
    return InvalidError(
        f'{resource} "{name}" is invalid: {told}',
        details=StatusDetails(
            name=name,
            group=group,
            kind=kind,
            causes=tuple(
                StatusCause(reason=error.type, message=error.body, field=error.field)
                for error in errors
            ),
        ),
    )
