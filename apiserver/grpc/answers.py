"""Answers and errors as gRPC carries them. Events become frames once, for all who watch."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import grpc
import msgspec
from msgspec.structs import replace

from apiserver.registry.partial import bookmark, partial_object
from apiserver.registry.request import Answer, ListPage
from apiserver.registry.tables import event_tables, table_of, table_of_page
from apiserver.storage.entry import Event
from apiserver.storage.store import UnavailableError
from knarr.api.errors import ApiError, BadRequestError
from knarr.api.kind import Kind
from knarr.api.meta.status import Status
from knarr.proto import resources_pb2 as pb

STATUS_METADATA: Final = "knarr-status-bin"
"""The trailing metadata that holds the Status of an error, as JSON."""

UNDONE_METADATA: Final = "knarr-undone-bin"
"""Trailing metadata of calls that came to nothing because the store cannot be reached from
here: another server may do what was asked, a write too."""

STATUS_BYTES_MAX = 512 * 1024
"""A Status larger than this goes without its causes; clients take metadata up to 1 MiB."""

MESSAGE_CHARS_MAX = 64 * 1024
"""The message of such a Status is cut there: nobody reads further."""

DETAILS_CHARS_MAX = 2048
"""gRPC's own words are cut there; the whole message stands in the Status."""

_META_VERSION = "v1"
"""The version of meta.k8s.io that Tables and the like are given in."""

_CODES: dict[int, grpc.StatusCode] = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    405: grpc.StatusCode.UNIMPLEMENTED,
    406: grpc.StatusCode.INVALID_ARGUMENT,
    409: grpc.StatusCode.ABORTED,
    410: grpc.StatusCode.OUT_OF_RANGE,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    415: grpc.StatusCode.INVALID_ARGUMENT,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}

_EVENT_TYPES: dict[str, pb.Event.Type] = {
    "ADDED": pb.Event.ADDED,
    "MODIFIED": pb.Event.MODIFIED,
    "DELETED": pb.Event.DELETED,
    "BOOKMARK": pb.Event.BOOKMARK,
}


def get_bytes(answer: Answer, warnings: Sequence[str], form: pb.Form, now: datetime) -> bytes:
    """The answer of a get, in the form asked for."""
    entry, body = answer.entry, b""
    _check_form(form)
    if form.kind and entry is not None:
        if form.kind == "Table":
            body = table_of(answer.kind, entry, _META_VERSION, form.include, now)
        else:
            body = partial_object(entry, _META_VERSION)
    return answer_bytes(answer, warnings, body)


def answer_bytes(answer: Answer, warnings: Sequence[str], body: bytes = b"") -> bytes:
    """The answer of a verb on one object; `body` is another form of it."""
    return pb.Answer(
        object=body or answer.body,
        revision=answer.revision,
        warnings=warnings,
        created=answer.created,
        pending=answer.pending,
    ).SerializeToString()


def formed_list_bytes(
    kind: Kind, page: ListPage, warnings: Sequence[str], form: pb.Form, now: datetime
) -> bytes:
    """The answer of a list, in the form asked for."""
    _check_form(form)
    if not form.kind:
        return list_bytes(kind, page, warnings)
    if form.kind == "Table":
        objects = [table_of_page(kind, page, _META_VERSION, form.include, now)]
    else:
        objects = [partial_object(entry, _META_VERSION) for entry in page.entries]
    return list_bytes(kind, page, warnings, objects)


def list_bytes(
    kind: Kind, page: ListPage, warnings: Sequence[str], objects: Sequence[bytes] | None = None
) -> bytes:
    """The answer of a list; `objects` are another form of what it holds."""
    if objects is None:
        objects = [entry.whole(kind) for entry in page.entries]
    return pb.ListAnswer(
        objects=objects,
        revision=page.revision,
        continue_token=page.continue_token,
        remaining=page.remaining,
        warnings=warnings,
    ).SerializeToString()


def formed_batches(
    kind: Kind, form: pb.Form, now: Callable[[], datetime]
) -> Callable[[Sequence[Event]], bytes]:
    """Makes the messages of one watch, in the form asked for."""
    _check_form(form)
    if not form.kind:
        name = form_of(kind)
        return lambda events: batch_bytes(kind, name, events)
    if form.kind == "Table":
        make = event_tables(kind, _META_VERSION, form.include, now)
    else:
        make = _partial_event

    def batch(events: Sequence[Event]) -> bytes:
        messages = [
            pb.Event(type=_EVENT_TYPES[event.type], object=make(event), revision=event.revision)
            for event in events
        ]
        return pb.WatchBatch(events=messages).SerializeToString()

    return batch


def _partial_event(event: Event) -> bytes:
    if event.entry is None:
        return bookmark("PartialObjectMetadata", f"meta.k8s.io/{_META_VERSION}", event)
    return partial_object(event.entry, _META_VERSION)


def _check_form(form: pb.Form) -> None:
    if form.kind not in ("", "Table", "PartialObjectMetadata"):
        raise BadRequestError(f"there is no form {form.kind!r} of objects")


def form_of(kind: Kind) -> str:
    """Under which name an event of this kind keeps its gRPC frame."""
    return f"grpc {kind.api_version}"


def batch_bytes(kind: Kind, form: str, events: Sequence[Event]) -> bytes:
    """A message of a watch: the frames of its events one after the other.

    Messages of one repeated field may be joined as bytes, so a frame is a
    whole WatchBatch of one event.
    """
    return b"".join([event.frames.get(form) or _frame(kind, form, event) for event in events])


def _frame(kind: Kind, form: str, event: Event) -> bytes:
    message = pb.Event(
        type=_EVENT_TYPES[event.type],
        object=event.entry.whole(kind) if event.entry is not None else b"",
        revision=event.revision,
    )
    frame = event.frames[form] = pb.WatchBatch(events=(message,)).SerializeToString()
    return frame


def grpc_status(error: ApiError) -> tuple[grpc.StatusCode, str, tuple[tuple[str, bytes], ...]]:
    """An error as code, words and trailing metadata."""
    metadata: tuple[tuple[str, bytes], ...] = ((STATUS_METADATA, _status_bytes(error.to_status())),)
    if isinstance(error, UnavailableError):
        metadata += ((UNDONE_METADATA, b"1"),)
    code = _CODES.get(error.code, grpc.StatusCode.UNKNOWN)
    return code, error.message[:DETAILS_CHARS_MAX], metadata


def _status_bytes(status: Status) -> bytes:
    data = msgspec.json.encode(status)
    if len(data) > STATUS_BYTES_MAX and status.details is not None:
        data = msgspec.json.encode(
            replace(
                status,
                message=status.message[:MESSAGE_CHARS_MAX],
                details=replace(status.details, causes=()),
            )
        )
    return data
