"""Makes HTTP answers of bytes that are ready: headers, YAML, indentation, compression."""

import asyncio
import zlib
from collections.abc import Iterable

import msgspec
import yaml
from aiohttp import web
from msgspec.structs import replace
from multidict import CIMultiDict

from apiserver.rest.call import Call
from apiserver.rest.negotiate import JSON, Form
from knarr.api.errors import ApiError
from knarr.api.meta.status import Status

COMPRESSED_BYTES_MIN = 128 * 1024
"""Smaller answers are sooner sent than compressed; as in Kubernetes."""

SLICED_BYTES_MIN = 512 * 1024
"""Larger answers are sent in slices."""
SLICE_BYTES = 128 * 1024

COMPRESSION_LEVEL = 1
"""The quickest: lists of objects shrink to a tenth even so."""

_STATUS_HEAD = b'{"kind":"Status","apiVersion":"v1",'
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_PRETTY_AGENTS = ("curl", "Wget", "Mozilla/5.0")

_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def status_bytes(status: Status) -> bytes:
    """A Status as JSON, `kind` and `apiVersion` first."""
    bare = replace(status, kind="", api_version="")
    return _STATUS_HEAD + msgspec.json.encode(bare)[1:]


def to_yaml(body: bytes) -> bytes:
    """JSON bytes as YAML."""
    text: str = yaml.dump(
        msgspec.json.decode(body),
        Dumper=_Dumper,
        sort_keys=True,
        allow_unicode=True,
        default_flow_style=False,
        width=1_000_000,
    )
    return text.encode()


def warning_header(text: str) -> str:
    """A warning as the header carries it."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    escaped = printable.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{escaped}"'


def headers(call: Call, content_type: str) -> CIMultiDict[str]:
    """The headers that every answer has."""
    found: CIMultiDict[str] = CIMultiDict(
        {
            "Audit-Id": call.id,
            "Cache-Control": "no-cache, private",
            "Content-Type": content_type,
        }
    )
    for text in dict.fromkeys(call.warnings):
        found.add("Warning", warning_header(text))
    return found


def wants_pretty(call: Call) -> bool:
    """Whether a human reads: by parameter, else by the program that asks."""
    if "pretty" in call.query:
        return call.flag("pretty")
    return call.request.headers.get("User-Agent", "").startswith(_PRETTY_AGENTS)


async def reply(
    call: Call, body: bytes, *, status: int = 200, form: Form = JSON, content_type: str = ""
) -> web.StreamResponse:
    """Answer with JSON bytes in the form wanted, or with bytes of another type as they are."""
    if content_type:
        pass
    elif form.media == "yaml":
        body = to_yaml(body)
    elif wants_pretty(call):
        body = msgspec.json.format(body, indent=2)
    found = headers(call, content_type or form.content_type)
    if len(body) >= COMPRESSED_BYTES_MIN and _compresses(call):
        body = await asyncio.to_thread(_compress, body)
        found["Content-Encoding"] = "gzip"
        found["Vary"] = "Accept-Encoding"
    if len(body) >= SLICED_BYTES_MIN:
        return await _in_slices(call, body, status, found)
    return web.Response(body=body, status=status, headers=found)


async def _in_slices(
    call: Call, body: bytes, status: int, found: CIMultiDict[str]
) -> web.StreamResponse:
    """Send a large body piece by piece: it is not copied, and the client reads meanwhile."""
    answer = web.StreamResponse(status=status, headers=found)
    answer.content_length = len(body)
    await answer.prepare(call.request)
    view = memoryview(body)
    for begin in range(0, len(body), SLICE_BYTES):
        await answer.write(view[begin : begin + SLICE_BYTES])
    await answer.write_eof()
    return answer


def _compresses(call: Call) -> bool:
    request = call.request
    return "gzip" in request.headers.get("Accept-Encoding", "") and request.remote not in _LOOPBACK


def _compress(body: bytes) -> bytes:
    packer = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def text_reply(
    call: Call, text: str, *, status: int = 200, extra: Iterable[tuple[str, str]] = ()
) -> web.Response:
    """Answer with plain text."""
    found = headers(call, "text/plain; charset=utf-8")
    found.extend(extra)
    return web.Response(body=text.encode(), status=status, headers=found)


async def error_reply(call: Call, error: ApiError, form: Form = JSON) -> web.StreamResponse:
    """Answer with the Status of an error."""
    answer = await reply(
        call, status_bytes(error.to_status()), status=error.to_status().code, form=Form(form.media)
    )
    if error.details is not None and error.details.retry_after_seconds:
        answer.headers["Retry-After"] = str(error.details.retry_after_seconds)
    return answer
