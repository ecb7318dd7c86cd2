"""A client straight on the registry of the same process.

Objects are shared with the watch cache and never copied; they are frozen.
Whoever needs a user other than the server itself hands one in.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeVar

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, ListOptions, PatchType, Request, User
from apiserver.storage.entry import Entry, Event
from knarr.api import codec
from knarr.api.foreign import Foreign
from knarr.api.keys import Key
from knarr.api.kind_table import kind_of
from knarr.api.meta.options import DeleteOptions
from knarr.api.structs import ApiStruct
from knarr.api.tags import Tag
from knarr.client.client import Listed, PatchFormat, Watched

T = TypeVar("T", bound=ApiStruct)
A = TypeVar("A", bound=ApiStruct)

_PATCH_TYPES: dict[PatchFormat, PatchType] = {
    "json": PatchType.JSON,
    "merge": PatchType.MERGE,
    "strategic": PatchType.STRATEGIC,
    "apply": PatchType.APPLY,
}


class InProcessClient:
    """Reads, writes and watches typed objects without a connection."""

    def __init__(
        self, registry: Registry, *, user: User = SYSTEM, field_manager: str = "knarr"
    ) -> None:
        self._registry = registry
        self._user = user
        self._field_manager = field_manager

    async def get(self, object_type: type[T], key: Key) -> T:
        """The object at this moment. Raise NotFoundError."""
        answer = await self._registry.get(self._request(object_type, key))
        return _object(object_type, answer.entry)

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
        options = ListOptions(
            label_selector=label_selector,
            field_selector=field_selector,
            limit=limit,
            continue_token=continue_token,
        )
        request = self._request(object_type, Key(namespace, ""))
        page = await self._registry.list(request, options)
        items = [_object(object_type, entry) for entry in page.entries]
        return Listed(items, page.revision, page.continue_token, page.remaining)

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
        options = ListOptions(
            label_selector=label_selector,
            field_selector=field_selector,
            resource_version=str(after),
            allow_bookmarks=True,
        )
        request = self._request(object_type, Key(namespace, ""))
        async for events in await self._registry.watch(request, options):
            yield [_watched(object_type, event) for event in events]

    async def create(self, obj: T) -> T:
        """Store a new object and answer it as stored."""
        meta = _meta(obj)
        request = self._request(type(obj), Key(meta.namespace, ""))
        answer = await self._registry.create(request, Body(obj))
        return _object(type(obj), answer.entry)

    async def update(self, obj: T, *, subresource: str = "") -> T:
        """Replace an object (or its `status`). Raise ConflictError when it changed since."""
        meta = _meta(obj)
        request = self._request(type(obj), Key(meta.namespace, meta.name), subresource)
        answer = await self._registry.update(request, Body(obj))
        return _object(type(obj), answer.entry)

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
        request = self._request(object_type, key, subresource, field_manager)
        body = Body(codec.encode(patch))
        kind = _PATCH_TYPES[patch_format]
        answer = await self._registry.patch(request, kind, body, force=force)
        return _object(object_type, answer.entry)

    async def delete(
        self, object_type: type[T], key: Key, options: DeleteOptions | None = None
    ) -> int:
        """Ask for an object to go; answer the revision of that write. Raise NotFoundError."""
        answer = await self._registry.delete(self._request(object_type, key), options)
        return answer.revision

    async def call(
        self,
        object_type: type[ApiStruct],
        key: Key,
        subresource: str,
        body: ApiStruct,
        answer: type[A],
    ) -> A:
        """Post to a subresource such as `binding`, `eviction`, `token`; answer what it answers."""
        request = self._request(object_type, key, subresource)
        made = await self._registry.create(request, Body(body))
        if made.entry is None:
            assert isinstance(made.status, answer), "the caller names the type that is answered"
            return made.status
        return _object(answer, made.entry)

    async def part(
        self, object_type: type[ApiStruct], key: Key, subresource: str, answer: type[A]
    ) -> A:
        """A subresource such as `scale`, at this moment. Raise NotFoundError."""
        got = await self._registry.get(self._request(object_type, key, subresource))
        return _object(answer, got.entry)

    async def ask(self, foreign: Foreign) -> bytes:
        """What somebody else's server says that an APIService leads to."""
        return await self._registry.ask(self._user, foreign)

    async def revision_now(self, *told: type[ApiStruct]) -> int:
        """The newest revision of the store; who watches the kinds in `told` gets a bookmark."""
        return await self._registry.revision([kind_of(kind) for kind in told])

    def _request(
        self,
        object_type: type[ApiStruct],
        key: Key,
        subresource: str = "",
        field_manager: str = "",
    ) -> Request:
        return Request(
            user=self._user,
            kind=kind_of(object_type),
            namespace=key.namespace,
            name=key.name,
            subresource=subresource,
            field_manager=field_manager or self._field_manager,
        )


def _object(object_type: type[T], entry: Entry | None) -> T:
    assert entry is not None, "the verb answers an object"
    found: Any = entry.object
    if issubclass(object_type, Tag):
        return object_type(metadata=found.metadata)
    assert isinstance(found, object_type), "the registry keeps objects by type"
    return found


def _watched(object_type: type[T], event: Event) -> Watched[T]:
    if event.entry is None:
        return Watched(event.type, None, event.revision)
    return Watched(event.type, _object(object_type, event.entry), event.revision)


def _meta(obj: Any) -> Any:
    return obj.metadata
