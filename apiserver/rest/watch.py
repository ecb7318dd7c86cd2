"""Watches: one JSON line an event, encoded once however many watch."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

import structlog
from aiohttp import web

from apiserver.registry.partial import bookmark, partial_object
from apiserver.registry.tables import event_tables
from apiserver.rest.call import Call
from apiserver.rest.negotiate import Form
from apiserver.rest.reply import headers, status_bytes
from apiserver.storage.entry import Event
from knarr.api.errors import ApiError
from knarr.api.kind import Kind

log = structlog.get_logger()

Frame = Callable[[Event], bytes]
"""Makes the line of an event."""


def json_line(kind: Kind) -> Frame:
    """Lines of whole objects; the bytes stay with the event for the next watcher."""
    # A bookmark is shared by the watchers of all versions.
    name = f"json/{kind.api_version}"

    def line(event: Event) -> bytes:
        ready = event.frames.get(name)
        if ready is None:
            ready = event.frames[name] = _line(event.type, _whole(kind, event))
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


def table_line(kind: Kind, version: str, include: str, now: Callable[[], datetime]) -> Frame:
    """Lines whose objects are Tables; only the first one defines the columns."""
    table = event_tables(kind, version, include, now)

    def line(event: Event) -> bytes:
        return _line(event.type, table(event))

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
        except asyncio.CancelledError:
            # The server ends: as if the time were up, so that clients go on elsewhere.
            this = asyncio.current_task()
            assert this is not None, "requests are answered in tasks"
            this.uncancel()
        await response.write_eof()
    except ConnectionError:
        log.debug("the watcher went away", path=call.path.raw)
    return response
