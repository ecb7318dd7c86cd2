"""Exact sums over amounts such as `500m`, `2Gi` and `1e3`.

Everything counts in whole billionths, the finest amount there is, so nothing
is ever rounded by accident. `canonical` is the one spelling the server
stores: as few digits as the suffixes allow, in the family the user chose.
"""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from knarr.api.scalars import Quantity

Family = Literal["decimal", "binary", "exponent"]

_NANO = 10**9
_VALUE_MAX = 2**63 - 1
_FORMAT_WRONG = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_SUFFIX_WRONG = "unable to parse quantity's suffix"
_SHAPE = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_LEADING = re.compile(r"^\+?0*(?=[0-9])", re.ASCII)
_EXPONENT = re.compile(r"[eE]([-+]?[0-9]+)", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = {power: suffix for suffix, power in _BINARY.items()} | {0: ""}
_REMEMBERED_MAX = 4096
"""Spellings whose meaning is kept at hand; clusters use few different ones."""


class QuantityError(ValueError):
    """The text is no quantity; the message says why in Kubernetes' words."""


class Amount(NamedTuple):
    """A parsed quantity: whole billionths, and the family of suffixes to write it in."""

    nanos: int
    family: Family


@lru_cache(_REMEMBERED_MAX)
def parse(text: str) -> Amount:
    """Read a quantity. Raise QuantityError."""
    found = _SHAPE.fullmatch(text)
    if found is None or not text:
        raise QuantityError(_FORMAT_WRONG)
    sign, whole, fraction, suffix = found.groups()
    base, exponent, family = _interpret(suffix)
    digits = int((whole or "") + (fraction or "") or "0")
    exponent_10 = -len(fraction or "") + 9 + (exponent if base == 10 else 0)
    scaled = digits << exponent if base == 2 else digits
    nanos = scaled * 10**exponent_10 if exponent_10 >= 0 else -(-scaled // 10**-exponent_10)
    nanos = min(nanos, _VALUE_MAX * _NANO)
    if family == "binary" and 0 < nanos < _NANO:
        family = "decimal"
    return Amount(-nanos if sign == "-" else nanos, family)


def _interpret(suffix: str) -> tuple[int, int, Family]:
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix], "decimal"
    if suffix in _BINARY:
        return 2, _BINARY[suffix], "binary"
    found = _EXPONENT.fullmatch(suffix)
    if found is None:
        raise QuantityError(_SUFFIX_WRONG)
    return 10, max(-30, min(int(found[1]), 30)), "exponent"


def to_text(amount: Amount) -> Quantity:
    """Write an amount in canonical form."""
    nanos, family = amount
    if nanos == 0:
        return Quantity("0")
    if family == "binary" and nanos % _NANO == 0 and abs(nanos) >= 1024 * _NANO:
        return _binary(nanos)
    exponent = -9
    while nanos % 1000 == 0 and exponent < 18:
        nanos //= 1000
        exponent += 3
    if family == "exponent":
        return Quantity(f"{nanos}e{exponent}" if exponent else str(nanos))
    return Quantity(f"{nanos}{_DECIMAL_SUFFIX[exponent]}")


def _binary(nanos: int) -> Quantity:
    number = nanos // _NANO
    power = 0
    while number % 1024 == 0 and power < 60:
        number //= 1024
        power += 10
    return Quantity(f"{number}{_BINARY_SUFFIX[power]}")


@lru_cache(_REMEMBERED_MAX)
def canonical(text: str) -> Quantity:
    """The one spelling of a quantity that the server keeps. Raise QuantityError.

    A plus sign, zeros in front and a large E of an exponent are kept, as Kubernetes does.
    """
    spelled = to_text(parse(text))
    plain = _LEADING.sub("", text)
    return Quantity(text) if plain != text and plain == spelled else _kept_exponent(text, spelled)


def _kept_exponent(text: str, spelled: Quantity) -> Quantity:
    found = _EXPONENT.search(text)
    return Quantity(text) if found and text.replace("E", "e") == spelled else spelled


def from_value(value: int, family: Family = "decimal") -> Quantity:
    """Write a whole number of units."""
    return to_text(Amount(value * _NANO, family))


def from_milli(milli: int, family: Family = "decimal") -> Quantity:
    """Write a number of thousandths."""
    return to_text(Amount(milli * 1_000_000, family))


def value(text: str) -> int:
    """Whole units, rounded up."""
    return -(-parse(text).nanos // _NANO)


def milli(text: str) -> int:
    """Thousandths, rounded up."""
    return -(-parse(text).nanos // 1_000_000)


def compare(left: str, right: str) -> int:
    """-1, 0 or 1, as `left` is less than, equal to or more than `right`."""
    difference = parse(left).nanos - parse(right).nanos
    return (difference > 0) - (difference < 0)


def add(left: str, right: str) -> Quantity:
    """The sum, in the family of `left` unless that is zero."""
    first, second = parse(left), parse(right)
    return to_text(Amount(first.nanos + second.nanos, (first if first.nanos else second).family))


def sub(left: str, right: str) -> Quantity:
    """The difference, in the family of `left` unless that is zero."""
    first, second = parse(left), parse(right)
    return to_text(Amount(first.nanos - second.nanos, (first if first.nanos else second).family))


def is_zero(text: str) -> bool:
    """Whether it is nothing."""
    return parse(text).nanos == 0


def is_whole(text: str) -> bool:
    """Whether it is a whole number of units."""
    return parse(text).nanos % _NANO == 0
