"""Turns objects in Kubernetes' protobuf form into plain values, as JSON would give them.

A message is four magic bytes and an envelope that says kind and version; in
it the object itself, guided by the types that JSON is read with.
"""

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from knarr.api.authentication.token_request import TokenRequest
from knarr.api.autoscaling.scale import Scale
from knarr.api.kinds import BUILT_IN
from knarr.api.meta.options import DeleteOptions
from knarr.api.policy.eviction import Eviction
from knarr.api.shapes import Shape, shape_of
from knarr.api.structs import ApiStruct

MAGIC = b"k8s\x00"
DEPTH_MAX = 100
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class ProtobufError(ValueError):
    """The bytes are not what they should be."""


def fields_of(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """The fields of a message: number, wire type and value."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, wire, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
        else:
            raise ProtobufError(f"wire type {wire} is unknown")
        if at + size > len(data):
            raise ProtobufError("unexpected EOF")
        yield number, wire, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ProtobufError("unexpected EOF")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def decode(data: bytes) -> dict[str, Any]:
    """An object with its kind and version, plain. Raise ProtobufError."""
    if not data.startswith(MAGIC):
        raise ProtobufError("provided data does not appear to be a protobuf message")
    api_version, kind, raw = _envelope(data[len(MAGIC) :])
    object_type = _types().get((api_version, kind)) or _types().get(("", kind))
    if object_type is None:
        raise ProtobufError(f'no kind "{kind}" is registered for version "{api_version}"')
    return {"kind": kind, "apiVersion": api_version, **_message(shape_of(object_type), raw, 0)}


def _envelope(data: bytes) -> tuple[str, str, bytes]:
    api_version = kind = ""
    raw = b""
    for number, wire, value in fields_of(data):
        if wire != _BYTES:
            continue
        if number == 1:
            for part, _, text in fields_of(value):
                if part == 1:
                    api_version = _text(text)
                elif part == 2:
                    kind = _text(text)
        elif number == 2:
            raw = value
    return api_version, kind, raw


@cache
def _types() -> Mapping[tuple[str, str], type[ApiStruct]]:
    found: dict[tuple[str, str], type[ApiStruct]] = {
        ("", "DeleteOptions"): DeleteOptions,
        ("authentication.k8s.io/v1", "TokenRequest"): TokenRequest,
        ("autoscaling/v1", "Scale"): Scale,
        ("policy/v1", "Eviction"): Eviction,
    }
    return found | {(kind.api_version, kind.name): kind.type for kind in BUILT_IN}


@cache
def _numbers() -> Mapping[str, Mapping[int, str]]:
    """The fields of each message by number; `+Type` for one without a name in JSON."""
    found = {}
    for line in (files(__package__) / "fields.txt").read_text().splitlines():
        name, colon, rest = line.partition(": ")
        if colon and not line.startswith("#"):
            pairs = (word.split("=") for word in rest.split())
            found[name] = {int(number): field for field, number in pairs}
    return found


def _message(shape: Shape, data: bytes, depth: int, part: str = "") -> dict[str, Any]:
    assert shape.struct is not None, "a message is a struct"
    name = part or shape.struct.__name__
    # Two groups have an Event each, with other numbers.
    group = shape.struct.__module__.split(".")[2]
    numbers = _numbers().get(f"{group}.{name}") or _numbers().get(name)
    if numbers is None:
        raise ProtobufError(f"{name} is read as JSON only")
    if depth > DEPTH_MAX:
        raise ProtobufError("exceeded max depth")
    found: dict[str, Any] = {}
    for number, _, value in fields_of(data):
        name = numbers.get(number, "")
        if name.startswith("+"):
            found |= _message(shape, _bytes(value), depth + 1, name[1:])
        elif name in shape.fields:
            _put(found, name, shape.fields[name].shape, value, depth)
    return found


def _put(found: dict[str, Any], name: str, shape: Shape, value: Any, depth: int) -> None:
    if shape.kind == "list":
        assert shape.item is not None, "a list has items"
        found.setdefault(name, []).append(_value(shape.item, value, depth))
    elif shape.kind == "map":
        assert shape.item is not None, "a map has items"
        entry = {number: one for number, _, one in fields_of(_bytes(value))}
        one = _value(shape.item, entry.get(2, b""), depth)
        found.setdefault(name, {})[_text(entry.get(1, b""))] = one
    else:
        one = _value(shape, value, depth)
        # What is empty and has a word for absence is absent, as Go's JSON leaves it out.
        if one is not None and (one != "" or shape.nullable):
            found[name] = one


def _value(shape: Shape, value: Any, depth: int) -> Any:
    match shape.kind:
        case "struct":
            return _message(shape, _bytes(value), depth + 1)
        case "list":
            return [_text(one) for _, _, one in fields_of(_bytes(value))]
        case "bool":
            return bool(value)
        case "int32" | "int64":
            return _signed(value)
        case "string":
            return _text(value)
        case "base64":
            return base64.b64encode(_bytes(value)).decode()
        case _:
            return _wrapped(shape, _bytes(value))


def _wrapped(shape: Shape, value: bytes) -> Any:
    """Values that are messages of their own, and no structs in JSON."""
    parts = {number: one for number, _, one in fields_of(value)}
    match shape.kind:
        case "quantity":
            return _text(parts.get(1, b"0"))
        case "time" | "microtime":
            return _moment(parts, micro=shape.kind == "microtime")
        case "int-or-string":
            return _text(parts.get(3, b"")) if parts.get(1) else _signed(parts.get(2, 0))
        case _:
            return _json(_bytes(parts.get(1, b"null")))


def _json(value: bytes) -> Any:
    try:
        return msgspec.json.decode(value or b"null")
    except msgspec.DecodeError as error:
        raise ProtobufError(str(error)) from None


def _moment(parts: Mapping[int, Any], *, micro: bool) -> str | None:
    if not parts:
        return None
    try:
        moment = datetime.fromtimestamp(_signed(parts.get(1, 0)), UTC)
    except (ValueError, OverflowError, OSError):
        raise ProtobufError("a time is out of range") from None
    fraction = f".{_signed(parts.get(2, 0)) // 1000:06d}" if micro else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _signed(value: Any) -> int:
    if not isinstance(value, int):
        raise ProtobufError("a number is not one")
    return value - (1 << 64) if value >= 1 << 63 else value


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise ProtobufError("a field has the wrong wire type")
    return value


def _text(value: Any) -> str:
    return _bytes(value).decode("utf-8", "replace")
