"""The client between processes: knarr.v1.Resources over gRPC.

    async with connect(("127.0.0.1:6444",), Credentials(token="secret")) as client:
        pods = await client.list(Pod)

Objects are decoded once, into their types. Warnings of the server are handed
to `on_warning`, each once a call.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from knarr.api import codec
from knarr.api.errors import InternalError
from knarr.api.foreign import Foreign
from knarr.api.keys import Key
from knarr.api.kind import Kind
from knarr.api.kind_table import kind_of
from knarr.api.meta.options import DeleteOptions
from knarr.api.structs import ApiStruct
from knarr.api.thorough import DecodeError
from knarr.client.client import Listed, PatchFormat, Watched
from knarr.client.connection import Connection, Credentials
from knarr.client.objects import metadata_of
from knarr.proto import resources_pb2 as pb

T = TypeVar("T", bound=ApiStruct)
A = TypeVar("A", bound=ApiStruct)

_METHODS = "/knarr.v1.Resources/"

_PATCH_TYPES: dict[PatchFormat, str] = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}

_EVENT_TYPES: dict[int, Any] = {
    pb.Event.ADDED: "ADDED",
    pb.Event.MODIFIED: "MODIFIED",
    pb.Event.DELETED: "DELETED",
    pb.Event.BOOKMARK: "BOOKMARK",
}


def _ignore(_warning: str) -> None:
    """Drop a warning: the programs of a cluster read none."""


@asynccontextmanager
async def connect(
    servers: Sequence[str],
    credentials: Credentials | None = None,
    *,
    field_manager: str = "",
    on_warning: Callable[[str], None] = _ignore,
) -> AsyncIterator["GrpcClient"]:
    """A client of one of the servers while the block runs. Nothing is asked of them yet."""
    connection = Connection(servers, credentials or Credentials())
    try:
        yield GrpcClient(connection, field_manager=field_manager, on_warning=on_warning)
    finally:
        await connection.close()


class GrpcClient:
    """Reads, writes and watches typed objects over a connection; see client.Client."""

    def __init__(
        self,
        connection: Connection,
        *,
        field_manager: str = "",
        on_warning: Callable[[str], None] = _ignore,
    ) -> None:
        self._connection = connection
        self._field_manager = field_manager
        self._on_warning = on_warning

    async def renew(self, credentials: Credentials, servers: Sequence[str] = ()) -> None:
        """Show other credentials from now on, such as a renewed certificate; know other servers."""
        await self._connection.renew(credentials, servers)

    async def get(self, object_type: type[T], key: Key) -> T:
        """The object at this moment. Raise NotFoundError."""
        message = pb.GetRequest(target=_target(kind_of(object_type), key))
        return self._decoded(object_type, await self._unary("Get", message, is_read=True))

    async def list(
        self,
        object_type: type[T],
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
        continue_token: str = "",
    ) -> Listed[T]:
        """The objects of a kind, in one namespace or (empty) in all."""
        message = pb.ListRequest(
            target=_target(kind_of(object_type), Key(namespace, "")),
            selection=_selection(label_selector, field_selector),
            limit=limit,
            continue_token=continue_token,
        )
        data = await self._connection.unary(
            f"{_METHODS}List", message.SerializeToString(), is_read=True
        )
        answer = pb.ListAnswer.FromString(data)
        self._warn(answer.warnings)
        decode = _decoder(object_type)
        return Listed(
            items=[decode(item) for item in answer.objects],
            revision=answer.revision,
            continue_token=answer.continue_token,
            remaining=answer.remaining if answer.HasField("remaining") else None,
        )

    async def watch(
        self,
        object_type: type[T],
        *,
        after: int,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
    ) -> AsyncIterator[Sequence[Watched[T]]]:
        """Yield batches of events after a revision, in order, bookmarks among them."""
        message = pb.WatchRequest(
            target=_target(kind_of(object_type), Key(namespace, "")),
            selection=_selection(label_selector, field_selector),
            after=after,
        )
        decode = _decoder(object_type)
        batches = self._connection.stream(f"{_METHODS}Watch", message.SerializeToString())
        async with aclosing(batches):
            async for data in batches:
                yield [
                    Watched(
                        _EVENT_TYPES[event.type],
                        decode(event.object) if event.object else None,
                        event.revision,
                    )
                    for event in pb.WatchBatch.FromString(data).events
                ]

    async def create(self, obj: T) -> T:
        """Store a new object and answer it as stored. Raise AlreadyExistsError, InvalidError."""
        # The name is in the object; as a target it would mean a subresource.
        target = _target(kind_of(type(obj)), Key(metadata_of(obj).namespace, ""))
        return self._decoded(type(obj), await self._write("Create", target, obj))

    async def update(self, obj: T, *, subresource: str = "") -> T:
        """Replace an object (or its `status`). Raise ConflictError when it changed since."""
        metadata = metadata_of(obj)
        target = _target(kind_of(type(obj)), Key(metadata.namespace, metadata.name), subresource)
        return self._decoded(type(obj), await self._write("Update", target, obj))

    async def patch(
        self,
        object_type: type[T],
        key: Key,
        patch: Any,
        *,
        patch_format: PatchFormat = "merge",
        subresource: str = "",
        field_manager: str = "",
        force: bool = False,
    ) -> T:
        """Change part of an object. `patch` is the patch as JSON values."""
        message = pb.PatchRequest(
            target=_target(kind_of(object_type), key, subresource),
            patch=codec.encode(patch),
            patch_type=_PATCH_TYPES[patch_format],
            force=force,
            options=pb.WriteOptions(field_manager=field_manager or self._field_manager),
        )
        return self._decoded(object_type, await self._unary("Patch", message, is_read=False))

    async def delete(
        self, object_type: type[T], key: Key, options: DeleteOptions | None = None
    ) -> int:
        """Ask for an object to go; answer the revision of that write. Raise NotFoundError."""
        message = pb.DeleteRequest(
            target=_target(kind_of(object_type), key),
            delete_options=codec.encode(options) if options is not None else b"",
            options=pb.WriteOptions(field_manager=self._field_manager),
        )
        answer = await self._unary("Delete", message, is_read=False)
        return int(answer.revision)

    async def call(
        self,
        object_type: type[ApiStruct],
        key: Key,
        subresource: str,
        body: ApiStruct,
        answer: type[A],
    ) -> A:
        """Post to a subresource such as `binding`, `eviction`, `token`; answer what it answers."""
        target = _target(kind_of(object_type), key, subresource)
        return self._decoded(answer, await self._write("Call", target, body))

    async def part(
        self, object_type: type[ApiStruct], key: Key, subresource: str, answer: type[A]
    ) -> A:
        """A subresource such as `scale`, at this moment. Raise NotFoundError."""
        message = pb.GetRequest(target=_target(kind_of(object_type), key, subresource))
        return self._decoded(answer, await self._unary("Get", message, is_read=True))

    async def ask(self, foreign: Foreign) -> bytes:
        """What somebody else's server says that an APIService leads to."""
        target = pb.Target(
            group=foreign.group,
            version=foreign.version,
            plural=foreign.plural,
            namespace=foreign.namespace,
            name=foreign.name,
            subresource=foreign.subresource,
        )
        message = pb.AskRequest(target=target, query=urlencode(foreign.query))
        return bytes((await self._unary("Ask", message, is_read=True)).object)

    async def revision_now(self, *told: type[ApiStruct]) -> int:
        """The newest revision of the store; who watches the kinds in `told` gets a bookmark."""
        message = pb.RevisionRequest(told=[_target(kind_of(kind), Key("", "")) for kind in told])
        data = await self._connection.unary(
            f"{_METHODS}Revision", message.SerializeToString(), is_read=True
        )
        return int(pb.RevisionAnswer.FromString(data).revision)

    async def _write(self, method: str, target: pb.Target, obj: ApiStruct) -> pb.Answer:
        message = pb.WriteRequest(
            target=target,
            object=codec.encode(obj),
            options=pb.WriteOptions(field_manager=self._field_manager),
        )
        return await self._unary(method, message, is_read=False)

    async def _unary(self, method: str, message: Any, *, is_read: bool) -> pb.Answer:
        data = await self._connection.unary(
            _METHODS + method, message.SerializeToString(), is_read=is_read
        )
        answer = pb.Answer.FromString(data)
        self._warn(answer.warnings)
        return answer

    def _warn(self, warnings: Sequence[str]) -> None:
        for warning in dict.fromkeys(warnings):
            self._on_warning(warning)

    def _decoded(self, object_type: type[T], answer: pb.Answer) -> T:
        obj: T = _decoder(object_type)(answer.object)
        return obj


def _target(kind: Kind, key: Key, subresource: str = "") -> pb.Target:
    return pb.Target(
        group=kind.group,
        version=kind.version,
        plural=kind.plural,
        namespace=key.namespace,
        name=key.name,
        subresource=subresource,
    )


def _selection(label_selector: str, field_selector: str) -> pb.Selection | None:
    if not label_selector and not field_selector:
        return None
    return pb.Selection(label_selector=label_selector, field_selector=field_selector)


@cache
def _decoder(object_type: type[T]) -> Callable[[bytes], T]:
    def decoded(data: bytes) -> T:
        try:
            obj = codec.decode(object_type, data)
        except (DecodeError, msgspec.MsgspecError) as error:
            raise InternalError(f"the server's {object_type.__name__}: {error}") from None
        return obj

    return decoded
