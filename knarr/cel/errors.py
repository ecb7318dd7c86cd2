"""What can go wrong with an expression."""


class CelError(Exception):
    """An expression cannot be evaluated with the values at hand."""


class CelSyntaxError(Exception):
    """A text is no expression; `at` says where that shows."""

    def __init__(self, at: int, told: str) -> None:
        super().__init__(told)
        self.at = at


def no_overload(name: str) -> CelError:
    """No function of this name takes such arguments."""
    return CelError(f"no such overload: {name}")


def no_key(name: object) -> CelError:
    """A map or an object has nothing under this name."""
    return CelError(f"no such key: {name}")
