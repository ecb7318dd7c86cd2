"""Rules of `x-kubernetes-validations`, as far as they show in the text."""

import re
from collections.abc import Iterator
from typing import Any

from apiserver.strategies import expressions
from knarr.api.field_errors import FieldError, Told, invalid, not_supported, required

Plain = dict[str, Any]

REASONS = (
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
)
_CEL_TYPES = {"string": "string", "integer": "int", "number": "double", "boolean": "bool"}
_OLD_SELF = re.compile(r"\boldSelf\b")
_COMPARED = re.compile(r"\s*self\s*(?P<op>[<>]=?)\s*(?P<literal>\S+)\s*")
_SELF_FIELD = re.compile(r"\bself\.([_a-zA-Z][_a-zA-Z0-9]*)")


def validations(given: Plain, path: str, uncorrelatable: str = "") -> Iterator[FieldError]:
    """Each rule says something that can be asked of the schema's values.

    `uncorrelatable` is the path of a list whose items have no old values.
    """
    for i, rule in enumerate(given.get("x-kubernetes-validations") or ()):
        at = f"{path}.x-kubernetes-validations[{i}]"
        if not rule.get("rule", "").strip():
            yield required(f"{at}.rule", "rule is not specified")
            continue
        if rule.get("message") and "\n" in rule["message"].strip():
            yield invalid(f"{at}.message", rule["message"], "message must not contain line breaks")
        reason = rule.get("reason")
        if reason is not None and reason not in REASONS:
            yield not_supported(f"{at}.reason", reason, REASONS)
        told = _complaint(rule["rule"], given)
        if told:
            yield invalid(f"{at}.rule", _told(rule), told)
        elif uncorrelatable and not rule.get("optionalOldSelf") and _OLD_SELF.search(rule["rule"]):
            told = (
                "oldSelf cannot be used on the uncorrelatable portion of the schema within "
                f"{uncorrelatable}"
            )
            yield invalid(f"{at}.rule", rule["rule"], told)


def _told(rule: Plain) -> Told:
    return Told(
        Rule=rule.get("rule", ""),
        Message=rule.get("message", ""),
        MessageExpression=rule.get("messageExpression", ""),
        Reason=rule.get("reason"),
        FieldPath=rule.get("fieldPath", ""),
        OptionalOldSelf=rule.get("optionalOldSelf"),
    )


def _complaint(rule: str, given: Plain) -> str:
    broken = expressions.syntax_complaint(rule)
    if broken:
        return broken[0]
    kind = _CEL_TYPES.get(given.get("type", ""), given.get("type", ""))
    literal = expressions.literal_type(rule)
    if (rule.strip() == "self" and kind not in ("bool", "")) or literal not in ("", "bool"):
        return "cel expression must evaluate to a bool"
    compared = _COMPARED.fullmatch(rule)
    if compared is not None:
        other = expressions.literal_type(compared.group("literal"))
        if other and kind in ("string", "bool") and other != kind:
            return expressions.failed(
                rule,
                compared.start("op"),
                f"found no matching overload for '_{compared.group('op')}_' applied to "
                f"'({kind}, {other})'",
            )
    return _unknown_field(rule, given)


def _unknown_field(rule: str, given: Plain) -> str:
    properties = given.get("properties")
    if given.get("type") != "object" or not properties:
        return ""
    if given.get("x-kubernetes-preserve-unknown-fields"):
        return ""
    implied = {"metadata", "apiVersion", "kind"}
    for match in _SELF_FIELD.finditer(rule):
        name = match.group(1)
        is_call = rule[match.end() : match.end() + 1] == "("
        if not is_call and "__" not in name and name not in properties and name not in implied:
            return expressions.failed(rule, match.start(1) - 1, f"undefined field '{name}'")
    return ""
