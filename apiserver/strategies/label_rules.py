"""Rules for labels and label selectors, wherever they stand."""

from collections.abc import Iterator, Mapping

from knarr.api import names
from knarr.api.field_errors import FieldError, broken_names, forbidden, invalid, required
from knarr.api.meta.selector import LabelSelector, LabelSelectorRequirement


def validate_label_name(name: str, path: str) -> list[FieldError]:
    """A label's key."""
    return broken_names(path, name, names.qualified_name(name))


def validate_labels(labels: Mapping[str, str], path: str) -> Iterator[FieldError]:
    """Keys and values of labels; errors stand at the map, not at the key."""
    for key in sorted(labels):
        yield from validate_label_name(key, path)
        yield from broken_names(path, labels[key], names.label_value(labels[key]))


def validate_label_selector(
    selector: LabelSelector | None, path: str, *, allow_invalid_values: bool = False
) -> Iterator[FieldError]:
    """A selector of `matchLabels` and `matchExpressions`."""
    if selector is None:
        return
    yield from validate_labels(selector.match_labels, f"{path}.matchLabels")
    for i, requirement in enumerate(selector.match_expressions):
        yield from _validate_requirement(
            requirement,
            f"{path}.matchExpressions[{i}]",
            allow_invalid_values=allow_invalid_values,
        )


def _validate_requirement(
    requirement: LabelSelectorRequirement, path: str, *, allow_invalid_values: bool
) -> Iterator[FieldError]:
    values = requirement.values
    match requirement.operator:
        case "In" | "NotIn":
            if not values:
                yield required(
                    f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"
                )
        case "Exists" | "DoesNotExist":
            if values:
                yield forbidden(
                    f"{path}.values",
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                )
        case _:
            yield invalid(f"{path}.operator", requirement.operator, "not a valid selector operator")
    yield from validate_label_name(requirement.key, f"{path}.key")
    if not allow_invalid_values:
        for i, value in enumerate(values):
            yield from broken_names(f"{path}.values[{i}]", value, names.label_value(value))
