"""Rules of what a validating policy asks and of what follows."""

from collections.abc import Iterator, Sequence

from apiserver.strategies import expressions
from apiserver.strategies.admissionregistration.matching import NO_EXPRESSION
from knarr.api import names
from knarr.api.admissionregistration.validating_admission_policy import (
    AuditAnnotation,
    Validation,
)
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    duplicate,
    invalid,
    not_supported,
    required,
)

REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
REASONS_KNOWN = (*REASONS, "Unauthorized")
ACTIONS = ("Audit", "Deny", "Warn")
ANNOTATIONS_MAX = 20
BOTH = (
    "must not contain both Deny and Warn (repeating the same validation failure information "
    "in the API response and headers serves no purpose)"
)


def validation(
    each: Validation, path: str, *, has_params: bool, variables: Sequence[str]
) -> Iterator[FieldError]:
    """An expression that says yes or no, and what to tell when it says no."""
    if not each.expression.strip():
        yield required(f"{path}.expression", NO_EXPRESSION)
    else:
        told = expressions.complaint(
            each.expression, result="bool", has_params=has_params, variables=variables
        )
        yield from broken_names(f"{path}.expression", each.expression, told)
    if each.message_expression:
        yield from _message_expression(each, path, has_params=has_params, variables=variables)
    if each.message:
        yield from _message(each.message, f"{path}.message")
    if each.reason is not None and each.reason not in REASONS_KNOWN:
        yield not_supported(f"{path}.reason", each.reason, REASONS)


def _message_expression(
    each: Validation, path: str, *, has_params: bool, variables: Sequence[str]
) -> Iterator[FieldError]:
    if not each.message_expression.strip():
        told = ["must be non-empty if specified"]
    else:
        told = expressions.complaint(
            each.message_expression, result="string", has_params=has_params, variables=variables
        )
    yield from broken_names(f"{path}.messageExpression", each.message_expression, told)


def _message(message: str, path: str) -> Iterator[FieldError]:
    if not message.strip():
        yield invalid(path, message, "message must be non-empty if specified")
    elif "\n" in message.strip():
        yield invalid(path, message, "must not contain line breaks")


def audit_annotations(
    annotations: Sequence[AuditAnnotation], policy: str, path: str
) -> Iterator[FieldError]:
    """Few annotations with keys of their own."""
    if len(annotations) > ANNOTATIONS_MAX:
        yield invalid(
            path, annotations, f"must not have more than {ANNOTATIONS_MAX} auditAnnotations"
        )
    seen: set[str] = set()
    for i, each in enumerate(annotations):
        yield from _annotation(each, policy, f"{path}[{i}]")
        if each.key in seen:
            yield duplicate(f"{path}[{i}].key", each.key)
        seen.add(each.key)


def _annotation(each: AuditAnnotation, policy: str, path: str) -> Iterator[FieldError]:
    if not each.key:
        yield required(f"{path}.key")
    else:
        key = f"{policy}/{each.key}"
        yield from broken_names(f"{path}.key", key, names.qualified_name(key))
    if not each.value_expression.strip():
        yield required(f"{path}.valueExpression", "valueExpression is not specified")
    else:
        told = expressions.complaint(each.value_expression, result="string or null")
        yield from broken_names(f"{path}.valueExpression", each.value_expression, told)


def validation_actions(actions: Sequence[str], path: str) -> Iterator[FieldError]:
    """What follows from a no."""
    if not actions:
        yield required(path, "at least one validation action is required")
    for i, action in enumerate(actions):
        if action not in ACTIONS:
            yield not_supported(f"{path}[{i}]", action, ACTIONS)
        if action in actions[:i]:
            yield duplicate(f"{path}[{i}]", action)
    if "Deny" in actions and "Warn" in actions:
        yield invalid(path, actions, BOTH)
