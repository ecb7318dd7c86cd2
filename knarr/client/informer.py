"""A copy of what the server holds, kept by LIST once and WATCH ever after.

A watch that ends or breaks resumes after the last revision seen; only a
revision that is compacted away makes the informer list again, and then it
tells its handlers of every difference, deletes among them. Objects are frozen
and shared: nobody copies, nobody can damage them.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Generic, TypeVar

import structlog

from knarr.api.errors import ApiError, ExpiredError
from knarr.api.keys import Key
from knarr.api.structs import ApiStruct
from knarr.client.client import Client, Watched
from knarr.client.objects import controller_of, key_of, metadata_of, revision_of

log = structlog.get_logger()

T = TypeVar("T", bound=ApiStruct)

Handler = Callable[[T | None, T | None], None]
"""Told of each change, before and after; None stands for not there. It cannot wait."""

Index = Callable[[T], Iterable[str]]
"""The values under which an object is found."""

BACKOFF_MIN_S = 0.1
"""What an informer waits before it asks a server again that just failed."""

BACKOFF_MAX_S = 5.0
"""The longest such wait: a server that is back is noticed within five seconds."""

BEHIND_MAX_S = 10.0
"""An informer asked to catch up that hears nothing for so long lists again, to be sure."""


class NotListedError(Exception):
    """The copy was read before the first list was answered."""


def _owner_uids(obj: ApiStruct) -> tuple[str, ...]:
    owner = controller_of(obj)
    return (owner.uid,) if owner is not None else ()


def _namespaces(obj: ApiStruct) -> tuple[str, ...]:
    return (metadata_of(obj).namespace,)


def _node_names(obj: ApiStruct) -> tuple[str, ...]:
    node_name = getattr(getattr(obj, "spec", None), "node_name", None)
    return (node_name,) if node_name else ()


_STANDARD_INDEXES: Mapping[str, Index[ApiStruct]] = {
    "owner": _owner_uids,
    "namespace": _namespaces,
    "node": _node_names,
}


class Informer(Generic[T]):
    """The objects of one kind, or those of them that selectors choose."""

    def __init__(
        self,
        client: Client,
        object_type: type[T],
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
    ) -> None:
        self.object_type = object_type
        self.revision = 0
        """Up to here nothing is missing."""
        self._client = client
        self._scope = (namespace, label_selector, field_selector)
        self._objects: dict[Key, T] = {}
        self._indexes: dict[str, _Indexed[T]] = {
            name: _Indexed(index) for name, index in _STANDARD_INDEXES.items()
        }
        self._handlers: list[Handler[T]] = []
        self._waiters: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = count()
        self.is_listed = False
        """Whether the first list is answered."""
        self._listed = asyncio.Event()
        self._must_list = True
        self._watching: asyncio.Timeout | None = None

    @property
    def objects(self) -> Mapping[Key, T]:
        """The copy, by key. Raise NotListedError before the first list."""
        if not self.is_listed:
            raise NotListedError(self.object_type.__name__)
        return self._objects

    def owned_by(self, uid: str) -> Sequence[T]:
        """The objects that the owner with this uid controls."""
        return self.by("owner", uid)

    def in_namespace(self, namespace: str) -> Sequence[T]:
        """The objects of one namespace."""
        return self.by("namespace", namespace)

    def on_node(self, node_name: str) -> Sequence[T]:
        """The objects whose `spec.nodeName` is this."""
        return self.by("node", node_name)

    def by(self, index: str, value: str) -> Sequence[T]:
        """The objects found under a value of an index: a new tuple, the caller's to keep."""
        if not self.is_listed:
            raise NotListedError(self.object_type.__name__)
        return self._indexes[index].get(value)

    def index(self, name: str, index: Index[T]) -> None:
        """Keep the copy ordered by one thing more; `by(name, value)` then finds it."""
        indexed = _Indexed(index)
        for key, obj in self._objects.items():
            indexed.change(key, None, obj)
        self._indexes[name] = indexed

    def handle(self, handler: Handler[T]) -> None:
        """Tell `handler` of all objects there are, at once, and then of every change."""
        self._handlers.append(handler)
        for obj in tuple(self._objects.values()):
            handler(None, obj)

    def clear(self) -> None:
        """Forget all objects and tell the handlers that they are gone."""
        for key in list(self._objects):
            self._change(key, None)

    async def listed(self) -> None:
        """Wait until the first list is answered."""
        await self._listed.wait()

    async def caught_up(self, revision: int) -> None:
        """Wait until the copy shows every write up to `revision`."""
        while self.revision < revision:
            waiter = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiters, (revision, next(self._arrivals), waiter))
            try:
                async with asyncio.timeout(BEHIND_MAX_S):
                    await waiter
            except TimeoutError:
                self._list_again()

    async def run(self) -> None:
        """Keep the copy until cancelled."""
        backoff_s = BACKOFF_MIN_S
        while True:
            revision = self.revision
            try:
                if self._must_list:
                    await self._list()
                await self._follow()
            except ExpiredError:
                self._must_list = True
            except ApiError as error:
                log.warning(
                    "lost the server",
                    resource=self.object_type.__name__,
                    revision=self.revision,
                    error=str(error),
                )
            if self.revision > revision:
                backoff_s = BACKOFF_MIN_S
            await asyncio.sleep(backoff_s)
            backoff_s = min(backoff_s * 2, BACKOFF_MAX_S)

    async def _list(self) -> None:
        namespace, label_selector, field_selector = self._scope
        listed = await self._client.list(
            self.object_type,
            namespace=namespace,
            label_selector=label_selector,
            field_selector=field_selector,
        )
        found = {key_of(obj): obj for obj in listed.items}
        for key in [key for key in self._objects if key not in found]:
            self._change(key, None)
        for key, obj in found.items():
            old = self._objects.get(key)
            if old is None or revision_of(old) != revision_of(obj):
                self._change(key, obj)
        self._must_list = False
        self.is_listed = True
        self._listed.set()
        self._reach(listed.revision)

    async def _follow(self) -> None:
        """Take in events until the watch ends; return at once when told to list again."""
        namespace, label_selector, field_selector = self._scope
        try:
            async with asyncio.timeout(None) as self._watching:
                async for batch in self._client.watch(
                    self.object_type,
                    after=self.revision,
                    namespace=namespace,
                    label_selector=label_selector,
                    field_selector=field_selector,
                ):
                    for event in batch:
                        self._take_in(event)
                    if batch:
                        self._reach(batch[-1].revision)
        except TimeoutError:
            self._must_list = True
        finally:
            self._watching = None

    def _take_in(self, event: Watched[T]) -> None:
        if event.object is None:
            return
        key = key_of(event.object)
        if event.type == "DELETED":
            if key in self._objects:
                self._change(key, None)
        else:
            self._change(key, event.object)

    def _change(self, key: Key, new: T | None) -> None:
        old = self._objects.get(key)
        if new is None:
            self._objects.pop(key, None)
        else:
            self._objects[key] = new
        for index in self._indexes.values():
            index.change(key, old, new)
        for handler in self._handlers:
            handler(old, new)

    def _reach(self, revision: int) -> None:
        """Note how far the copy is and wake those who wait for it."""
        self.revision = max(self.revision, revision)
        while self._waiters and self._waiters[0][0] <= self.revision:
            _, _, waiter = heapq.heappop(self._waiters)
            if not waiter.done():
                waiter.set_result(None)

    def _list_again(self) -> None:
        if self._watching is not None:
            self._watching.reschedule(asyncio.get_running_loop().time())


class _Indexed(Generic[T]):
    """The objects ordered by one thing."""

    def __init__(self, index: Index[T]) -> None:
        self._index = index
        self._found: dict[str, dict[Key, T]] = {}

    def get(self, value: str) -> tuple[T, ...]:
        found = self._found.get(value)
        return tuple(found.values()) if found else ()

    def change(self, key: Key, old: T | None, new: T | None) -> None:
        found = self._found
        after = tuple(self._index(new)) if new is not None else ()
        if old is not None:
            before = tuple(self._index(old))
            if before != after:  # Most changes leave the object where it is found.
                for value in before:
                    if value not in after:
                        self._take_out(key, value)
        if new is not None:
            for value in after:
                place = found.get(value)
                if place is None:
                    place = found[value] = {}
                place[key] = new

    def _take_out(self, key: Key, value: str) -> None:
        found = self._found.get(value, {})
        found.pop(key, None)  # An index may name a value twice.
        if not found:
            self._found.pop(value, None)
