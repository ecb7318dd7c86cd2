"""Checks values against the CEL rules of their schema.

A rule that mentions `oldSelf` binds changes and is checked where there is an
old value; a rule whose value did not change is not checked again.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from apiserver.schemas.correlation import NOTHING, item_matcher, same
from apiserver.schemas.structural import Rule, Structural
from apiserver.schemas.validate import ROOT
from knarr.api.field_errors import OMITTED, FieldError, duplicate, forbidden, invalid, required
from knarr.cel.errors import CelError, CelSyntaxError
from knarr.cel.program import Program, program
from knarr.cel.times import duration, timestamp
from knarr.cel.tree import names_in
from knarr.cel.types import to_bytes
from knarr.cel.values import NONE, Optional

MESSAGE_MAX = 5 * 1024
"""Longest message that an expression may make."""


def broken_rules(value: Any, schema: Structural, old: Any = NOTHING) -> Iterator[FieldError]:
    """The rules that a whole object breaks."""
    yield from _broken(value, schema, "", old)


def _broken(value: Any, schema: Structural, path: str, old: Any) -> Iterator[FieldError]:
    if value is None or not schema.has_rules:
        return
    if schema.rules:
        yield from _own(value, schema, path, old)
    if isinstance(value, dict):
        before = old if isinstance(old, dict) else {}
        for name, each in value.items():
            child = schema.properties.get(name, schema.additional)
            if child is not None and child.has_rules:
                at = f"{path}.{name}" if path else name
                yield from _broken(each, child, at, before.get(name, NOTHING))
    elif isinstance(value, list) and schema.items is not None and schema.items.has_rules:
        match = item_matcher(schema, old)
        for i, each in enumerate(value):
            yield from _broken(each, schema.items, f"{path}[{i}]", match(each))


def _own(value: Any, schema: Structural, path: str, old: Any) -> Iterator[FieldError]:
    unchanged = old is not NOTHING and same(value, old)
    self_value = to_cel(value, schema)
    for rule in schema.rules:
        is_transition = _is_transition(rule)
        if is_transition and old is NOTHING and not rule.optional_old_self:
            continue
        if unchanged and (not is_transition or rule.optional_old_self):
            continue
        variables = {"self": self_value}
        if is_transition:
            before = NOTHING if old is NOTHING else to_cel(old, schema)
            if rule.optional_old_self:
                before = NONE if old is NOTHING else Optional(before, is_there=True)
            variables["oldSelf"] = before
        error = _check(rule, schema, path, value, variables)
        if error is not None:
            yield error


@lru_cache(4096)
def _is_transition(rule: Rule) -> bool:
    if rule.optional_old_self:
        return True
    try:
        return "oldSelf" in names_in(program(rule.rule).tree)
    except (CelError, CelSyntaxError):
        return False


def _check(
    rule: Rule, schema: Structural, path: str, value: Any, variables: Mapping[str, Any]
) -> FieldError | None:
    shown = OMITTED if isinstance(value, dict | list) else value
    told = rule.message.strip() or rule.rule.strip()
    kind = schema.types[0] if len(schema.types) == 1 else ""
    try:
        if program(rule.rule).evaluate(variables) is True:
            return None
    except CelSyntaxError as error:
        return invalid(path or ROOT, kind, f"rule compile error: {error}")
    except CelError as error:
        return invalid(path or ROOT, kind, _failed(str(error), told))
    message = _message(rule, variables) or rule.message.strip()
    detail = message or f"failed rule: {rule.rule.strip()}"
    return _error(rule, _path_of(rule, path), shown, detail)


def _failed(error: str, told: str) -> str:
    if error.startswith("no such overload"):
        return (
            f"'{error}': call arguments did not match a supported operator, function or macro "
            f"signature for rule: {told}"
        )
    if error.startswith("operation cancelled"):
        return (
            f"'{error}': no further validation rules will be run due to call cost exceeds limit "
            f"for rule: {told}"
        )
    return f"{error} evaluating rule: {told}"


def _error(rule: Rule, path: str, value: Any, detail: str) -> FieldError:
    match rule.reason:
        case "FieldValueForbidden":
            return forbidden(path, detail)
        case "FieldValueRequired":
            return required(path, detail)
        case "FieldValueDuplicate":
            return duplicate(path, value)
    return invalid(path, value, detail)


def _message(rule: Rule, variables: Mapping[str, Any]) -> str:
    if not rule.message_expression:
        return ""
    found = message_of(program(rule.message_expression), variables)
    return found or ""


def message_of(expression: Program, variables: Mapping[str, Any]) -> str | None:
    """The text an expression makes; None when it fails or makes nothing of use."""
    try:
        found = expression.evaluate(variables)
    except CelError:
        return None
    if not isinstance(found, str) or len(found) > MESSAGE_MAX:
        return None
    found = found.strip()
    return found if found and "\n" not in found else None


def _path_of(rule: Rule, path: str) -> str:
    if not rule.field_path:
        return path or ROOT
    joined = (
        f"{path}{rule.field_path}" if rule.field_path[0] in ".[" else f"{path}.{rule.field_path}"
    )
    return joined.removeprefix(".").replace("['", "[").replace("']", "]")


def to_cel(value: Any, schema: Structural) -> Any:
    """A value with what CEL has types for: times, spans, bytes, numbers with a point."""
    if not schema.has_types_of_cel or value is None:
        return value
    if isinstance(value, dict):
        return {name: _child(each, name, schema) for name, each in value.items()}
    if isinstance(value, list):
        return [to_cel(each, schema.items) for each in value] if schema.items else value
    if schema.types == ("number",):
        return float(value)
    return _from_text(value, schema.format) if isinstance(value, str) else value


def _child(value: Any, name: str, schema: Structural) -> Any:
    child = schema.properties.get(name, schema.additional)
    return value if child is None else to_cel(value, child)


def _from_text(text: str, format_: str) -> Any:
    try:
        if format_ in ("date-time", "datetime"):
            return timestamp(text)
        if format_ == "date":
            return timestamp(f"{text}T00:00:00Z")
        if format_ == "duration":
            return duration(text)
        if format_ == "byte":
            return to_bytes(text)
    except CelError:
        return text
    return text
