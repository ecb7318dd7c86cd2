"""Checks a value against a schema: types, bounds, patterns, required fields and the like.

Messages and their order are Kubernetes'. A child that did not change is not
checked again: what was wrong before may stay (ratcheting).
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from apiserver.schemas.correlation import NOTHING, item_matcher, same
from apiserver.schemas.formats import is_of_format
from apiserver.schemas.structural import Structural
from knarr.api.field_errors import FieldError, invalid, required, too_long, too_many
from knarr.cel.patterns import pattern

ROOT = "<nil>"
"""How messages name a field that has no path."""


class Result(Struct):
    """The errors of a value, and how much of it was fine: the best of alternatives is told."""

    errors: list[FieldError] = field(default_factory=list)
    matches: int = 0

    def merge(self, other: "Result") -> None:
        """Take over what was found elsewhere."""
        self.errors += other.errors
        self.matches += other.matches


def validate(value: Any, schema: Structural, old: Any = NOTHING) -> list[FieldError]:
    """The rules that a whole object breaks."""
    return _checked(value, schema, "", old).errors


Check = Callable[[Any, Structural, str, Any], Result]


def _checked(value: Any, schema: Structural, path: str, old: Any) -> Result:
    if old is not NOTHING and same(value, old):
        return Result(matches=1)
    result = Result()
    if value is None:
        result.errors += _type(value, schema, path)
        result.errors += _enum(value, schema, path)
        return result
    result.errors += _type(value, schema, path)
    result.matches += 1
    if schema.all_of or schema.any_of or schema.one_of or schema.not_ is not None:
        result.merge(_combined(value, schema, path, old))
        result.matches += 1
    for check in _BY_TYPE.get(type(value), ()):
        result.merge(check(value, schema, path, old))
        result.matches += 1
    if "enum" in schema.checks:
        result.errors += _enum(value, schema, path)
        result.matches += 1
    if isinstance(value, dict):
        result.merge(_object(value, schema, path, old))
        result.matches += 1
    result.matches += 1
    return result


_NAMES: dict[type[Any], tuple[str, str]] = {
    bool: ("boolean", ""),
    int: ("integer", "int64"),
    float: ("number", "double"),
    str: ("string", ""),
    list: ("array", ""),
    dict: ("object", ""),
    type(None): ("null", ""),
}


def _type(value: Any, schema: Structural, path: str) -> list[FieldError]:
    types = schema.types
    if not types and not schema.format:
        return []
    found, found_format = _NAMES[type(value)]
    if value is None:
        if schema.nullable or not types:
            return []
        return [_wrong_type(path, ",".join(types), "null")]
    is_whole = isinstance(value, float) and value.is_integer()
    fits = (
        found in types
        or (found == "number" and is_whole and "integer" in types)
        or (found == "integer" and "number" in types)
    )
    numeric = "number" in types or "integer" in types
    if schema.format and found not in ("string", "array"):
        return [] if fits or not types else [_wrong_type(path, schema.format, found_format)]
    if schema.format and not numeric:
        return []
    return [] if fits or not types else [_wrong_type(path, ",".join(types), found)]


def _wrong_type(path: str, wanted: str, found: str) -> FieldError:
    return FieldError(
        "FieldValueTypeInvalid",
        path or ROOT,
        found,
        f'{path} in body must be of type {wanted}: "{found}"',
    )


def _enum(value: Any, schema: Structural, path: str) -> list[FieldError]:
    allowed = schema.checks.get("enum")
    if not allowed or (value in allowed and type(value) in {type(each) for each in allowed}):
        return []
    if value is None and schema.nullable:
        return []
    words = ", ".join(_enum_word(each) for each in allowed)
    return [FieldError("FieldValueNotSupported", path or ROOT, value, f"supported values: {words}")]


def _enum_word(value: Any) -> str:
    if isinstance(value, bool):
        return '"true"' if value else '"false"'
    return f'"{value}"'


def _string(value: str, schema: Structural, path: str, _: Any) -> Result:
    checks, errors = schema.checks, []
    most, least = checks.get("maxLength"), checks.get("minLength")
    wanted = checks.get("pattern")
    # Of these three only the first is told.
    if most is not None and len(value) > most:
        errors.append(too_long(path or ROOT, most))
    elif least is not None and len(value) < least:
        told = f"{path} in body should be at least {least} chars long"
        errors.append(invalid(path or ROOT, value, told))
    elif wanted and pattern(wanted).search(value) is None:
        errors.append(invalid(path or ROOT, value, f"{path} in body should match '{wanted}'"))
    if schema.format and not is_of_format(schema.format, value):
        told = f'{path} in body must be of type {schema.format}: "{value}"'
        errors.append(FieldError("FieldValueTypeInvalid", path or ROOT, value, told))
    return Result(errors)


_WHOLE_BOUNDS = {"int32": 2**31, "int64": 2**63}


def _number(value: Any, schema: Structural, path: str, _: Any) -> Result:
    checks, errors = schema.checks, []
    bound = _WHOLE_BOUNDS.get(schema.format)
    if bound is not None and "integer" in schema.types and not -bound <= value < bound:
        told = f"Checked value must be of type integer with format {schema.format}"
        errors.append(invalid(ROOT, "", told))
    factor = checks.get("multipleOf")
    if factor and not _divides(value, factor):
        told = f"{path} in body should be a multiple of {_number_word(factor)}"
        errors.append(invalid(path or ROOT, value, told))
    errors += _bounds(value, checks, path)
    return Result(errors)


def _bounds(value: Any, checks: Mapping[str, Any], path: str) -> list[FieldError]:
    errors = []
    most, least = checks.get("maximum"), checks.get("minimum")
    if most is not None:
        is_open = bool(checks.get("exclusiveMaximum"))
        if value > most or (is_open and value == most):
            words = "less than" if is_open else "less than or equal to"
            told = f"{path} in body should be {words} {_number_word(most)}"
            errors.append(invalid(path or ROOT, value, told))
    if least is not None:
        is_open = bool(checks.get("exclusiveMinimum"))
        if value < least or (is_open and value == least):
            words = "greater than" if is_open else "greater than or equal to"
            told = f"{path} in body should be {words} {_number_word(least)}"
            errors.append(invalid(path or ROOT, value, told))
    return errors


def _number_word(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def _divides(value: Any, factor: Any) -> bool:
    if isinstance(value, int) and float(factor).is_integer():
        return value % int(factor) == 0
    quotient = value / factor
    return math.isfinite(quotient) and float(quotient).is_integer()


def _array(value: list[Any], schema: Structural, path: str, old: Any) -> Result:
    result = Result()
    checks = schema.checks
    if schema.items is not None:
        match = item_matcher(schema, old)
        for i, item in enumerate(value):
            result.merge(_checked(item, schema.items, f"{path}[{i}]", match(item)))
    most, least = checks.get("maxItems"), checks.get("minItems")
    if least is not None and len(value) < least:
        told = f"{path} in body should have at least {least} items"
        result.errors.append(invalid(path or ROOT, len(value), told))
    if most is not None and len(value) > most:
        result.errors.append(too_many(path or ROOT, len(value), most))
    return result


def _object(value: dict[str, Any], schema: Structural, path: str, old: Any) -> Result:
    result = Result()
    checks = schema.checks
    most, least = checks.get("maxProperties"), checks.get("minProperties")
    if least is not None and len(value) < least:
        told = f"{path} in body should have at least {least} properties"
        result.errors.append(invalid(path or ROOT, len(value), told))
    if most is not None and len(value) > most:
        result.errors.append(too_many(path or ROOT, len(value), most))
    before = old if isinstance(old, dict) else {}
    for name, each in sorted(value.items()):
        child = schema.properties.get(name, schema.additional)
        if child is not None:
            at = f"{path}.{name}" if path else name
            result.merge(_checked(each, child, at, before.get(name, NOTHING)))
    for name in checks.get("required") or ():
        if name not in value:
            result.errors.append(required(f"{path}.{name}" if path else name))
    return result


def _combined(value: Any, schema: Structural, path: str, old: Any) -> Result:
    result = Result()
    if schema.any_of:
        result.merge(_any_of(value, schema, path, old))
    if schema.one_of:
        result.merge(_one_of(value, schema, path, old))
    if schema.all_of:
        result.merge(_all_of(value, schema, path, old))
    if schema.not_ is not None and not _checked(value, schema.not_, path, NOTHING).errors:
        result.errors.append(_told(path, "must not validate the schema (not)"))
    return result


def _told(path: str, words: str) -> FieldError:
    return invalid(ROOT, "", f'"{path}" {words}')


def _any_of(value: Any, schema: Structural, path: str, old: Any) -> Result:
    best: Result | None = None
    for each in schema.any_of:
        found = _checked(value, each, path, old)
        if not found.errors:
            return found
        if best is None or found.matches > best.matches:
            best = found
    result = Result([_told(path, "must validate at least one schema (anyOf)")])
    if best is not None:
        result.merge(best)
    return result


def _one_of(value: Any, schema: Structural, path: str, old: Any) -> Result:
    best: Result | None = None
    valid = []
    for each in schema.one_of:
        found = _checked(value, each, path, old)
        if not found.errors:
            valid.append(found)
        elif not valid and (best is None or found.matches > best.matches):
            best = found
    if len(valid) == 1:
        return valid[0]
    more = f"Found {len(valid)} valid alternatives" if valid else "Found none valid"
    result = Result([_told(path, f"must validate one and only one schema (oneOf). {more}")])
    if not valid and best is not None:
        result.merge(best)
    return result


def _all_of(value: Any, schema: Structural, path: str, old: Any) -> Result:
    result = Result()
    valid = 0
    for each in schema.all_of:
        found = _checked(value, each, path, old)
        valid += not found.errors
        result.merge(found)
    if valid < len(schema.all_of):
        more = "" if valid else ". None validated"
        result.errors.append(_told(path, f"must validate all the schemas (allOf){more}"))
    return result


_BY_TYPE: Mapping[type[Any], tuple[Check, ...]] = {
    str: (_string,),
    int: (_number,),
    float: (_number,),
    list: (_array,),
}
