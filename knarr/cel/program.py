"""Expressions ready to be run."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from knarr.cel.compile import Run, compiled
from knarr.cel.errors import CelError, CelSyntaxError
from knarr.cel.frame import Frame
from knarr.cel.parse import parse
from knarr.cel.tree import Node

PROGRAMS_MAX = 4096
"""Expressions kept ready; the ones asked for last are forgotten last."""


class Program:
    """An expression that can be run again and again."""

    __slots__ = ("_run", "text", "tree")

    def __init__(self, text: str, tree: Node, run: Run) -> None:
        self.text = text
        self.tree = tree
        self._run = run

    def evaluate(self, variables: Mapping[str, Any]) -> Any:
        """The value of the expression. Raise CelError."""
        try:
            return self._run(Frame(variables))
        except RecursionError:
            raise CelError("expression is nested too deeply") from None


@lru_cache(PROGRAMS_MAX)
def program(text: str) -> Program:
    """The program of a text. Raise CelSyntaxError, or CelError for unknown functions."""
    try:
        tree = parse(text)
        return Program(text, tree, compiled(tree))
    except RecursionError:
        raise CelSyntaxError(0, "expression recursion limit exceeded") from None
