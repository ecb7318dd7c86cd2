"""Functions of numbers: `math.greatest` and its kin."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from knarr.cel.errors import no_overload
from knarr.cel.numbers import in_range, is_number


def _numbers(args: tuple[Any, ...], name: str) -> list[Any]:
    found = list(args[0]) if len(args) == 1 and isinstance(args[0], list | tuple) else list(args)
    if not found or not all(is_number(each) for each in found):
        raise no_overload(name)
    return found


def _rounded(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value)


def _sign(value: Any) -> Any:
    return type(value)((value > 0) - (value < 0))


MATH: Mapping[str, Callable[..., Any]] = {
    "math.greatest": lambda *args: max(_numbers(args, "math.greatest")),
    "math.least": lambda *args: min(_numbers(args, "math.least")),
    "math.abs": lambda value: abs(value) if is_number(value) else _numbers((), "math.abs"),
    "math.ceil": lambda value: float(math.ceil(value)),
    "math.floor": lambda value: float(math.floor(value)),
    "math.round": _rounded,
    "math.trunc": lambda value: float(math.trunc(value)),
    "math.sign": _sign,
    "math.sqrt": lambda value: math.sqrt(value) if value >= 0 else math.nan,
    "math.isNaN": math.isnan,
    "math.isInf": math.isinf,
    "math.isFinite": math.isfinite,
    "math.bitAnd": lambda left, right: left & right,
    "math.bitOr": lambda left, right: left | right,
    "math.bitXor": lambda left, right: left ^ right,
    "math.bitShiftLeft": lambda value, count: in_range(value << count, value),
    "math.bitShiftRight": lambda value, count: value >> count,
}
