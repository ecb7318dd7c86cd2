"""A client without types: objects are the JSON values they are on the wire.

It is for programs that start often and stay short, the command line above
all: calls block, nothing typed is imported, and kinds that only a
CustomResourceDefinition knows are as good as built-in ones.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc
import msgspec
from msgspec import Struct, field

from knarr.api.kinds import Kind
from knarr.proto import resources_pb2 as pb

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
        credentials: grpc.ChannelCredentials | None = None,
        metadata: Sequence[tuple[str, str]] = (),
        server_name: str = "",
        timeout_s: float | None = CALL_S,
        on_warning: Callable[[str], None] | None = None,
    ) -> None:
        self._server = server
        options = list(_OPTIONS)
        if server_name:
            options.append(("grpc.ssl_target_name_override", server_name))
        if credentials is None:
            self._channel = grpc.insecure_channel(server, options=options)
        else:
            self._channel = grpc.secure_channel(server, credentials, options=options)
        self._metadata = tuple(metadata)
        self._timeout_s = timeout_s
        self._on_warning = on_warning

    def close(self) -> None:
        """Let go of the channel."""
        self._channel.close()

    def get(
        self, kind: Kind, namespace: str, name: str, *, subresource: str = "", form: str = ""
    ) -> Json:
        """One object. Raise StatusError.

        `form` is another form of it: `Table`, or `Table/Object` for one whose
        rows hold the whole object, or `PartialObjectMetadata`.
        """
        message = pb.GetRequest(target=_target(kind, namespace, name, subresource))
        if form:
            message.form.kind, _, message.form.include = form.partition("/")
        return self._object(self._answer("Get", message))

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
        while True:
            message = pb.ListRequest(
                target=_target(kind, namespace),
                selection=_selection(selection),
                limit=chunk,
                continue_token=token,
            )
            if form:
                message.form.kind, _, message.form.include = form.partition("/")
            answer = pb.ListAnswer.FromString(self._unary("List", message))
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
        message = pb.WatchRequest(
            target=_target(kind, namespace), selection=_selection(selection), after=after
        )
        if form:
            message.form.kind, _, message.form.include = form.partition("/")
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
        message = pb.WriteRequest(
            target=_target(kind, namespace, name, subresource),
            object=_encode(obj),
            options=_options(options),
        )
        return self._object(self._answer("Call" if subresource else "Create", message))

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
        message = pb.WriteRequest(
            target=_target(kind, namespace, name, subresource),
            object=_encode(obj),
            options=_options(options),
        )
        return self._object(self._answer("Update", message))

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
        message = pb.PatchRequest(
            target=_target(kind, namespace, name, subresource),
            patch=patch if isinstance(patch, bytes) else _encode(patch),
            patch_type=PATCH_TYPES[patch_type],
            force=force,
            options=_options(options),
        )
        return self._object(self._answer("Patch", message))

    def delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        delete_options: Json | None = None,
        options: Write | None = None,
    ) -> Json:
        """Ask for an object to go. Raise StatusError."""
        message = pb.DeleteRequest(
            target=_target(kind, namespace, name),
            delete_options=_encode(delete_options) if delete_options else b"",
            options=_options(options),
        )
        return self._object(self._answer("Delete", message))

    def stream(
        self, method: str, message: bytes, *, timeout_s: float | None = None
    ) -> Iterator[bytes]:
        """The messages that a method answers one message with."""
        call = self._channel.unary_stream(method)(
            message, metadata=self._metadata, timeout=timeout_s
        )
        try:
            yield from call
        except grpc.RpcError as error:
            if not (timeout_s and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED):
                raise self._failure(error) from None
        finally:
            call.cancel()

    def both(self, method: str, messages: Iterator[bytes]) -> Iterator[bytes]:
        """The messages that a method answers a stream of messages with."""
        call = self._channel.stream_stream(method)(messages, metadata=self._metadata)
        try:
            yield from call
        except grpc.RpcError as error:
            raise self._failure(error) from None
        finally:
            call.cancel()

    def _answer(self, method: str, message: Any) -> Any:
        answer = pb.Answer.FromString(self._unary(method, message))
        self._warn(answer.warnings)
        return answer

    def _unary(self, method: str, message: Any) -> bytes:
        call = self._channel.unary_unary(_METHODS + method)
        try:
            answer: bytes = call(
                message.SerializeToString(), metadata=self._metadata, timeout=self._timeout_s
            )
        except grpc.RpcError as error:
            raise self._failure(error) from None
        return answer

    def _object(self, answer: Any) -> Json:
        found: Json = _decode(answer.object)
        return found

    def _warn(self, warnings: Sequence[str]) -> None:
        if self._on_warning is not None:
            for warning in warnings:
                self._on_warning(warning)

    def _failure(self, error: Any) -> Exception:
        for key, value in error.trailing_metadata() or ():
            if key == _STATUS_METADATA:
                return StatusError(_decode(value))
        code, words = error.code(), error.details() or ""
        if code is grpc.StatusCode.UNAVAILABLE:
            return UnreachableError(self._server, words)
        if code is grpc.StatusCode.UNAUTHENTICATED:
            return StatusError({"reason": "Unauthorized", "message": words, "code": 401})
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            words = (
                "the server did not answer in time; if it is paused, `knarr resume` lets it go on"
            )
            return StatusError({"reason": "Timeout", "message": words, "code": 504})
        if code is grpc.StatusCode.UNIMPLEMENTED:
            return StatusError({"reason": "NotFound", "message": words, "code": 404})
        return StatusError({"reason": "InternalError", "message": words, "code": 500})


def _target(kind: Kind, namespace: str = "", name: str = "", subresource: str = "") -> Any:
    return pb.Target(
        group=kind.group,
        version=kind.version,
        plural=kind.plural,
        namespace=namespace if kind.namespaced else "",
        name=name,
        subresource=subresource,
    )


def _selection(selection: Selection | None) -> Any:
    if selection is None:
        return None
    return pb.Selection(label_selector=selection.labels, field_selector=selection.fields)


def _options(options: Write | None) -> Any:
    found = options or Write()
    return pb.WriteOptions(
        field_manager=found.field_manager,
        field_validation=found.field_validation,
        dry_run=found.dry_run,
    )
