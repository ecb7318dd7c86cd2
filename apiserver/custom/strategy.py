"""The rules of custom objects of one version."""

from collections.abc import Iterable, Mapping
from typing import Any

from apiserver.custom.embedded import embedded_errors
from apiserver.registry.custom_object import CustomObject
from apiserver.registry.custom_version import Plain
from apiserver.registry.scale import value_at
from apiserver.schemas.correlation import NOTHING
from apiserver.schemas.defaulting import with_defaults
from apiserver.schemas.lists import duplicates
from apiserver.schemas.pruning import prune, without_nulls
from apiserver.schemas.rules import broken_rules
from apiserver.schemas.structural import Structural
from apiserver.schemas.validate import ROOT, validate
from apiserver.strategies.strategy import ScalePaths, Strategy
from knarr.api import codec, json_path
from knarr.api.field_errors import FieldError, invalid
from knarr.api.kind import Kind

REPLICAS_MAX = 2**31 - 1

_BLOCKING = frozenset(
    {
        "FieldValueNotSupported",
        "FieldValueRequired",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    }
)
"""With these errors the rules in CEL are not looked at: they could only fail."""
_NOT_CHECKED = (
    "some validation rules were not checked because the object was invalid; correct the existing "
    "errors to complete validation"
)


class CustomStrategy(Strategy[CustomObject]):
    """What a version's schema asks of objects."""

    unconditional_update = False

    def __init__(
        self,
        kind: Kind,
        schema: Structural,
        *,
        has_status: bool,
        scale_paths: ScalePaths | None,
        selectable: Mapping[str, str],
    ) -> None:
        self._kind = kind
        self._schema = schema
        self._selectable = selectable
        self.has_status = has_status
        self.scale_paths = scale_paths

    def coerce(self, plain: Plain) -> tuple[Plain, list[str]]:
        """The object without what no schema names and with defaults; what was dropped."""
        pruned, dropped = prune(plain, self._schema, is_root=True)
        return with_defaults(without_nulls(pruned, self._schema), self._schema), dropped

    def default(self, obj: CustomObject) -> CustomObject:
        """Drop and fill in; what came through decoding is so already."""
        return self.coerced(obj)

    def coerced(self, obj: CustomObject) -> CustomObject:
        """An object of another version or schema as this one wants it."""
        content, _ = self.coerce(dict(obj.content))
        if content == obj.content:
            return obj
        return CustomObject(metadata=obj.metadata, content=content)

    def validate_create(self, obj: CustomObject) -> Iterable[FieldError]:
        """All that is wrong with a new object."""
        return self._errors(obj, None)

    def validate_update(self, obj: CustomObject, old: CustomObject) -> Iterable[FieldError]:
        """What is wrong and was not so before."""
        return self._errors(obj, old)

    def validate_status_update(self, obj: CustomObject, old: CustomObject) -> Iterable[FieldError]:
        """What is wrong and was not so before."""
        return self._errors(obj, old)

    def validate_subresource_update(
        self, subresource: str, obj: CustomObject, old: CustomObject
    ) -> Iterable[FieldError]:
        """What is wrong with a scaled object."""
        return self._errors(obj, old)

    def fields(self, obj: CustomObject) -> Mapping[str, str]:
        """The selectable fields as text."""
        if not self._selectable:
            return {}
        content = dict(obj.content)
        return {
            name: _text(json_path.find(path, content)) for name, path in self._selectable.items()
        }

    def _errors(self, obj: CustomObject, old: CustomObject | None) -> list[FieldError]:
        plain = self._whole(obj)
        before = NOTHING if old is None else self._whole(old)
        errors = validate(plain, self._schema, before)
        errors += self._scale_errors(obj)
        errors += embedded_errors(plain, self._schema)
        repeated = list(duplicates(plain, self._schema))
        if repeated and old is not None:
            known = {str(each) for each in duplicates(before, self._schema)}
            repeated = [each for each in repeated if str(each) not in known]
        errors += repeated
        if self._schema.has_rules:
            if any(error.type in _BLOCKING for error in errors):
                errors.append(invalid(ROOT, "null", _NOT_CHECKED))
            else:
                errors += broken_rules(plain, self._schema, before)
        return errors

    def _whole(self, obj: CustomObject) -> Plain:
        kind = self._kind
        return {
            "apiVersion": kind.api_version,
            "kind": kind.name,
            "metadata": codec.to_plain(obj.metadata),
            **obj.content,
        }

    def _scale_errors(self, obj: CustomObject) -> Iterable[FieldError]:
        paths = self.scale_paths
        if paths is None:
            return
        for path in (paths.spec_replicas, paths.status_replicas):
            value = value_at(obj, path)
            if not isinstance(value, int) or isinstance(value, bool):
                continue
            if value < 0:
                yield invalid(path, value, "should be a non-negative integer")
            elif value > REPLICAS_MAX:
                yield invalid(path, value, f"should be less than or equal to {REPLICAS_MAX}")


def _text(found: list[Any]) -> str:
    if not found or found[0] is None:
        return ""
    value = found[0]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
