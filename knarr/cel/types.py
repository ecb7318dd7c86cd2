"""Conversions between types."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from knarr.cel import times
from knarr.cel.errors import CelError, no_overload
from knarr.cel.numbers import INT_MAX, INT_MIN, UINT_MAX, Uint
from knarr.cel.values import Cidr, Semver, TypeValue, Url, type_name


def type_of(value: Any) -> TypeValue:
    """The type of a value."""
    return TypeValue(type_name(value))


def to_int(value: Any) -> int:
    """A whole number of a number, a text or a time."""
    if isinstance(value, datetime):
        return math.floor(value.timestamp())
    if isinstance(value, timedelta):
        return times.nanoseconds(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise no_overload("int")
    try:
        return _checked(int(value))
    except (ValueError, OverflowError):
        if isinstance(value, float):
            raise CelError("integer overflow") from None
        raise CelError(f'strconv.ParseInt: parsing "{value}": invalid syntax') from None


def _checked(number: int) -> int:
    if not INT_MIN <= number <= INT_MAX:
        raise CelError("integer overflow")
    return number


def to_uint(value: Any) -> Uint:
    """A whole number without sign."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise no_overload("uint")
    try:
        number = int(value)
    except ValueError:
        raise CelError(f'strconv.ParseUint: parsing "{value}": invalid syntax') from None
    if not 0 <= number <= UINT_MAX:
        raise CelError("unsigned integer overflow")
    return Uint(number)


def to_double(value: Any) -> float:
    """A number with a point."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise no_overload("double")
    try:
        return float(value)
    except ValueError:
        raise CelError(f'strconv.ParseFloat: parsing "{value}": invalid syntax') from None


def to_string(value: Any) -> str:
    """A value as a text."""
    write = _TEXTS.get(type(value))
    if write is None:
        raise no_overload("string")
    return write(value)


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise CelError("invalid UTF-8 in bytes, cannot convert to string") from None


def number_text(value: float) -> str:
    """A number with a point as Go writes it when it is short."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    if "e" in text:
        mantissa, exponent = text.split("e")
        sign = "-" if exponent.startswith("-") else "+"
        return f"{mantissa.removesuffix('.0')}e{sign}{exponent.lstrip('+-').zfill(2)}"
    return text


def to_bytes(value: Any) -> bytes:
    """A text as bytes."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise no_overload("bytes")


def to_bool(value: Any) -> bool:
    """A text as a truth."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value in ("1", "t", "T", "TRUE", "true", "True"):
            return True
        if value in ("0", "f", "F", "FALSE", "false", "False"):
            return False
        raise CelError(f"type conversion error from 'string' to 'bool': {value}")
    raise no_overload("bool")


_TEXTS: Mapping[type[Any], Callable[[Any], str]] = {
    bool: lambda value: "true" if value else "false",
    float: number_text,
    bytes: _decoded,
    str: str,
    int: str,
    Uint: str,
    datetime: times.timestamp_text,
    timedelta: times.duration_text,
    Url: lambda value: str(value.parts.geturl()),
    IPv4Address: str,
    IPv6Address: str,
    Cidr: lambda value: f"{value.address}/{value.network.prefixlen}",
    Semver: lambda value: f"{value.major}.{value.minor}.{value.patch}",
}
