"""Which strategy holds the rules of which kind."""

from typing import Any

from apiserver.strategies.core.rows import CORE
from apiserver.strategies.named_groups import NAMED_GROUPS
from apiserver.strategies.strategy import Strategy
from knarr.api.kind import Kind

_PLAIN: Strategy[Any] = Strategy()
"""The rules of a kind that has none of its own."""


def strategy_of(kind: Kind) -> Strategy[Any]:
    """The strategy of a kind; one without rules for a kind that is not in the table."""
    if kind.group:
        return NAMED_GROUPS.get((kind.group, kind.name), _PLAIN)
    return CORE.get(kind.name, _PLAIN)
