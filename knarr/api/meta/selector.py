"""The types of selector in meta/v1."""

from collections.abc import Mapping
from typing import ClassVar

from knarr.api.structs import ApiStruct


class FieldSelectorRequirement(ApiStruct):
    """A rule about one field."""

    key: str
    """Field the rule is about."""
    operator: str
    """In, NotIn, Exists or DoesNotExist."""
    values: tuple[str, ...] = ()
    """Values to compare with."""


class LabelSelectorRequirement(ApiStruct):
    """A rule about one label."""

    key: str
    """Label the rule is about."""
    operator: str
    """In, NotIn, Exists or DoesNotExist."""
    values: tuple[str, ...] = ()
    """Values to compare with; empty for Exists and DoesNotExist."""


class LabelSelector(ApiStruct):
    """A choice of objects by their labels: all rules must hold, an empty one chooses all."""

    map_type: ClassVar[str] = "atomic"
    match_labels: Mapping[str, str] = {}
    """Labels an object must have with exactly these values."""
    match_expressions: tuple[LabelSelectorRequirement, ...] = ()
    """Further rules."""
