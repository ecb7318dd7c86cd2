"""The `variables` of a policy: worked out when they are first asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

from knarr.api.admissionregistration.matching import Variable
from knarr.cel.errors import CelError, CelSyntaxError, no_key
from knarr.cel.program import program


class Variables:
    """Named expressions over what else is known; each may use those before it."""

    def __init__(self, given: Sequence[Variable], known: Mapping[str, Any]) -> None:
        self._expressions = {each.name: each.expression for each in given}
        self._known = {**known, "variables": self}
        self._values: dict[str, Any] = {}

    def has_field(self, name: str) -> bool:
        """Whether there is a variable of this name."""
        return name in self._expressions

    def field(self, name: str) -> Any:
        """The value of a variable. Raise CelError."""
        if name not in self._expressions:
            raise no_key(name)
        if name not in self._values:
            try:
                self._values[name] = program(self._expressions[name]).evaluate(self._known)
            except CelSyntaxError as error:
                raise CelError(f"composited variable {name!r} fails to compile: {error}") from None
        return self._values[name]
