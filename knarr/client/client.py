"""What every client of the API server promises.

Errors are those of `knarr.api.errors`, the same classes on both sides. An
answer that is lost is RequestTimeoutError or ServiceUnavailableError: the
write may be done all the same.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Generic, Literal, Protocol, TypeVar

from msgspec import Struct

from knarr.api.foreign import Foreign
from knarr.api.keys import Key
from knarr.api.meta.options import DeleteOptions
from knarr.api.structs import ApiStruct

T = TypeVar("T", bound=ApiStruct)
A = TypeVar("A", bound=ApiStruct)

PatchFormat = Literal["json", "merge", "strategic", "apply"]


class Listed(Struct, Generic[T], frozen=True):
    """The answer of a list: the objects at one revision."""

    items: Sequence[T]
    revision: int
    continue_token: str = ""
    remaining: int | None = None


class Watched(Struct, Generic[T], frozen=True):
    """One event of a watch; a bookmark has no object."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    object: T | None
    revision: int


class Client(Protocol):
    """Reads, writes and watches typed objects."""

    async def get(self, object_type: type[T], key: Key) -> T:
        """The object at this moment. Raise NotFoundError."""
        ...

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
        ...

    def watch(
        self,
        object_type: type[T],
        *,
        after: int,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
    ) -> AsyncIterator[Sequence[Watched[T]]]:
        """Yield batches of events after a revision, in order, bookmarks among them.

        Ends when the server ends it; raise ExpiredError when the revision is
        too old to resume from.
        """
        ...

    async def create(self, obj: T) -> T:
        """Store a new object and answer it as stored. Raise AlreadyExistsError, InvalidError."""
        ...

    async def update(self, obj: T, *, subresource: str = "") -> T:
        """Replace an object (or its `status`). Raise ConflictError when it changed since."""
        ...

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
        ...

    async def delete(
        self, object_type: type[T], key: Key, options: DeleteOptions | None = None
    ) -> int:
        """Ask for an object to go; answer the revision of that write. Raise NotFoundError."""
        ...

    async def call(
        self,
        object_type: type[ApiStruct],
        key: Key,
        subresource: str,
        body: ApiStruct,
        answer: type[A],
    ) -> A:
        """Post to a subresource such as `binding`, `eviction`, `token`; answer what it answers."""
        ...

    async def part(
        self, object_type: type[ApiStruct], key: Key, subresource: str, answer: type[A]
    ) -> A:
        """A subresource such as `scale`, at this moment. Raise NotFoundError."""
        ...

    async def ask(self, foreign: Foreign) -> bytes:
        """What somebody else's server says that an APIService leads to.

        Raise NotFoundError where there is none, ServiceUnavailableError while
        it does not answer, or the error that it tells of.
        """
        ...

    async def revision_now(self, *told: type[ApiStruct]) -> int:
        """The newest revision of the store.

        Those who watch all objects of the kinds in `told` are sent a bookmark
        as soon as nothing up to it is missing, so that nobody need wait for a write.
        """
        ...
