"""Kubernetes' quantities: `100m`, `2Gi`."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from knarr.api import quantities
from knarr.cel.errors import CelError, no_overload

_NANO = 10**9


class Quantity(Struct, frozen=True, order=True):
    """An amount in whole billionths."""

    nanos: int


def quantity(text: Any) -> Quantity:
    """The amount that a text says."""
    if not isinstance(text, str):
        raise no_overload("quantity")
    try:
        return Quantity(quantities.parse(text).nanos)
    except quantities.QuantityError as error:
        raise CelError(str(error)) from None


def _is_quantity(text: Any) -> bool:
    try:
        quantity(text)
    except CelError:
        if not isinstance(text, str):
            raise
        return False
    return True


def _nanos(value: Any) -> int:
    if isinstance(value, Quantity):
        return value.nanos
    if isinstance(value, int) and not isinstance(value, bool):
        return value * _NANO
    raise no_overload("quantity")


def _as_integer(value: Quantity) -> int:
    if value.nanos % _NANO:
        raise CelError("cannot convert value to integer")
    return value.nanos // _NANO


def _compare(left: Quantity, right: Quantity) -> int:
    return (left.nanos > right.nanos) - (left.nanos < right.nanos)


GLOBAL: Mapping[str, Callable[..., Any]] = {"quantity": quantity, "isQuantity": _is_quantity}
METHODS: Mapping[str, Callable[..., Any]] = {
    "isInteger": lambda value: value.nanos % _NANO == 0,
    "asInteger": _as_integer,
    "asApproximateFloat": lambda value: value.nanos / _NANO,
    "sign": lambda value: (value.nanos > 0) - (value.nanos < 0),
    "add": lambda left, right: Quantity(left.nanos + _nanos(right)),
    "sub": lambda left, right: Quantity(left.nanos - _nanos(right)),
    "isLessThan": lambda left, right: left.nanos < right.nanos,
    "isGreaterThan": lambda left, right: left.nanos > right.nanos,
    "compareTo": _compare,
}
