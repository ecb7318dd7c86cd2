"""Reads JSON of custom resources with numbers as Kubernetes keeps them.

A number without a fraction is a whole one however it is written, as long as
it fits 64 bits; a larger one is kept as a double.
"""

import re
from decimal import Decimal
from math import isinf
from typing import Any

import msgspec

_TOO_LARGE = 'strconv.ParseFloat: parsing "{}": value out of range'
_LONG = re.compile(rb"[0-9]{19}")
_INT_MAX = 2**63 - 1
_UINT_END = 2**64
"""The largest whole number that is written without an exponent."""
_EXACT_MAX = 1e18


def _number(text: str) -> float | int:
    value = float(text)
    if isinf(value):
        raise ValueError(_TOO_LARGE.format(text))
    return int(value) if abs(value) < _EXACT_MAX and value.is_integer() else value


_DECODER = msgspec.json.Decoder(float_hook=_number)


def decode(data: bytes) -> Any:
    """The value of a JSON text. Raise msgspec.DecodeError."""
    value = _DECODER.decode(data)
    return _shortened(value) if _LONG.search(data) else value


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shortened(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_shortened(each) for each in value]
    if isinstance(value, int) and not -_INT_MAX - 1 <= value <= _INT_MAX:
        try:
            shorter = float(value)
        except OverflowError:
            raise msgspec.ValidationError(_TOO_LARGE.format(value)) from None
        rounded = int(Decimal(repr(shorter)))
        return rounded if 0 < rounded < _UINT_END else shorter
    return value
