"""Reading that forgives what Kubernetes forgives and words what it does not.

Slow on purpose: it walks the whole value beside the shape of its type, in the
order of the document, and collects unknown and duplicate fields with their
paths. `knarr.api.codec` comes here when the fast decoder is surprised.
"""

import base64
import json
from collections.abc import Iterable
from typing import Any

from knarr.api import times
from knarr.api.go_types import go_type
from knarr.api.json_text import syntax_error
from knarr.api.quantities import QuantityError, canonical
from knarr.api.shapes import Shape, shape_of
from knarr.api.structs import ApiStruct

_BITS = {"int32": 31, "int64": 63}


class DecodeError(ValueError):
    """The value does not fit the type; the message is the one Kubernetes gives."""


class _Object(dict[str, Any]):
    """A JSON object that remembers every pair, doubles included."""

    pairs: list[tuple[str, Any]]


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    made.pairs = pairs
    return made


def read(object_type: type[ApiStruct], data: bytes) -> tuple[Any, tuple[str, ...]]:
    """Clean JSON for the fast decoder, and the complaints. Raise DecodeError."""
    try:
        value = json.loads(data, object_pairs_hook=_object)
    except ValueError as error:
        raise DecodeError(syntax_error(data) or str(error)) from error
    return walk(object_type, value)


def walk(object_type: type[ApiStruct], value: Any) -> tuple[Any, tuple[str, ...]]:
    """Clean a value for the fast decoder, and complain. Raise DecodeError."""
    walker = _Walker()
    clean = walker.value(shape_of(object_type), value, "")
    if walker.mismatch:
        raise DecodeError(walker.mismatch)
    return clean, tuple(walker.complaints)


def duplicates(data: bytes) -> tuple[str, ...]:
    """Complaints about fields that stand twice in one object, in order."""
    return tuple(_duplicates(json.loads(data, object_pairs_hook=_object), ""))


def _duplicates(value: Any, path: str) -> Iterable[str]:
    if isinstance(value, _Object):
        seen = set()
        for key, item in value.pairs:
            below = f"{path}.{key}" if path else key
            if key in seen:
                yield f'duplicate field "{below}"'
            seen.add(key)
            yield from _duplicates(item, below)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _duplicates(item, f"{path}[{index}]")


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list | tuple) else "object"


class _Walker:
    """One walk: the first value that does not fit, and the complaints so far."""

    def __init__(self) -> None:
        self.mismatch = ""
        self.complaints: list[str] = []
        self._fields: list[str] = []
        self._structs: list[str] = []

    def value(self, shape: Shape, value: Any, path: str) -> Any:
        if value is None:
            return shape.zero()
        if shape.kind == "struct":
            return self._struct(shape, value, path)
        if shape.kind == "list":
            return self._list(shape, value, path)
        if shape.kind == "map":
            return self._map(shape, value, path)
        return value if shape.kind == "raw" else self._scalar(shape, value)

    def _struct(self, shape: Shape, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            return self._does_not_fit(shape, _word(value))
        assert shape.struct is not None
        clean: dict[str, Any] = {}
        self._structs.append(shape.struct.__name__)
        for key, item, below in self._pairs(value, path):
            field = shape.fields.get(key)
            if field is None:
                self.complaints.append(f'unknown field "{below}"')
                continue
            self._fields.append(key)
            read = self.value(field.shape, item, below) if item is not None else None
            self._fields.pop()
            if read is not None:
                clean[key] = read
        self._structs.pop()
        for name, field in shape.fields.items():
            if field.required and name not in clean:
                clean[name] = field.shape.zero()
        return clean

    def _pairs(self, value: dict[str, Any], path: str) -> Iterable[tuple[str, Any, str]]:
        seen: set[str] = set()
        for key, item in value.pairs if isinstance(value, _Object) else value.items():
            below = f"{path}.{key}" if path else key
            if key in seen:
                self.complaints.append(f'duplicate field "{below}"')
            seen.add(key)
            yield key, item, below

    def _list(self, shape: Shape, value: Any, path: str) -> Any:
        if not isinstance(value, list | tuple):
            return self._does_not_fit(shape, _word(value))
        assert shape.item is not None
        return [
            self.value(shape.item, item, f"{path}[{index}]") for index, item in enumerate(value)
        ]

    def _map(self, shape: Shape, value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            return self._does_not_fit(shape, _word(value))
        assert shape.item is not None
        return {
            key: self.value(shape.item, item, below)
            for key, item, below in self._pairs(value, path)
        }

    def _scalar(self, shape: Shape, value: Any) -> Any:
        if shape.kind in ("int32", "int64"):
            return self._whole_number(shape, value)
        if shape.kind == "int-or-string":
            return _int_or_string(value)
        if shape.kind == "quantity":
            return _quantity(value)
        if shape.kind in ("time", "microtime"):
            return _time(shape, value)
        if shape.kind == "base64" and isinstance(value, str):
            return self._bytes(value)
        fits = {
            "string": isinstance(value, str),
            "bool": isinstance(value, bool),
            "number": isinstance(value, int | float) and not isinstance(value, bool),
        }
        return value if fits.get(shape.kind) else self._does_not_fit(shape, _word(value))

    def _whole_number(self, shape: Shape, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._does_not_fit(shape, _word(value))
        limit = 2 ** _BITS[shape.kind]
        if isinstance(value, float) or not -limit <= value < limit:
            return self._does_not_fit(shape, f"number {json.dumps(value)}")
        return value

    def _bytes(self, value: str) -> str:
        text = value.replace("\r", "").replace("\n", "")
        try:
            base64.b64decode(text, validate=True)
        except ValueError:
            self.mismatch = self.mismatch or f"illegal base64 data at input byte {_bad_byte(value)}"
            return ""
        return text

    def _does_not_fit(self, shape: Shape, word: str) -> Any:
        where, wanted = "Go value", go_type(shape)
        if self._fields:
            where = f"Go struct field {self._structs[-1]}.{'.'.join(self._fields)}"
            wanted = go_type(shape, self._structs[-1], self._fields[-1])
        said = f"json: cannot unmarshal {word} into {where} of type {wanted}"
        self.mismatch = self.mismatch or said
        return shape.zero()


def _int_or_string(value: Any) -> Any:
    if isinstance(value, str) or (type(value) is int and -(2**31) <= value < 2**31):
        return value
    word = f"number {json.dumps(value)}" if type(value) in (int, float) else _word(value)
    raise DecodeError(f"json: cannot unmarshal {word} into Go value of type int32")


def _quantity(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    try:
        return canonical(text)
    except QuantityError as error:
        raise DecodeError(str(error)) from error


def _time(shape: Shape, value: Any) -> str:
    if not isinstance(value, str):
        raise DecodeError(f"json: cannot unmarshal {_word(value)} into Go value of type string")
    try:
        return (times.normalise if shape.kind == "time" else times.normalise_micro)(value)
    except ValueError as error:
        raise DecodeError(str(error)) from error


def _bad_byte(text: str) -> int:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for index, character in enumerate(text):
        if character not in alphabet and character not in "\r\n":
            return index
    return len(text)
