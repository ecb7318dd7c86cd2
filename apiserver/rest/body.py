"""Reads what a client sends: its size, its form."""

import asyncio

import msgspec
import yaml
from aiohttp import ClientPayloadError, web

from apiserver.registry.request import Body, PatchType
from apiserver.registry.yaml_body import fault, read_yaml, to_json
from apiserver.rest.negotiate import ACCEPTED
from knarr.api import codec, json_text, thorough
from knarr.api.errors import (
    BadRequestError,
    RequestEntityTooLargeError,
    RequestTimeoutError,
    UnsupportedMediaTypeError,
)
from knarr.api.kind import Kind
from knarr.api.meta.options import DeleteOptions
from knarr.api.meta.status import StatusDetails
from knarr.api.protobuf import decode as protobuf

BODY_BYTES_MAX = 3 * 1024 * 1024
"""As in Kubernetes: a little more than etcd stores, so that the store's own limit speaks first."""

BODY_TIMEOUT_S = 60
"""A body that dribbles in longer than this is not waited for."""

HEAVY_YAML_BYTES = 64 * 1024
"""Longer YAML is read in a thread of its own."""

YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
"""kubectl sends many requests in this form and no other; answers are JSON all the same."""

_READABLE = frozenset({"application/json", "application/yaml", PROTOBUF})
_PATCHES = {patch.value: patch for patch in PatchType}


async def read_body(request: web.BaseRequest) -> bytes:
    """The whole body. Raise RequestEntityTooLargeError, RequestTimeoutError."""
    if not request.can_read_body:
        return b""
    length = request.content_length
    if length is not None and length > BODY_BYTES_MAX:
        raise _too_large()
    content = request.content
    if length is not None and content.is_eof() and content.total_bytes == length:
        return content.read_nowait()
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while chunk := await content.readany():
                chunks.append(chunk)
                size += len(chunk)
                if size > BODY_BYTES_MAX:
                    raise _too_large()
    except TimeoutError:
        raise RequestTimeoutError("the request's body did not arrive in time") from None
    except ClientPayloadError as error:
        raise BadRequestError(str(error)) from None
    return b"".join(chunks)


def _too_large() -> RequestEntityTooLargeError:
    return RequestEntityTooLargeError(f"Request entity too large: limit is {BODY_BYTES_MAX}")


def media_type(request: web.BaseRequest) -> str:
    """The body's form without parameters; empty where none is said."""
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


async def object_body(request: web.BaseRequest) -> Body:
    """The body of a create or update. Raise UnsupportedMediaTypeError."""
    media = media_type(request) or "application/json"
    if media not in _READABLE:
        raise UnsupportedMediaTypeError(
            "the body of the request was in an unknown format - "
            f"accepted media types include: {ACCEPTED}"
        )
    data = await read_body(request)
    if media == PROTOBUF:
        return Body(_as_json(data), "application/json")
    return Body(await light_yaml(data), media) if media == YAML else Body(data, media)


async def light_yaml(data: bytes) -> bytes:
    """Large YAML as JSON, read beside the event loop, which would stand still for seconds.

    YAML with a fault stays as it is: whoever reads it next tells what is wrong.
    """
    if len(data) < HEAVY_YAML_BYTES or data.lstrip()[:1] == b"{":
        return data
    try:
        return to_json((await asyncio.to_thread(read_yaml, data)).plain)
    except yaml.YAMLError:
        return data


def _as_json(data: bytes) -> bytes:
    """A body in protobuf as JSON. Raise BadRequestError."""
    try:
        return msgspec.json.encode(protobuf.decode(data))
    except protobuf.ProtobufError as error:
        raise BadRequestError(str(error)) from None


def patch_type(request: web.BaseRequest, kind: Kind) -> PatchType:
    """Which of the four patches is sent. Raise UnsupportedMediaTypeError."""
    media = media_type(request)
    patch = _PATCHES.get(media)
    if patch is None and (kind.type_path or not media):
        raise UnsupportedMediaTypeError("415: Unsupported Media Type", details=StatusDetails())
    if patch is None or (patch is PatchType.STRATEGIC and not kind.type_path):
        raise UnsupportedMediaTypeError(
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json-patch+json, application/merge-patch+json, "
            "application/apply-patch+yaml"
        )
    return patch


def _word(value: object) -> str:
    """What a JSON value is, as Go says it."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, list):
        return "array"
    return "string" if isinstance(value, str) else "number"


def _options_text(data: bytes, media: str) -> bytes:
    if media == PROTOBUF:
        return _as_json(data)
    if media != "application/yaml":
        return json_text.whole_text(data)
    try:
        return to_json(read_yaml(data).plain)
    except yaml.YAMLError as error:
        told = f"couldn't get version/kind; json parse error: {fault(error)}"
        raise BadRequestError(told) from None


def delete_options(data: bytes, media: str) -> DeleteOptions:
    """The options that the body of a delete holds. Raise BadRequestError."""
    data = _options_text(data, media)
    try:
        plain = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        detail = json_text.syntax_error(data) or str(error)
        raise BadRequestError(f"couldn't get version/kind; json parse error: {detail}") from None
    if plain is None:
        return DeleteOptions()
    if not isinstance(plain, dict):
        raise BadRequestError(
            f"couldn't get version/kind; json parse error: json: cannot unmarshal {_word(plain)} "
            'into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
            'Kind string "json:\\"kind,omitempty\\"" }'
        )
    if plain.get("kind") not in (None, "", "DeleteOptions"):
        raise BadRequestError(
            f'no kind "{plain["kind"]}" is registered for version '
            f'"{plain.get("apiVersion", "")}" in scheme '
            '"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"'
        )
    try:
        return codec.decode(DeleteOptions, data)
    except thorough.DecodeError as error:
        raise BadRequestError(str(error)) from None
