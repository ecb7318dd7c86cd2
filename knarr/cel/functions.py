"""Every function by its name; methods also by the type they are called on."""

import base64
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from knarr.cel import formats, lists, network, numbers, quantity, semver, strings, times, types
from knarr.cel.errors import CelError, no_overload
from knarr.cel.math_functions import MATH
from knarr.cel.numbers import Uint
from knarr.cel.values import NONE, Cidr, NamedFormat, Optional, Semver, TypeValue, Url

Function = Callable[..., Any]


def size(value: Any) -> int:
    """How long a text, a list or a map is."""
    if isinstance(value, str | bytes | list | tuple | dict):
        return len(value)
    raise no_overload("size")


def _add(left: Any, right: Any) -> Any:
    if numbers.are_alike(left, right):
        return left + right if isinstance(left, float) else numbers.in_range(left + right, left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return [*left, *right]
    if isinstance(left, datetime | timedelta) or isinstance(right, datetime | timedelta):
        return times.add(left, right)
    if type(left) is type(right) and isinstance(left, str | bytes):
        return left + right
    raise no_overload("_+_")


def _subtract(left: Any, right: Any) -> Any:
    if numbers.are_alike(left, right):
        return left - right if isinstance(left, float) else numbers.in_range(left - right, left)
    if isinstance(left, datetime | timedelta):
        return times.subtract(left, right)
    raise no_overload("_-_")


def _value(optional: Optional) -> Any:
    if not optional.is_there:
        raise CelError("optional.none() dereference")
    return optional.value


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _of_non_zero(value: Any) -> Optional:
    is_zero = value in (None, False, 0, 0.0, "", b"") or value in ([], {})
    return NONE if is_zero else Optional(value, is_there=True)


GLOBAL: dict[str, Function] = {
    "_+_": _add,
    "_-_": _subtract,
    "_*_": numbers.multiply,
    "_/_": numbers.divide,
    "_%_": numbers.modulo,
    "-_": numbers.negate,
    "size": size,
    "dyn": lambda value: value,
    "type": types.type_of,
    "int": types.to_int,
    "uint": types.to_uint,
    "double": types.to_double,
    "string": types.to_string,
    "bytes": types.to_bytes,
    "bool": types.to_bool,
    "timestamp": times.timestamp,
    "duration": times.duration,
    "matches": strings.matches,
    "optional.of": lambda value: Optional(value, is_there=True),
    "optional.none": lambda: NONE,
    "optional.ofNonZeroValue": _of_non_zero,
    "base64.encode": lambda data: base64.b64encode(data).decode(),
    "base64.decode": _decoded,
    "jsonpatch.escapeKey": lambda text: text.replace("~", "~0").replace("/", "~1"),
    **strings.GLOBAL,
    **lists.GLOBAL,
    **quantity.GLOBAL,
    **network.GLOBAL,
    **semver.GLOBAL,
    **formats.GLOBAL,
    **MATH,
}

TYPES: Mapping[str, TypeValue] = {
    name: TypeValue(name)
    for name in (
        "bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type",
    )
}  # fmt: skip

_OPTIONAL: dict[str, Function] = {
    "hasValue": lambda optional: optional.is_there,
    "value": _value,
}
_METHODS: dict[type[Any], Mapping[str, Function]] = {
    str: {"size": size, **strings.METHODS},
    bytes: {"size": size},
    list: {"size": size, **lists.METHODS},
    tuple: {"size": size, **lists.METHODS},
    dict: {"size": size},
    datetime: times.OF_TIMESTAMP,
    timedelta: times.OF_DURATION,
    Optional: _OPTIONAL,
    quantity.Quantity: quantity.METHODS,
    IPv4Address: network.OF_ADDRESS,
    IPv6Address: network.OF_ADDRESS,
    Cidr: network.OF_CIDR,
    Url: network.OF_URL,
    Semver: semver.METHODS,
    NamedFormat: formats.METHODS,
    int: {},
    Uint: {},
}


def call_method(name: str, target: Any, args: tuple[Any, ...]) -> Any:
    """Call a function on a value. Raise CelError when it has none of this name."""
    own = getattr(target, "call", None)
    if own is not None:
        return own(name, args)
    function = _METHODS.get(type(target), {}).get(name)
    if function is None:
        raise no_overload(name)
    return function(target, *args)


METHOD_NAMES = frozenset(name for methods in _METHODS.values() for name in methods)
"""Every name that is a method of some type."""
