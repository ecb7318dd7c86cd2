"""What ConfigMaps and Secrets share: keys that may become files, and the wish never to change."""

from collections.abc import Iterator

from knarr.api import names
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.secret import Secret
from knarr.api.field_errors import FieldError, broken_names, forbidden
from knarr.api.structs import wire_name

_FROZEN = "field is immutable when `immutable` is set"


def validate_keys(key: str, path: str) -> list[FieldError]:
    """A key that could be a file's name."""
    return broken_names(f"{path}[{key}]", key, names.config_key(key))


def decoded_length(base64: str) -> int:
    """How many bytes a text in base64 stands for."""
    text = base64.rstrip("=\r\n")
    return len(text) * 3 // 4


def validate_frozen(
    obj: ConfigMap | Secret, old: ConfigMap | Secret, fields: tuple[str, ...]
) -> Iterator[FieldError]:
    """What may not change once `immutable` is set, that word itself included."""
    if not obj.immutable:
        yield forbidden("immutable", _FROZEN)
    for field in fields:
        if getattr(obj, field) != getattr(old, field):
            yield forbidden(wire_name(field), _FROZEN)
