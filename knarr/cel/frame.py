"""What an expression sees while it is run."""

from collections.abc import Mapping
from typing import Any

from knarr.cel.errors import CelError

STEPS_MAX = 1_000_000
"""Rounds of all loops of one evaluation together; more are refused, as a cost too high."""


class Frame:
    """The variables, and how many steps may still be gone."""

    __slots__ = ("budget", "variables")

    def __init__(self, variables: Mapping[str, Any], budget: list[int] | None = None) -> None:
        self.variables = variables
        self.budget = budget if budget is not None else [STEPS_MAX]

    def step(self) -> None:
        """Count a round of a loop. Raise CelError when there were too many."""
        self.budget[0] -= 1
        if self.budget[0] < 0:
            raise CelError("operation cancelled: actual cost limit exceeded")
