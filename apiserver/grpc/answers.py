"""Answers and errors as gRPC carries them. Events become frames once, for all who watch."""

from collections.abc import Sequence
from typing import Final

import grpc
import msgspec
from msgspec.structs import replace

from apiserver.registry.request import Answer, ListPage
from apiserver.storage.entry import Event
from knarr.api.errors import ApiError
from knarr.api.kinds import Kind
from knarr.api.meta.status import Status
from knarr.proto import resources_pb2 as pb

STATUS_METADATA: Final = "knarr-status-bin"
"""The trailing metadata that holds the Status of an error, as JSON."""

STATUS_BYTES_MAX = 512 * 1024
"""A Status larger than this goes without its causes; clients take metadata up to 1 MiB."""

MESSAGE_CHARS_MAX = 64 * 1024
"""The message of such a Status is cut there: nobody reads further."""

DETAILS_CHARS_MAX = 2048
"""gRPC's own words are cut there; the whole message stands in the Status."""

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


def answer_bytes(answer: Answer, warnings: Sequence[str]) -> bytes:
    """The answer of a verb on one object."""
    return pb.Answer(
        object=answer.body,
        revision=answer.revision,
        warnings=warnings,
        created=answer.created,
        pending=answer.pending,
    ).SerializeToString()


def list_bytes(kind: Kind, page: ListPage, warnings: Sequence[str]) -> bytes:
    """The answer of a list."""
    return pb.ListAnswer(
        objects=[entry.whole(kind) for entry in page.entries],
        revision=page.revision,
        continue_token=page.continue_token,
        remaining=page.remaining,
        warnings=warnings,
    ).SerializeToString()


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
    status = error.to_status()
    return (
        _CODES.get(error.code, grpc.StatusCode.UNKNOWN),
        error.message[:DETAILS_CHARS_MAX],
        ((STATUS_METADATA, _status_bytes(status)),),
    )


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
