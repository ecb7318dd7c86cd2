"""The types of selector in meta/v1."""

from collections.abc import Mapping
from typing import ClassVar

from knarr.api.structs import ApiStruct


class FieldSelectorRequirement(ApiStruct):
    """TODO."""

    key: str
    """TODO."""
    operator: str
    """TODO."""
    values: tuple[str, ...] = ()
    """TODO."""


class LabelSelectorRequirement(ApiStruct):
    """TODO."""

    key: str
    """TODO."""
    operator: str
    """TODO."""
    values: tuple[str, ...] = ()
    """TODO."""


class LabelSelector(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    match_labels: Mapping[str, str] = {}
    """TODO."""
    match_expressions: tuple[LabelSelectorRequirement, ...] = ()
    """TODO."""
