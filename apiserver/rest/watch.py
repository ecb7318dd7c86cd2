"""Watches: one JSON line an event, encoded once however many watch."""

from collections.abc import AsyncIterator, Callable, Sequence

import msgspec
import structlog
from aiohttp import web

from apiserver.rest.call import Call
from apiserver.rest.negotiate import Form
from apiserver.rest.partial import partial_object
from apiserver.rest.reply import headers, status_bytes
from apiserver.storage.entry import Event
from knarr.api.errors import ApiError
from knarr.api.kinds import Kind

log = structlog.get_logger()

Frame = Callable[[Event], bytes]
"""Makes the line of an event."""


def json_line(kind: Kind) -> Frame:
    """Lines of whole objects; the bytes stay with the event for the next watcher."""

    def line(event: Event) -> bytes:
        ready = event.frames.get("json")
        if ready is None:
            ready = event.frames["json"] = _line(event.type, _whole(kind, event))
        return ready

    return line


def partial_line(version: str) -> Frame:
    """Lines of objects reduced to their metadata."""
    name = f"partial/{version}"

    def line(event: Event) -> bytes:
        ready = event.frames.get(name)
        if ready is None:
            ready = event.frames[name] = _line(event.type, _partial(event, version))
        return ready

    return line


def _line(event_type: str, obj: bytes) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (event_type.encode(), obj)


def _whole(kind: Kind, event: Event) -> bytes:
    if event.entry is not None:
        return event.entry.whole(kind)
    return bookmark(kind.name, kind.api_version, event)


def _partial(event: Event, version: str) -> bytes:
    if event.entry is not None:
        return partial_object(event.entry, version)
    return bookmark("PartialObjectMetadata", f"meta.k8s.io/{version}", event)


def bookmark(name: str, api_version: str, event: Event) -> bytes:
    """The object of a bookmark: nothing but a revision, and whether the initial events ended."""
    metadata: dict[str, object] = {"resourceVersion": str(event.revision)}
    if event.initial_events_end:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return msgspec.json.encode({"kind": name, "apiVersion": api_version, "metadata": metadata})


async def stream(
    call: Call, events: AsyncIterator[Sequence[Event]], frame: Frame, form: Form
) -> web.StreamResponse:
    """Write events until the watch ends, the client goes or the server refuses to go on."""
    response = web.StreamResponse(headers=headers(call, form.content_type))
    response.enable_chunked_encoding()
    await response.prepare(call.request)
    try:
        try:
            async for batch in events:
                await response.write(b"".join([frame(event) for event in batch]))
        except ApiError as error:
            # The status line is long gone, so what went wrong is the last event.
            await response.write(_line("ERROR", status_bytes(error.to_status())))
        await response.write_eof()
    except ConnectionError:
        log.debug("the watcher went away", path=call.path.raw)
    return response
