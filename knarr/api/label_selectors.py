"""Which labels a LabelSelector means."""

from collections.abc import Mapping

from knarr.api.meta.selector import LabelSelector, LabelSelectorRequirement


def is_empty(selector: LabelSelector | None) -> bool:
    """Whether a selector asks for nothing: absent it means no object, present every object."""
    return selector is None or not (selector.match_labels or selector.match_expressions)


def matches(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether `labels` are meant. None means no object, an empty selector means every object."""
    if selector is None:
        return False
    return all(labels.get(key) == value for key, value in selector.match_labels.items()) and all(
        _is_met(requirement, labels) for requirement in selector.match_expressions
    )


def _is_met(requirement: LabelSelectorRequirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False
