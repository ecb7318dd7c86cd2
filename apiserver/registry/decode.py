"""Reads the body of a write: of the right kind, of any form, field by field."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import yaml

from apiserver.registry import plain_json
from apiserver.registry.custom_object import custom_object
from apiserver.registry.custom_version import Coercion
from apiserver.registry.parts import Object
from apiserver.registry.request import Body, Request
from apiserver.registry.yaml_body import fault, read_yaml, to_json
from knarr.api import aliases, codec, json_text, thorough
from knarr.api.aliases import Alias
from knarr.api.errors import BadRequestError
from knarr.api.kind import Kind
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct

_PRINTED_BYTES = 30
"""How much of a body that is not understood the error shows."""

_GO_HEAD = (
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
    'Kind string "json:\\"kind,omitempty\\"" }'
)
_GO_WORDS: Mapping[type[Any], str] = {
    list: "array",
    str: "string",
    int: "number",
    float: "number",
    bool: "bool",
}


class _Head(msgspec.Struct):
    """What a body says it is."""

    api_version: str | None = msgspec.field(name="apiVersion", default=None)
    kind: str | None = None


_HEAD = msgspec.json.Decoder(_Head | None)


def decode(request: Request, kind: Kind, body: Body, coerce: Coercion | None = None) -> Object:
    """The object in a body that is to be of `kind`; custom ones are coerced.

    Raise BadRequestError.
    """
    if isinstance(body.data, ApiStruct):
        return body.data
    data = body.data
    complaints: list[str] = []
    if body.media_type == "application/yaml":
        data, complaints = _from_yaml(data, kind)
    data = _with_whole_characters(data)
    head = _head(data, kind, body)
    alias = _alias(head, kind)
    if alias is not None:
        warn(request, (alias.warning,))
        data = msgspec.json.encode(aliases.converted(alias, msgspec.json.decode(data)))
        head = _Head(kind.api_version, kind.name)
    _check_head(head, kind)
    if not kind.type_path:
        return _custom(request, data, head, kind, complaints, coerce)
    if data.strip() == b"null":
        data = b"{}"
    try:
        reading = codec.read(kind.type, data, find_duplicates=request.field_validation != "Ignore")
    except thorough.DecodeError as error:
        raise BadRequestError(_cannot(head, kind, str(error))) from None
    complain(request, [*complaints, *reading.complaints], head, kind)
    return reading.object


def _alias(head: _Head, kind: Kind) -> Alias | None:
    """The row of the old version that a body is of, None for all that is of the right one."""
    version = head.api_version
    if version is None or version == kind.api_version or head.kind != kind.name:
        return None
    group, _, short = version.rpartition("/")
    alias = aliases.alias_of(group, short, kind.name)
    if alias is None or (alias.stored_group, alias.stored_version) != (kind.group, kind.version):
        return None
    return alias


def _with_whole_characters(data: bytes) -> bytes:
    """Replace halves of characters, which JSON can escape and UTF-8 cannot hold."""
    data = json_text.whole_text(data)
    if b"\\ud" not in data and b"\\uD" not in data:
        return data
    try:
        text = json.dumps(json.loads(data), ensure_ascii=False)
    except ValueError:
        return data
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def complain(request: Request, complaints: list[str], head: _Head, kind: Kind) -> None:
    """Refuse, warn or stay silent about unknown and duplicate fields, as the request asks."""
    if not complaints or request.field_validation == "Ignore":
        return
    if request.field_validation == "Strict":
        told = codec.strict_error(tuple(complaints))
        raise BadRequestError(_cannot(head, kind, told))
    warn(request, complaints)


def warn(request: Request, complaints: Iterable[str]) -> None:
    """Add warnings, each once, in the order Kubernetes sends them."""
    for words in sorted(set(complaints)):
        if words not in request.warnings:
            request.warnings.append(words)


def _cannot(head: _Head, kind: Kind, why: str) -> str:
    version = (head.api_version or kind.api_version).rpartition("/")[2]
    return (
        f'{head.kind or kind.name} in version "{version}" cannot be handled as a {kind.name}: {why}'
    )


def _head(data: bytes, kind: Kind, body: Body) -> _Head:
    try:
        return _HEAD.decode(data) or _Head()
    except msgspec.ValidationError:
        try:
            found = msgspec.json.decode(data)
        except msgspec.DecodeError as error:
            why = json_text.syntax_error(data) or str(error)
            raise BadRequestError(_unrecognized(kind, body, why)) from None
        if isinstance(found, dict):
            raise BadRequestError(_unrecognized(kind, body, _bad_head(found))) from None
        word = _GO_WORDS.get(type(found), "object")
        why = f"json: cannot unmarshal {word} into Go value of type {_GO_HEAD}"
        raise BadRequestError(_unrecognized(kind, body, why)) from None
    except msgspec.DecodeError as error:
        try:
            why = json_text.syntax_error(data) or str(error)
        except ValueError as more:
            why = str(more)
        raise BadRequestError(_unrecognized(kind, body, why)) from None
    except UnicodeDecodeError:
        raise BadRequestError(_unrecognized(kind, body, "invalid UTF-8")) from None


def _bad_head(found: Mapping[str, Any]) -> str:
    for name in ("apiVersion", "kind"):
        if not isinstance(found.get(name), str | None):
            word = _GO_WORDS.get(type(found[name]), "object")
            return f"json: cannot unmarshal {word} into Go struct field .{name} of type string"
    return "json: cannot unmarshal the type of the object"


def _unrecognized(kind: Kind, body: Body, why: str) -> str:
    assert isinstance(body.data, bytes), "objects of this process are not parsed"
    prefix = "" if why.startswith("yaml:") else "couldn't get version/kind; json parse error: "
    return (
        f"the object provided is unrecognized (must be of type {kind.name}): "
        f"{prefix}{why} ({_printed(body.data)})"
    )


def _printed(data: bytes) -> str:
    """The beginning of a body: as it is when it looks like JSON, else in hexadecimal."""
    if not data:
        return "<empty>"
    head = data[:_PRINTED_BYTES]
    more = " ..." if len(data) > _PRINTED_BYTES else ""
    if head.startswith(b"{"):
        return f"{head.decode(errors='replace')}{more}"
    return f"{head.hex()}{more}"


def _check_head(head: _Head, kind: Kind) -> None:
    version = head.api_version or kind.api_version
    name = head.kind or kind.name
    if (kind.name, name, version) == ("Eviction", "Eviction", "policy/v1beta1"):
        return
    if name != kind.name:
        group = (kind.group.split(".", maxsplit=1)[0]) or "core"
        short = version.rpartition("/")[2]
        raise BadRequestError(
            f'{name} in version "{short}" cannot be handled as a {kind.name}: converting '
            f"({short}.{name}) to ({group}.{kind.name}): unknown conversion"
        )
    if version != kind.api_version:
        raise BadRequestError(
            f"the API version in the data ({version}) does not match the expected API version "
            f"({kind.api_version})"
        )


def _custom(  # what was found of the body so far, and what is to be done with it
    request: Request,
    data: bytes,
    head: _Head,
    kind: Kind,
    complaints: list[str],
    coerce: Coercion | None,
) -> Object:
    try:
        plain = plain_json.decode(data) or {}
        if request.field_validation != "Ignore":
            complaints.extend(thorough.duplicates(data))
        metadata, unknown = custom_metadata(plain)
    except (msgspec.DecodeError, thorough.DecodeError) as error:
        raise BadRequestError(_cannot(head, kind, str(error))) from None
    if coerce is not None:
        plain, dropped = coerce(plain)
        complaints.extend(f'unknown field "{path}"' for path in dropped)
    complain(request, [*complaints, *unknown], head, kind)
    return custom_object(plain, metadata)


def custom_metadata(plain: Mapping[str, Any]) -> tuple[ObjectMeta, list[str]]:
    """The metadata of a custom object, and what is unknown in it. Raise DecodeError."""
    reading = codec.read(ObjectMeta, plain.get("metadata") or {})
    unknown = [words.replace('"', '"metadata.', 1) for words in reading.complaints]
    return reading.object, unknown


def _from_yaml(data: bytes, kind: Kind) -> tuple[bytes, list[str]]:
    """The first document of a YAML text as JSON, and what stands in it twice."""
    try:
        found = read_yaml(data)
    except yaml.YAMLError as error:
        raise BadRequestError(_unrecognized(kind, Body(data), fault(error))) from None
    return to_json(found.plain), found.complaints
