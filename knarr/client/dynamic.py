"""A client without types: objects are the JSON values they are on the wire.

It is for programs that start often and stay short, the command line above
all: calls block, nothing typed is imported, and kinds that only a
CustomResourceDefinition knows are as good as built-in ones.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from knarr.api.kinds import Kind
from knarr.client import messages
from knarr.client.unary import DEADLINE_EXCEEDED, UNAVAILABLE, CallError, Tls, UnaryChannel

Json = dict[str, Any]

CALL_S = 60.0
"""The longest a call may take where nobody asked for another bound."""

_METHODS = "/knarr.v1.Resources/"
_STATUS_METADATA = "knarr-status-bin"
_OPTIONS: Sequence[tuple[str, Any]] = (
    ("grpc.max_receive_message_length", 1 << 30),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 1024 * 1024),
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
)
_REASONS = {
    DEADLINE_EXCEEDED: ("Timeout", 504),
    12: ("NotFound", 404),
    16: ("Unauthorized", 401),
}
"""What gRPC's codes mean where the server sent no Status."""

_EVENT_TYPES = {1: "ADDED", 2: "MODIFIED", 3: "DELETED", 4: "BOOKMARK"}
_decode = msgspec.json.decode
_encode = msgspec.json.encode

PATCH_TYPES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


class StatusError(Exception):
    """The server refused; `status` is its Status."""

    def __init__(self, status: Json) -> None:
        super().__init__(status.get("message", ""))
        self.status = status

    @property
    def message(self) -> str:
        """What went wrong, in the server's words."""
        return str(self.status.get("message", ""))

    @property
    def reason(self) -> str:
        """The kind of refusal, such as NotFound or Conflict."""
        return str(self.status.get("reason", ""))

    @property
    def code(self) -> int:
        """The code HTTP would have."""
        return int(self.status.get("code", 0))


class UnreachableError(Exception):
    """Nobody answers at the server's address."""

    def __init__(self, server: str, words: str) -> None:
        super().__init__(words)
        self.server = server
        self.words = words


class Selection(Struct, frozen=True, kw_only=True):
    """Which objects of a kind are meant."""

    labels: str = ""
    fields: str = ""


class Write(Struct, frozen=True, kw_only=True):
    """How a write is done; empty fields stand for the server's defaults."""

    field_manager: str = ""
    field_validation: str = ""
    dry_run: bool = False


class Page(Struct):
    """The answer of a list."""

    objects: list[Json] = field(default_factory=list)
    revision: int = 0


class Change(Struct, frozen=True):
    """One line of a watch."""

    type: str
    object: Json
    revision: int


class DynamicClient:
    """Every verb on every kind, over one gRPC channel that opens when first used."""

    def __init__(
        self,
        server: str,
        *,
        tls: Tls | None = None,
        metadata: Sequence[tuple[str, str]] = (),
        timeout_s: float | None = CALL_S,
        on_warning: Callable[[str], None] | None = None,
    ) -> None:
        self._server = server
        self._tls = tls
        self._metadata = tuple(metadata)
        self._timeout_s = timeout_s
        self._on_warning = on_warning
        self._quick = UnaryChannel(server, tls, self._metadata)
        self._library: Any = None

    def close(self) -> None:
        """Let go of the connections."""
        self._quick.close()
        if self._library is not None:
            self._library.close()

    @property
    def _channel(self) -> Any:
        """The gRPC library's channel, for streams."""
        if self._library is None:
            import grpc  # noqa: PLC0415  # It takes longer to load than most commands to run.

            options = list(_OPTIONS)
            tls = self._tls
            if tls is None:
                self._library = grpc.insecure_channel(self._server, options=options)
                return self._library
            if tls.server_name:
                options.append(("grpc.ssl_target_name_override", tls.server_name))
            credentials = grpc.ssl_channel_credentials(
                tls.authority, tls.key or None, tls.certificate or None
            )
            self._library = grpc.secure_channel(self._server, credentials, options=options)
        return self._library

    def get(
        self, kind: Kind, namespace: str, name: str, *, subresource: str = "", form: str = ""
    ) -> Json:
        """One object. Raise StatusError.

        `form` is another form of it: `Table`, or `Table/Object` for one whose
        rows hold the whole object, or `PartialObjectMetadata`.
        """
        place = messages.target(kind, namespace, name, subresource)
        return self._object("Get", messages.get_request(place, messages.form(form)))

    def list(
        self,
        kind: Kind,
        namespace: str = "",
        selection: Selection | None = None,
        *,
        form: str = "",
        chunk: int = 0,
    ) -> Page:
        """The objects of a kind, in one namespace or (empty) in all; read in chunks."""
        page, token = Page(), ""
        place, shown = messages.target(kind, namespace), messages.form(form)
        chosen = _selection(selection)
        while True:
            request = messages.list_request(place, chosen, chunk, token, shown)
            answer = messages.list_answer(self._unary("List", request))
            self._warn(answer.warnings if not token else ())
            page.objects += [_decode(one) for one in answer.objects]
            page.revision, token = answer.revision, answer.continue_token
            if not token:
                return page

    def watch(
        self,
        kind: Kind,
        namespace: str = "",
        selection: Selection | None = None,
        *,
        after: int,
        form: str = "",
        timeout_s: float | None = None,
    ) -> Iterator[Change]:
        """Every change after a revision, in order. Ends when the server or the time ends it."""
        from knarr.proto import resources_pb2 as pb  # noqa: PLC0415  # for streams alone

        message = pb.WatchRequest(after=after)
        message.target.ParseFromString(messages.target(kind, namespace))
        message.selection.ParseFromString(_selection(selection) or b"")
        message.form.ParseFromString(messages.form(form))
        batches = self.stream(f"{_METHODS}Watch", message.SerializeToString(), timeout_s=timeout_s)
        for data in batches:
            for event in pb.WatchBatch.FromString(data).events:
                found: Json = _decode(event.object) if event.object else {}
                yield Change(_EVENT_TYPES[event.type], found, event.revision)

    def create(
        self,
        kind: Kind,
        obj: Json,
        options: Write | None = None,
        *,
        namespace: str = "",
        name: str = "",
        subresource: str = "",
    ) -> Json:
        """Store a new object, or post to a subresource. Raise StatusError."""
        place = messages.target(kind, namespace, name, subresource)
        request = messages.write_request(place, _encode(obj), _options(options))
        return self._object("Call" if subresource else "Create", request)

    def update(
        self,
        kind: Kind,
        obj: Json,
        options: Write | None = None,
        *,
        namespace: str = "",
        name: str = "",
        subresource: str = "",
    ) -> Json:
        """Replace an object or its subresource. Raise StatusError."""
        place = messages.target(kind, namespace, name, subresource)
        request = messages.write_request(place, _encode(obj), _options(options))
        return self._object("Update", request)

    def patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        patch: bytes | Json | Sequence[Any],
        options: Write | None = None,
        *,
        patch_type: str = "merge",
        subresource: str = "",
        force: bool = False,
    ) -> Json:
        """Change part of an object. Raise StatusError."""
        place = messages.target(kind, namespace, name, subresource)
        body = patch if isinstance(patch, bytes) else _encode(patch)
        request = messages.patch_request(
            place, body, PATCH_TYPES[patch_type], _options(options), force=force
        )
        return self._object("Patch", request)

    def delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        delete_options: Json | None = None,
        options: Write | None = None,
    ) -> Json:
        """Ask for an object to go. Raise StatusError."""
        place = messages.target(kind, namespace, name)
        body = _encode(delete_options) if delete_options else b""
        return self._object("Delete", messages.write_request(place, body, _options(options)))

    def stream(
        self, method: str, message: bytes, *, timeout_s: float | None = None
    ) -> Iterator[bytes]:
        """The messages that a method answers one message with."""
        call = self._channel.unary_stream(method)(
            message, metadata=self._metadata, timeout=timeout_s
        )
        yield from self._messages(call, timeout_s)

    def both(self, method: str, messages: Iterator[bytes]) -> Iterator[bytes]:
        """The messages that a method answers a stream of messages with."""
        call = self._channel.stream_stream(method)(messages, metadata=self._metadata)
        yield from self._messages(call, None)

    def _messages(self, call: Any, timeout_s: float | None) -> Iterator[bytes]:
        import grpc  # noqa: PLC0415  # The channel has loaded it.

        try:
            yield from call
        except grpc.RpcError as error:
            failure = _call_error(error)
            if not (timeout_s and failure.code == DEADLINE_EXCEEDED):
                raise self._failure(failure) from None
        finally:
            call.cancel()

    def _unary(self, method: str, request: bytes) -> bytes:
        try:
            return self._quick.call(_METHODS + method, request, self._timeout_s)
        except CallError as error:
            raise self._failure(error) from None

    def _object(self, method: str, request: bytes) -> Json:
        answer = messages.answer(self._unary(method, request))
        self._warn(answer.warnings)
        found: Json = _decode(answer.object)
        return found

    def _warn(self, warnings: Sequence[str]) -> None:
        if self._on_warning is not None:
            for warning in warnings:
                self._on_warning(warning)

    def _failure(self, error: CallError) -> Exception:
        if error.status:
            return StatusError(_decode(error.status))
        code, words = error.code, error.words
        if code == UNAVAILABLE:
            return UnreachableError(self._server, words)
        if code == DEADLINE_EXCEEDED:
            words = (
                "the server did not answer in time; if it is paused, `knarr resume` lets it go on"
            )
        reason, number = _REASONS.get(code, ("InternalError", 500))
        return StatusError({"reason": reason, "message": words, "code": number})


def _call_error(error: Any) -> CallError:
    """What the library says of a failed call."""
    status = b""
    for key, value in error.trailing_metadata() or ():
        if key == _STATUS_METADATA:
            status = value
    return CallError(error.code().value[0], error.details() or "", status)


def _selection(selection: Selection | None) -> bytes | None:
    if selection is None:
        return None
    return messages.selection(selection.labels, selection.fields)


def _options(options: Write | None) -> bytes:
    found = options or Write()
    return messages.write_options(
        found.field_manager, found.field_validation, dry_run=found.dry_run
    )
