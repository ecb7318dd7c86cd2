"""The values CEL knows beyond those of JSON, and when two values are equal."""

from datetime import datetime, timedelta
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
)
from typing import Any, Protocol, runtime_checkable
from urllib.parse import SplitResult

from msgspec import Struct

from knarr.cel.numbers import Uint, is_number

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Optional(Struct, frozen=True):
    """A value or none."""

    value: Any = None
    is_there: bool = False


NONE = Optional()


class TypeValue(Struct, frozen=True):
    """A type as a value: what `type(x)` answers."""

    name: str


class Url(Struct, frozen=True):
    """An absolute URL or path, parsed."""

    parts: SplitResult


class Cidr(Struct, frozen=True):
    """An address and how many of its bits name the network."""

    address: Address
    network: Network


class Semver(Struct, frozen=True, order=True):
    """A version in three numbers."""

    major: int
    minor: int
    patch: int
    is_release: bool
    """Releases come after what was released before them."""
    before: tuple[tuple[bool, int, str], ...] = ()


class NamedFormat(Struct, frozen=True):
    """A format of texts that `format.named` finds."""

    name: str


@runtime_checkable
class Fields(Protocol):
    """A value whose fields are worked out when they are asked for."""

    def field(self, name: str) -> Any:
        """The value of a field. Raise CelError when there is none."""
        ...

    def has_field(self, name: str) -> bool:
        """Whether there is such a field."""
        ...


class Caller(Protocol):
    """A value with functions of its own."""

    def call(self, name: str, args: tuple[Any, ...]) -> Any:
        """The answer of a function. Raise CelError when there is none of this name."""
        ...


_TYPE_NAMES: dict[type[Any], str] = {
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    tuple: "list",
    dict: "map",
    type(None): "null_type",
    datetime: "google.protobuf.Timestamp",
    timedelta: "google.protobuf.Duration",
    TypeValue: "type",
    Optional: "optional_type",
    IPv4Address: "net.IP",
    IPv6Address: "net.IP",
    Cidr: "net.CIDR",
    Url: "kubernetes.URL",
    Semver: "kubernetes.Semver",
    NamedFormat: "kubernetes.NamedFormat",
}


def type_name(value: Any) -> str:
    """What CEL calls the type of a value."""
    return _TYPE_NAMES.get(type(value), "kubernetes." + type(value).__name__)


def equal(left: Any, right: Any) -> bool:
    """Whether two values are equal; values of different types are not, numbers excepted."""
    if is_number(left):
        return is_number(right) and bool(left == right)
    if isinstance(left, list | tuple):
        return (
            isinstance(right, list | tuple)
            and len(left) == len(right)
            and all(map(equal, left, right))
        )
    if isinstance(left, dict):
        if not isinstance(right, dict) or len(left) != len(right):
            return False
        return all(key in right and equal(value, right[key]) for key, value in left.items())
    return type(left) is type(right) and bool(left == right)


def compare(left: Any, right: Any) -> int | None:
    """Less, equal or more as -1, 0 and 1; None for what has no order."""
    if is_number(left) and is_number(right):
        return int(left > right) - int(left < right)
    if type(left) is not type(right) or not isinstance(left, _ORDERED):
        return None
    return int(left > right) - int(left < right)


_ORDERED = (bool, str, bytes, datetime, timedelta, Semver)
