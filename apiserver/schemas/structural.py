"""A structural schema, read once so that objects are checked fast."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

Plain = Mapping[str, Any]

EMPTY: Any = object()
"""Stands for a default that is not there; null would be a value."""


class Rule(Struct, frozen=True):
    """One of `x-kubernetes-validations`."""

    rule: str
    message: str = ""
    message_expression: str = ""
    reason: str = ""
    field_path: str = ""
    optional_old_self: bool = False


class Structural(Struct, frozen=True, kw_only=True):
    """One node of a schema."""

    types: tuple[str, ...] = ()
    """Types allowed; none for all."""
    nullable: bool = False
    default: Any = EMPTY
    properties: "Mapping[str, Structural]" = field(default_factory=dict)
    additional: "Structural | None" = None
    """Schema of values under other names."""
    is_open: bool = False
    """Whether values under other names are fine without a schema."""
    items: "Structural | None" = None
    preserves: bool = False
    """Whether fields stay that no schema names."""
    is_embedded: bool = False
    """Whether the value is a whole object with metadata."""
    list_type: str = ""
    list_keys: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    format: str = ""
    checks: Mapping[str, Any] = field(default_factory=dict)
    """The plain schema, for the words that only validation reads."""
    all_of: "tuple[Structural, ...]" = ()
    any_of: "tuple[Structural, ...]" = ()
    one_of: "tuple[Structural, ...]" = ()
    not_: "Structural | None" = None
    has_defaults: bool = False
    """Whether anything in here fills something in."""
    has_rules: bool = False
    """Whether anything in here is checked by CEL."""
    has_types_of_cel: bool = False
    """Whether anything in here is more to CEL than it is to JSON, such as a time."""


_CEL_FORMATS = frozenset({"date", "date-time", "datetime", "duration", "byte"})


def structural(given: Plain) -> Structural:
    """The node of a plain schema."""
    properties = {name: structural(each) for name, each in (given.get("properties") or {}).items()}
    extra = given.get("additionalProperties")
    additional = structural(extra) if isinstance(extra, dict) else None
    items = structural(given["items"]) if isinstance(given.get("items"), dict) else None
    children = [*properties.values(), *([additional] if additional else ())]
    children += [items] if items else []
    rules = tuple(map(_rule, given.get("x-kubernetes-validations") or ()))
    types = _types(given)
    format_ = given.get("format", "")
    return Structural(
        types=types,
        nullable=bool(given.get("nullable")),
        default=given.get("default", EMPTY),
        properties=properties,
        additional=additional,
        is_open=extra is True,
        items=items,
        preserves=bool(given.get("x-kubernetes-preserve-unknown-fields")),
        is_embedded=bool(given.get("x-kubernetes-embedded-resource")),
        list_type=given.get("x-kubernetes-list-type") or "",
        list_keys=tuple(given.get("x-kubernetes-list-map-keys") or ()),
        rules=rules,
        format=format_,
        checks=given,
        all_of=tuple(map(structural, given.get("allOf") or ())),
        any_of=tuple(map(structural, given.get("anyOf") or ())),
        one_of=tuple(map(structural, given.get("oneOf") or ())),
        not_=structural(given["not"]) if isinstance(given.get("not"), dict) else None,
        has_defaults=any(each.has_defaults or "default" in each.checks for each in children),
        has_rules=bool(rules) or any(each.has_rules for each in children),
        has_types_of_cel=types == ("number",)
        or format_ in _CEL_FORMATS
        or any(each.has_types_of_cel for each in children),
    )


def _types(given: Plain) -> tuple[str, ...]:
    if given.get("x-kubernetes-int-or-string"):
        return ("integer", "string")
    return (given["type"],) if given.get("type") else ()


def _rule(given: Plain) -> Rule:
    return Rule(
        given["rule"],
        given.get("message") or "",
        given.get("messageExpression") or "",
        given.get("reason") or "",
        given.get("fieldPath") or "",
        bool(given.get("optionalOldSelf")),
    )
