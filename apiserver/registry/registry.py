"""Every verb of the API, on every kind: what REST, gRPC and in-process clients call.

A call is authenticated and authorized already. Answers share the watch
cache's entries: nothing is encoded for one client. Errors are those of
`knarr.api.errors`.
"""

from collections.abc import AsyncIterator, Sequence
from random import Random

from apiserver.registry.request import (
    Answer,
    Body,
    ListOptions,
    ListPage,
    PatchType,
    Request,
)
from apiserver.registry.settings import Settings
from apiserver.storage.entry import Event
from apiserver.storage.store import Store
from knarr.api.kinds import KindTable
from knarr.api.meta.options import DeleteOptions
from knarr.daemon.clock import Clock


class Registry:
    """The verbs over one store."""

    def __init__(
        self, store: Store, *, clock: Clock, rng: Random, settings: Settings | None = None
    ) -> None:
        self.kinds = KindTable()
        """The kinds served, those of CustomResourceDefinitions included."""
        self.settings = settings or Settings()
        self.clock = clock
        self.rng = rng
        self._store = store

    async def run(self) -> None:
        """Follow the store and serve; make the objects every cluster has. Runs until cancelled."""
        raise NotImplementedError

    async def ready(self) -> None:
        """Return when every verb works: caches are filled, bootstrap objects are there."""
        raise NotImplementedError

    async def revision(self) -> int:
        """The newest revision of the store."""
        return await self._store.revision()

    async def get(self, request: Request, *, resource_version: str = "") -> Answer:
        """One object, or its subresource `status` or `scale`. Raise NotFoundError."""
        raise NotImplementedError

    async def list(self, request: Request, options: ListOptions) -> ListPage:
        """The objects of a kind, in `request.namespace` or (empty) in all.

        `request.name`, when set, narrows to one object.
        Raise BadRequestError for selectors and versions that make no sense,
        ExpiredError for a continue token or exact version that is compacted.
        """
        raise NotImplementedError

    async def watch(self, request: Request, options: ListOptions) -> AsyncIterator[Sequence[Event]]:
        """Start a watch: batches of events in order, bookmarks among them.

        Awaiting it checks the options and raises what is wrong with them, so
        that the front can still answer with an error; the iterator ends at
        the timeout and raises ExpiredError when the watcher is too far behind.
        """
        raise NotImplementedError

    async def create(self, request: Request, body: Body) -> Answer:
        """Store a new object, or post to a subresource.

        `request.name` is empty for objects and set for the subresources
        `binding`, `eviction` and `token`. Kinds that are not stored, such as
        reviews, are answered by who registered for them: see `answer_with`.
        """
        raise NotImplementedError

    async def update(self, request: Request, body: Body) -> Answer:
        """Replace an object or its subresource; `created` where PUT may create."""
        raise NotImplementedError

    async def patch(
        self, request: Request, patch_type: PatchType, body: Body, *, force: bool = False
    ) -> Answer:
        """Change part of an object or subresource; `created` where apply made it.

        `force` takes over fields that others own, on apply.
        """
        raise NotImplementedError

    async def delete(self, request: Request, options: DeleteOptions | None = None) -> Answer:
        """Ask for an object to go: a Status when it is gone, else the object as it waits."""
        raise NotImplementedError

    async def delete_collection(
        self,
        request: Request,
        options: ListOptions,
        delete_options: DeleteOptions | None = None,
    ) -> ListPage:
        """Delete what a list finds; answer the objects as they were when deleted."""
        raise NotImplementedError
