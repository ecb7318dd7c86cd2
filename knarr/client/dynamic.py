"""A client without types: objects are the JSON values they are on the wire.

It is for programs that start often and stay short, the command line above
all: calls block, nothing typed is imported, and kinds that only a
CustomResourceDefinition knows are as good as built-in ones.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from knarr.api.kind import Kind
from knarr.client import messages
from knarr.client.servers import Servers
from knarr.client.unary import (
    DEADLINE_EXCEEDED,
    UNAVAILABLE,
    UNDONE_METADATA,
    CallError,
    Tls,
)

Json = dict[str, Any]

CALL_S = 60.0
"""The longest a call may take where nobody asked for another bound."""

FAIL_OVER_S = 15.0
"""How long a watch looks for another server, or its own that comes back, before it ends."""

TURN_S = 0.1

_METHODS = "/knarr.v1.Resources/"
_READS = ("Get", "List")
"""What may be asked twice."""

_STATUS_METADATA = "knarr-status-bin"
_OPTIONS: Sequence[tuple[str, Any]] = (
    ("grpc.max_receive_message_length", 1 << 30),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 1024 * 1024),
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    # A server that is cut off is missed half a minute later.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
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
    """Every verb on every kind, over one gRPC channel that opens when first used.

    `server` is `HOST:PORT[,HOST:PORT…]`: of several servers one is asked, the next when it fails.
    """

    def __init__(
        self,
        server: str,
        *,
        tls: Tls | None = None,
        metadata: Sequence[tuple[str, str]] = (),
        timeout_s: float | None = CALL_S,
        on_warning: Callable[[str], None] | None = None,
    ) -> None:
        self._tls = tls
        self._metadata = tuple(metadata)
        self._timeout_s = timeout_s
        self._on_warning = on_warning
        self._servers = Servers(server, tls, self._metadata)
        self._library: Any = None
        self._library_leads_to = ""

    def close(self) -> None:
        """Let go of the connections."""
        self._servers.close()
        if self._library is not None:
            self._library.close()

    @property
    def _channel(self) -> Any:
        """The gRPC library's channel to a server that can be reached, for streams."""
        server = self._servers.reachable()
        if self._library is None or self._library_leads_to != server:
            if self._library is not None:
                self._library.close()
            self._library, self._library_leads_to = self._open(server), server
        return self._library

    def _open(self, server: str) -> Any:
        import grpc  # noqa: PLC0415  # It takes longer to load than most commands to run.

        options, tls = list(_OPTIONS), self._tls
        if tls is None:
            return grpc.insecure_channel(server, options=options)
        if tls.server_name:
            options.append(("grpc.ssl_target_name_override", tls.server_name))
        credentials = grpc.ssl_channel_credentials(
            tls.authority, tls.key or None, tls.certificate or None
        )
        return grpc.secure_channel(server, credentials, options=options)

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
        """Every change after a revision, in order. Ends when the server or the time ends it.

        Of several servers another one goes on where the one that failed was.
        """
        from knarr.proto import resources_pb2 as pb  # noqa: PLC0415  # for streams alone

        message = pb.WatchRequest(after=after)
        message.target.ParseFromString(messages.target(kind, namespace))
        message.selection.ParseFromString(_selection(selection) or b"")
        message.form.ParseFromString(messages.form(form))
        patience = _Patience(timeout_s)
        while not patience.is_over:
            try:
                for data in self.stream(
                    f"{_METHODS}Watch", message.SerializeToString(), timeout_s=patience.left_s
                ):
                    patience.reset()
                    for event in pb.WatchBatch.FromString(data).events:
                        message.after = max(message.after, event.revision)
                        found: Json = _decode(event.object) if event.object else {}
                        yield Change(_EVENT_TYPES[event.type], found, event.revision)
            except UnreachableError:
                if not self._servers.are_several or not patience.lasts():
                    raise
            else:
                # A server that is told to end says goodbye; others know how it goes on.
                if not self._servers.are_several or not patience.lasts():
                    return
            self._servers.turn()

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
        """The messages that a method which changes nothing answers one message with."""
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
            if failure.is_unsent:
                raise UnreachableError(self._servers.addresses, failure.words) from None
            if not (timeout_s and failure.code == DEADLINE_EXCEEDED):
                raise self._failure(failure) from None
        finally:
            call.cancel()

    def _unary(self, method: str, request: bytes) -> bytes:
        try:
            return self._servers.call(
                _METHODS + method, request, self._timeout_s, is_read=method in _READS
            )
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
            return UnreachableError(self._servers.addresses, words)
        if code == DEADLINE_EXCEEDED:
            words = (
                "the server did not answer in time; if it is paused, `knarr resume` lets it go on"
            )
        reason, number = _REASONS.get(code, ("InternalError", 500))
        return StatusError({"reason": reason, "message": words, "code": number})


class _Patience:
    """How long a watch goes on, and how long without a server."""

    def __init__(self, timeout_s: float | None) -> None:
        self._until = time.monotonic() + timeout_s if timeout_s else None
        self._began = time.monotonic()
        self._lost_at: float | None = None

    @property
    def left_s(self) -> float | None:
        """How much time there is, None for any."""
        return max(self._until - time.monotonic(), 0.001) if self._until else None

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self._until is not None and time.monotonic() >= self._until

    def reset(self) -> None:
        """A server was heard."""
        self._lost_at = None

    def lasts(self) -> bool:
        """Wait a moment; whether it is worth looking for a server any longer."""
        now = time.monotonic()
        if self._lost_at is None or now - self._began > FAIL_OVER_S:
            self._lost_at = now
        if now - self._lost_at > FAIL_OVER_S:
            return False
        time.sleep(TURN_S)
        self._began = time.monotonic()
        return True


def _call_error(error: Any) -> CallError:
    """What the library says of a failed call."""
    told = dict(error.trailing_metadata() or ())
    status = told.get(_STATUS_METADATA, b"")
    is_undone = UNDONE_METADATA in told
    return CallError(error.code().value[0], error.details() or "", status, is_unsent=is_undone)


def _selection(selection: Selection | None) -> bytes | None:
    if selection is None:
        return None
    return messages.selection(selection.labels, selection.fields)


def _options(options: Write | None) -> bytes:
    found = options or Write()
    return messages.write_options(
        found.field_manager, found.field_validation, dry_run=found.dry_run
    )
