"""The rules of whole objects that lie in custom ones."""

from collections.abc import Iterator
from typing import Any

from apiserver.registry.metadata import content
from apiserver.schemas.structural import Structural
from knarr.api import codec, names, thorough
from knarr.api.field_errors import FieldError, invalid, required
from knarr.api.meta.object_meta import ObjectMeta


def embedded_errors(value: Any, schema: Structural, path: str = "") -> Iterator[FieldError]:
    """What is wrong with the head and the metadata of embedded objects."""
    if isinstance(value, dict):
        if schema.is_embedded:
            yield from _head(value, path)
        for name, each in value.items():
            child = schema.properties.get(name, schema.additional)
            if child is not None:
                yield from embedded_errors(each, child, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and schema.items is not None:
        for i, each in enumerate(value):
            yield from embedded_errors(each, schema.items, f"{path}[{i}]")


def _head(value: dict[str, Any], path: str) -> Iterator[FieldError]:
    version, kind = value.get("apiVersion"), value.get("kind")
    if not version:
        yield required(f"{path}.apiVersion")
    elif not isinstance(version, str) or version.count("/") > 1:
        yield invalid(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}")
    if not kind:
        yield required(f"{path}.kind")
    elif broken := names.dns_label_1035(str(kind).lower()):
        yield invalid(
            f"{path}.kind", kind, f"may have mixed case, but should otherwise match: {broken[0]}"
        )
    given = value.get("metadata")
    if given is None:
        return
    try:
        meta: ObjectMeta = codec.from_plain(ObjectMeta, given)
    except thorough.DecodeError as error:
        yield invalid(f"{path}.metadata", given, str(error))
        return
    for wrong in content(meta, is_built_in=False):
        yield FieldError(wrong.type, f"{path}.{wrong.field}", wrong.value, wrong.detail)
