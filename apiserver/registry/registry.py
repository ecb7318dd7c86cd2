"""Every verb of the API, on every kind: what REST, gRPC and in-process clients call.

A call is authenticated and authorized already. Answers share the watch
cache's entries: nothing is encoded for one client. Errors are those of
`knarr.api.errors`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from random import Random
from typing import Any, Protocol

from msgspec.structs import replace

from apiserver.admission.admission import Admission, Chain
from apiserver.admission.plugins import admission_plugins
from apiserver.registry import (
    bootstrap,
    conversion,
    failures,
    patch,
    read,
    remove,
    subresources,
    watch,
    write,
)
from apiserver.registry.component_statuses import ComponentStatuses
from apiserver.registry.core import Core
from apiserver.registry.custom_version import Coercion
from apiserver.registry.decode import decode
from apiserver.registry.parts import Object
from apiserver.registry.place import check_place
from apiserver.registry.request import (
    Answer,
    Body,
    ListOptions,
    ListPage,
    PatchType,
    Request,
    User,
)
from apiserver.registry.resource import Resource
from apiserver.registry.service_allocator import ServiceAllocator
from apiserver.registry.settings import Settings
from apiserver.storage.entry import Entry, Event
from apiserver.storage.store import Store
from knarr.api.core.service import Service
from knarr.api.foreign import Foreign
from knarr.api.kind import Kind
from knarr.api.meta.options import DeleteOptions
from knarr.daemon.clock import Clock

Handler = Callable[[Request, Any], Awaitable[Any]]
"""Answers a create of what is not stored: a review, a token."""


class Reader(Protocol):
    """Answers for a kind whose objects are made when they are asked for."""

    async def get(self, request: Request) -> Answer:
        """One object. Raise NotFoundError."""
        ...

    async def list(self, request: Request, options: ListOptions) -> ListPage:
        """The objects that a request and its selectors choose."""
        ...


class Elsewhere(Protocol):
    """The servers of users that answer for groups of their own."""

    async def ask(self, user: User, foreign: Foreign) -> bytes:
        """What one of them answers a user. Raise ApiError."""
        ...


class Registry:
    """The verbs over one store."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        rng: Random,
        settings: Settings | None = None,
        plugins: Sequence[Admission] | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.clock = clock
        self.rng = rng
        self.core = Core(store, clock=clock, rng=rng, settings=self.settings)
        self.kinds = self.core.kinds
        """The kinds served, those of CustomResourceDefinitions included."""
        self.core.chain = Chain(
            plugins
            if plugins is not None
            else admission_plugins(
                tokens=self.settings.service_account_tokens,
                toleration_s=self.settings.default_toleration_s,
            )
        )
        self.elsewhere: Elsewhere | None = None
        """Who answers for groups that are not ours."""
        self._handlers: dict[tuple[str, str, str], Handler] = {}
        self._readers: dict[tuple[str, str], Reader] = {
            ("", "componentstatuses"): ComponentStatuses(self.revision)
        }
        self._ready = asyncio.Event()
        self._running: asyncio.TaskGroup | None = None
        self._tasks: dict[Resource, asyncio.Task[None]] = {}
        self.core.started.append(self._start)
        self.core.stopped.append(self._stop)

    def answer_with(self, group: str, plural: str, handler: Handler, subresource: str = "") -> None:
        """Let `handler` answer creates of a kind that is not stored, or posts to a subresource."""
        self._handlers[group, plural, subresource] = handler

    def read_with(self, group: str, plural: str, reader: Reader) -> None:
        """Let `reader` answer gets and lists of a kind that is not stored."""
        self._readers[group, plural] = reader

    async def ask(self, user: User, foreign: Foreign) -> bytes:
        """What the server of a user says for its own group. Raise NotFoundError, ApiError."""
        if self.elsewhere is None:
            raise failures.nobody_answers(foreign)
        return await self.elsewhere.ask(user, foreign)

    async def run(self) -> None:
        """Follow the store and serve; make the objects every cluster has. Runs until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._running = group
            for resource in list(self.core.resources.values()):
                self._start(resource)
            for resource in list(self.core.resources.values()):
                await resource.cache.ready()
            services = self.core.resource(Service)
            services.allocator = allocator = ServiceAllocator(self.settings, self.rng)
            allocator.learn(services)
            group.create_task(allocator.follow(services), name="service addresses")
            if self.settings.bootstrap:
                await bootstrap.make(self.core)
            self._ready.set()

    def _start(self, resource: Resource) -> None:
        if self._running is not None:
            task = self._running.create_task(resource.cache.run(), name=resource.prefix)
            self._tasks[resource] = task

    def _stop(self, resource: Resource) -> None:
        task = self._tasks.pop(resource, None)
        if task is not None:
            task.cancel()

    def forget(self, revision: int) -> None:
        """Show no lists as they were before a revision: the store is compacted to it."""
        for resource in self.core.resources.values():
            resource.cache.forget(revision)

    async def ready(self) -> None:
        """Return when every verb works: caches are filled, bootstrap objects are there."""
        await self._ready.wait()
        for resource in list(self.core.resources.values()):
            await resource.cache.ready()

    async def revision(self, told: Sequence[Kind] = ()) -> int:
        """The newest revision of the store.

        Those who watch all objects of the kinds in `told` get a bookmark as
        soon as nothing up to it is missing.
        """
        revision = await self.core.store.revision()
        for kind in told:
            await self.core.resource_of(kind).cache.tell()
        return revision

    async def get(self, request: Request, *, resource_version: str = "") -> Answer:
        """One object, or its subresource `status` or `scale`. Raise NotFoundError."""
        reader = self._readers.get((request.kind.group, request.kind.plural))
        if reader is not None:
            return await reader.get(request)
        resource = self.core.resource_of(request.kind)
        if resource_version != "0":
            revision = read.version_of(resource_version)
            await read.at_least(resource, resource_version, revision)
        entry = resource.cache.get(resource.key(request.namespace, request.name))
        if entry is None:
            raise failures.not_found(request.kind, request.name)
        return self._answer(request, resource, await resource.one_in_view(entry))

    async def list(self, request: Request, options: ListOptions) -> ListPage:
        """The objects of a kind, in `request.namespace` or (empty) in all.

        `request.name`, when set, narrows to one object.
        Raise BadRequestError for selectors and versions that make no sense,
        ExpiredError for a continue token or exact version that is compacted.
        """
        reader = self._readers.get((request.kind.group, request.kind.plural))
        if reader is not None:
            return await reader.list(request, options)
        resource = self.core.resource_of(request.kind)
        return await read.list_page(self.core, request, resource, options)

    async def watch(self, request: Request, options: ListOptions) -> AsyncIterator[Sequence[Event]]:
        """Start a watch: batches of events in order, bookmarks among them.

        Awaiting it checks the options and raises what is wrong with them, so
        that the front can still answer with an error; the iterator ends at
        the timeout and raises ExpiredError when the watcher is too far behind.
        """
        resource = self.core.resource_of(request.kind)
        return await watch.watch(self.core, request, resource, options)

    async def create(self, request: Request, body: Body) -> Answer:
        """Store a new object, or post to a subresource.

        `request.name` is empty for objects and set for the subresources
        `binding`, `eviction` and `token`. Kinds that are not stored, such as
        reviews, are answered by who registered for them: see `answer_with`.
        """
        handler = self._handlers.get((request.kind.group, request.kind.plural, request.subresource))
        kind = subresources.kind_of(request)
        obj = decode(request, kind, body, self._coercion(kind))
        if request.subresource:
            await self.core.ask(request, "CREATE", kind, obj)
        if handler is not None:
            made = await handler(request, obj)
            return Answer(kind=kind, entry=subresources.entry_of(made), created=True)
        if request.subresource or request.kind.plural == "bindings":
            return await subresources.post(self.core, request, obj)
        resource = self.core.resource_of(request.kind)
        obj = conversion.stored_object(request.kind, resource, obj)
        entry = await write.create(self.core, request, resource, obj)
        return self._answer(request, resource, entry, created=True)

    async def update(self, request: Request, body: Body) -> Answer:
        """Replace an object or its subresource; `created` where PUT may create."""
        resource = self.core.resource_of(request.kind)
        kind = subresources.kind_of(request)
        sent = decode(request, kind, body, self._coercion(kind))
        sent = check_place(sent, request)
        change = subresources.replacing(request, resource, sent)
        return await self._update(request, resource, change)

    async def patch(
        self, request: Request, patch_type: PatchType, body: Body, *, force: bool = False
    ) -> Answer:
        """Change part of an object or subresource; `created` where apply made it.

        `force` takes over fields that others own, on apply.
        """
        resource = self.core.resource_of(request.kind)
        kind = subresources.kind_of(request)
        is_apply = patch_type is PatchType.APPLY
        request = replace(request, is_patch=True, is_apply=is_apply)
        change = patch.patching(
            self.core, request, resource, kind, patch.Patch(patch_type, body, force=force)
        )
        return await self._update(request, resource, change, may_create=is_apply)

    async def delete(self, request: Request, options: DeleteOptions | None = None) -> Answer:
        """Ask for an object to go: a Status when it is gone, else the object as it waits."""
        resource = self.core.resource_of(request.kind)
        return await remove.delete(self.core, request, resource, options)

    async def delete_collection(
        self,
        request: Request,
        options: ListOptions,
        delete_options: DeleteOptions | None = None,
    ) -> ListPage:
        """Delete what a list finds; answer the objects as they were when deleted."""
        resource = self.core.resource_of(request.kind)
        return await remove.delete_collection(self.core, request, resource, options, delete_options)

    async def _update(
        self,
        request: Request,
        resource: Resource,
        change: Callable[[Entry | None], Object],
        *,
        may_create: bool = False,
    ) -> Answer:
        if not request.is_patch:
            may_create = may_create or resource.strategy.allow_create_on_update
        entry, created = await write.update(
            self.core,
            request,
            resource,
            change,
            may_create=may_create and not request.subresource,
        )
        return self._answer(request, resource, entry, created=created)

    def _coercion(self, kind: Kind) -> Coercion | None:
        version = self.core.custom_version(kind)
        return version.coerce if version is not None else None

    def _answer(
        self, request: Request, resource: Resource, entry: Entry, *, created: bool = False
    ) -> Answer:
        kind, shown = subresources.shown(request, resource, entry)
        return Answer(kind=kind, entry=shown, created=created, revision=entry.revision)
