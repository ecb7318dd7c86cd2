"""Whole numbers of 64 bits, with and without sign, and what is done with numbers."""

import math
from typing import Any

from knarr.cel.errors import CelError, no_overload

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
UINT_MAX = 2**64 - 1


class Uint(int):
    """A whole number without sign."""

    __slots__ = ()


def is_number(value: Any) -> bool:
    """Whether a value is a number; truth is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def in_range(number: int, like: Any) -> int:
    """The result of counting with numbers like `like`. Raise CelError when it is too large."""
    if isinstance(like, Uint):
        if not 0 <= number <= UINT_MAX:
            raise CelError("unsigned integer overflow")
        return Uint(number)
    if not INT_MIN <= number <= INT_MAX:
        raise CelError("integer overflow")
    return number


def are_alike(left: Any, right: Any) -> bool:
    """Whether two numbers can be counted together: CEL converts nothing by itself."""
    return type(left) is type(right) and is_number(left)


def multiply(left: Any, right: Any) -> Any:
    """The product."""
    if not are_alike(left, right):
        raise no_overload("_*_")
    return left * right if isinstance(left, float) else in_range(left * right, left)


def divide(left: Any, right: Any) -> Any:
    """The quotient, of whole numbers towards zero."""
    if not are_alike(left, right):
        raise no_overload("_/_")
    if isinstance(left, float):
        if right:
            return left / right
        return math.nan if not left or math.isnan(left) else math.copysign(math.inf, left)
    if not right:
        raise CelError("division by zero")
    found = abs(int(left)) // abs(int(right))
    return in_range(found if (left < 0) == (right < 0) else -found, left)


def modulo(left: Any, right: Any) -> Any:
    """What is left of a division, with the sign of what is divided."""
    if not are_alike(left, right) or isinstance(left, float):
        raise no_overload("_%_")
    if not right:
        raise CelError("modulus by zero")
    found = abs(int(left)) % abs(int(right))
    return in_range(-found if left < 0 else found, left)


def negate(value: Any) -> Any:
    """The number with the other sign."""
    if isinstance(value, bool | Uint) or not isinstance(value, int | float):
        raise no_overload("-_")
    return -value if isinstance(value, float) else in_range(-value, value)
