"""API objects to JSON and back.

The fast decoder knows the types and stops at the first surprise; then
`knarr.api.thorough` reads the same bytes again, forgives what Kubernetes
forgives (nulls, unknown fields, amounts given as numbers) and words what it
does not. Surprises are rare, so almost every object takes the fast way.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from knarr.api import thorough
from knarr.api.json_text import syntax_error
from knarr.api.kinds import BUILT_IN
from knarr.api.quantities import canonical
from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct, wire_name
from knarr.api.thorough import DecodeError

T = TypeVar("T", bound=ApiStruct)

_WHITESPACE = re.compile(rb"[ \t\r\n]")


def _enc_hook(value: Any) -> Any:
    if isinstance(value, Quantity):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"{type(value)} has no JSON form")


def _dec_hook(wanted: type, value: Any) -> Any:
    if wanted is Quantity and isinstance(value, str):
        return canonical(value)
    raise ValueError(f"no {wanted.__name__}")


_ENCODER = msgspec.json.Encoder(enc_hook=_enc_hook)
_ANY = msgspec.json.Decoder()
_KEY = re.compile(rb'"\s*:')


class Reading(Struct, frozen=True):
    """What a request's body holds, and what strict field validation says of it."""

    object: Any
    complaints: tuple[str, ...] = ()
    """Unknown and duplicate fields in the order they stand in: `unknown field "spec.foo"`."""

    @property
    def unknown(self) -> tuple[str, ...]:
        """The complaints about fields the type does not have."""
        return tuple(words for words in self.complaints if words.startswith("unknown"))

    @property
    def duplicates(self) -> tuple[str, ...]:
        """The complaints about fields given twice."""
        return tuple(words for words in self.complaints if words.startswith("duplicate"))


def strict_error(complaints: tuple[str, ...]) -> str:
    """What Strict field validation refuses a body with."""
    return f"strict decoding error: {', '.join(complaints)}"


def encode(obj: Any) -> bytes:
    """Write an object, or any plain JSON value, without `kind` and `apiVersion` of its own.

    A type may name in `always` what stands on the wire even when it is empty.
    """
    body = _ENCODER.encode(obj)
    always = getattr(obj, "always", None)
    return body if always is None else _with_empty(body, obj)


def _with_empty(body: bytes, obj: Any) -> bytes:
    object_type: type[ApiStruct] = type(obj)
    missing = [
        words for field, default, words in _empties(object_type) if getattr(obj, field) is default
    ]
    return b"%s,%s}" % (body[:-1], b",".join(missing)) if missing else body


@cache
def _empties(object_type: type[ApiStruct]) -> tuple[tuple[str, Any, bytes], ...]:
    """The fields of `always` with the default that the encoder leaves out, and what to write."""
    defaults = {each.name: each.default for each in msgspec.structs.fields(object_type)}
    return tuple(
        (field, defaults[field], f'"{wire_name(field)}":{empty}'.encode())
        for field, empty in getattr(object_type, "always", {}).items()
    )


def encode_whole(obj: ApiStruct) -> bytes:
    """Write an object with `kind` and `apiVersion` in front, as clients get it."""
    head = _heads().get(_type_path(type(obj)))
    kind: str = getattr(obj, "kind", "")
    if head is None or kind:
        return encode(obj)
    body = encode(obj)
    return head + body[1:] if len(body) > 2 else head[:-1] + b"}"


def to_plain(obj: Any) -> Any:
    """Turn an object into dicts and lists, as its JSON would be read."""
    return _ANY.decode(encode(obj))


def decode(object_type: type[T], data: bytes) -> T:
    """Read an object, forgiving what Kubernetes forgives. Raise DecodeError."""
    try:
        found: T = _decoder(object_type).decode(data)
    except msgspec.ValidationError:
        plain, _ = thorough.read(object_type, data)
        found = msgspec.convert(plain, object_type, dec_hook=_dec_hook)
    except msgspec.DecodeError as error:
        raise DecodeError(syntax_error(data) or str(error)) from error
    return without_type(found)


def from_plain(object_type: type[T], plain: Any) -> T:
    """Read an object from dicts and lists, forgivingly. Raise DecodeError."""
    return _from_plain(object_type, plain)[0]


def read(object_type: type[T], data: Any, *, find_duplicates: bool = True) -> Reading:
    """Read what a client sent, bytes or plain, and complain about its fields. Raise DecodeError."""
    if not isinstance(data, bytes | bytearray | memoryview):
        found, complaints = _from_plain(object_type, data)
        return Reading(found, complaints)
    data = bytes(data)
    try:
        fast: T = _decoder(object_type).decode(data)
    except msgspec.ValidationError:
        plain, said = thorough.read(object_type, data)
        thoroughly = msgspec.convert(plain, object_type, dec_hook=_dec_hook)
        return Reading(without_type(thoroughly), said)
    except msgspec.DecodeError as error:
        raise DecodeError(syntax_error(data) or str(error)) from error
    said = ()
    if find_duplicates and not _surely_no_duplicates(data):
        said = thorough.duplicates(data)
    return Reading(without_type(fast), said)


def without_type(obj: T) -> T:
    """Clear `kind` and `apiVersion` of an object just read; `encode_whole` knows them."""
    if getattr(obj, "kind", "") and _type_path(type(obj)) in _heads():
        msgspec.structs.force_setattr(obj, "kind", "")
        msgspec.structs.force_setattr(obj, "api_version", "")
    return obj


def _from_plain(object_type: type[T], plain: Any) -> tuple[T, tuple[str, ...]]:
    try:
        found = msgspec.convert(plain, object_type, dec_hook=_dec_hook)
        complaints: tuple[str, ...] = ()
    except msgspec.ValidationError:
        clean, complaints = thorough.walk(object_type, plain)
        found = msgspec.convert(clean, object_type, dec_hook=_dec_hook)
    return without_type(found), complaints


def _surely_no_duplicates(data: bytes) -> bool:
    # Reading into dicts drops the first of two equal keys, so there are fewer
    # keys then than there are in the text. Texts that look like keys make the
    # count larger, which only costs the thorough look.
    return len(_KEY.findall(data)) == _key_count(_ANY.decode(data))


def _key_count(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(
            [_key_count(one) for one in value.values() if isinstance(one, dict | list)]
        )
    if isinstance(value, list):
        return sum([_key_count(one) for one in value if isinstance(one, dict | list)])
    return 0


@cache
def _decoder(object_type: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(object_type, dec_hook=_dec_hook)


@cache
def _type_path(object_type: type) -> str:
    return f"{object_type.__module__.removeprefix('knarr.api.')}:{object_type.__name__}"


@cache
def _heads() -> Mapping[str, bytes]:
    return {
        kind.type_path: f'{{"kind":"{kind.name}","apiVersion":"{kind.api_version}",'.encode()
        for kind in BUILT_IN
    }
