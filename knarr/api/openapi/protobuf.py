"""OpenAPI v2 documents in the protobuf form of gnostic, the one in which kubectl asks for them.

Messages are described by what a JSON key is there: the number of the field and
the sort of its value. What the form has no field for is left out.
"""

from collections.abc import Callable, Iterable, Mapping
from struct import pack
from typing import Any

import yaml

Plain = Mapping[str, Any]
Sort = Callable[[int, Any], bytes]
"""Encodes a value as the field of a number."""
Message = Mapping[str, tuple[int, Sort]]

_VARINT, _FIXED64, _BYTES = 0, 1, 2


def document(plain: Plain) -> bytes:
    """A whole document."""
    return _message(plain, _DOCUMENT)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _tag(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _bytes(number: int, data: bytes) -> bytes:
    return _tag(number, _BYTES) + _varint(len(data)) + data


def _string(number: int, value: Any) -> bytes:
    return _bytes(number, str(value).encode())


def _strings(number: int, value: Any) -> bytes:
    return b"".join(_string(number, each) for each in value)


def _bool(number: int, value: Any) -> bytes:
    return _tag(number, _VARINT) + _varint(bool(value))


def _int(number: int, value: Any) -> bytes:
    return _tag(number, _VARINT) + _varint(int(value))


def _double(number: int, value: Any) -> bytes:
    return _tag(number, _FIXED64) + pack("<d", value)


def _any(number: int, value: Any) -> bytes:
    # gnostic keeps what it has no message for as a piece of YAML.
    text = yaml.safe_dump(value, default_flow_style=False, sort_keys=True)
    return _bytes(number, _string(2, text))


def _anys(number: int, value: Any) -> bytes:
    return b"".join(_any(number, each) for each in value)


def _named(number: int, name: str, value: bytes) -> bytes:
    return _bytes(number, _string(1, name) + value)


def _message(plain: Plain, fields: Message, extensions: int = 0) -> bytes:
    """A message; keys that begin with `x-` are its extensions, where it has a field for them."""
    found = [
        encode(number, plain[key])
        for key, (number, encode) in fields.items()
        if plain.get(key) is not None
    ]
    if extensions:
        found += [
            _named(extensions, key, _any(2, value))
            for key, value in plain.items()
            if key.startswith("x-")
        ]
    return b"".join(found)


def _of(fields: Callable[[], Message], extensions: int = 0) -> Sort:
    """A message of its own. The fields are looked up late: schemas hold schemas."""
    return lambda number, value: _bytes(number, _message(value, fields(), extensions))


def _list_of(one: Sort) -> Sort:
    return lambda number, value: b"".join(one(number, each) for each in value)


def _map_of(one: Sort, at: int = 1) -> Sort:
    """A map as a message that holds pairs of name and value."""

    def encode(number: int, value: Any) -> bytes:
        pairs = (_named(at, name, one(2, each)) for name, each in value.items())
        return _bytes(number, b"".join(pairs))

    return encode


def _schema_or_bool(number: int, value: Any) -> bytes:
    return _bytes(number, _bool(2, value) if isinstance(value, bool) else _schema(1, value))


def _types(number: int, value: Any) -> bytes:
    return _bytes(number, _strings(1, [value] if isinstance(value, str) else value))


def _items(number: int, value: Any) -> bytes:
    return _bytes(number, _schema(1, value))


def _parameters(number: int, value: Iterable[Plain]) -> bytes:
    return b"".join(_bytes(number, _parameter(each)) for each in value)


def _parameter(plain: Plain) -> bytes:
    if "$ref" in plain:
        return _bytes(2, _string(1, plain["$ref"]))
    if plain.get("in") == "body":
        return _bytes(1, _bytes(1, _message(plain, _BODY_PARAMETER, 6)))
    place, fields, extensions = _PARAMETERS[plain.get("in", "query")]
    return _bytes(1, _bytes(2, _bytes(place, _message(plain, fields, extensions))))


def _responses(number: int, value: Plain) -> bytes:
    pairs = (
        _named(1, code, _bytes(2, _bytes(1, _message(each, _RESPONSE, 5))))
        for code, each in value.items()
    )
    return _bytes(number, b"".join(pairs))


def _api_key(number: int, value: Any) -> bytes:
    return _bytes(number, _bytes(2, _message(value, _KEY, 5)))


_schema = _of(lambda: _SCHEMA, 31)
_operation = _of(lambda: _OPERATION, 13)

_SCHEMA: Message = {
    "$ref": (1, _string),
    "format": (2, _string),
    "title": (3, _string),
    "description": (4, _string),
    "default": (5, _any),
    "multipleOf": (6, _double),
    "maximum": (7, _double),
    "exclusiveMaximum": (8, _bool),
    "minimum": (9, _double),
    "exclusiveMinimum": (10, _bool),
    "maxLength": (11, _int),
    "minLength": (12, _int),
    "pattern": (13, _string),
    "maxItems": (14, _int),
    "minItems": (15, _int),
    "uniqueItems": (16, _bool),
    "maxProperties": (17, _int),
    "minProperties": (18, _int),
    "required": (19, _strings),
    "enum": (20, _anys),
    "additionalProperties": (21, _schema_or_bool),
    "type": (22, _types),
    "items": (23, _items),
    "allOf": (24, _list_of(_schema)),
    "properties": (25, _map_of(_schema)),
    "example": (30, _any),
}
_BODY_PARAMETER: Message = {
    "description": (1, _string),
    "name": (2, _string),
    "in": (3, _string),
    "required": (4, _bool),
    "schema": (5, _schema),
}
_SIMPLE: dict[str, tuple[int, Sort]] = {
    "required": (1, _bool),
    "in": (2, _string),
    "description": (3, _string),
    "name": (4, _string),
}
_PARAMETERS: Mapping[str, tuple[int, Message, int]] = {
    "query": (3, _SIMPLE | {"type": (6, _string), "uniqueItems": (20, _bool)}, 23),
    "path": (4, _SIMPLE | {"type": (5, _string), "uniqueItems": (19, _bool)}, 22),
}
"""By where a parameter is: the field of its message, the fields in that, its extensions."""
_RESPONSE: Message = {
    "description": (1, _string),
    # A schema stands in a message that may hold a file's instead.
    "schema": (2, lambda number, value: _bytes(number, _schema(1, value))),
}
_OPERATION: Message = {
    "tags": (1, _strings),
    "description": (3, _string),
    "operationId": (5, _string),
    "produces": (6, _strings),
    "consumes": (7, _strings),
    "parameters": (8, _parameters),
    "responses": (9, _responses),
    "schemes": (10, _strings),
    "deprecated": (11, _bool),
}
_PATH: Message = {
    "get": (2, _operation),
    "put": (3, _operation),
    "post": (4, _operation),
    "delete": (5, _operation),
    "options": (6, _operation),
    "head": (7, _operation),
    "patch": (8, _operation),
    "parameters": (9, _parameters),
}
_INFO: Message = {"title": (1, _string), "version": (2, _string)}
_KEY: Message = {
    "type": (1, _string),
    "name": (2, _string),
    "in": (3, _string),
    "description": (4, _string),
}

_DOCUMENT: Message = {
    "swagger": (1, _string),
    "info": (2, _of(lambda: _INFO)),
    "paths": (8, _map_of(_of(lambda: _PATH, 10), at=2)),
    "definitions": (9, _map_of(_schema)),
    "securityDefinitions": (13, _map_of(_api_key)),
}
