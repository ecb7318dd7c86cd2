"""What every store promises.

A store is an ordered map from key to bytes under one revision for all keys.
Each successful write takes exactly one revision, one above the last; a failed
write takes none. The answer of every write carries its revision, deletes too.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from knarr.api.errors import RequestTimeoutError, ServiceUnavailableError


class StoreError(Exception):
    """The store did not do what was asked."""


class KeyExistsError(StoreError):
    """A create found the key taken; `current` is what is there."""

    def __init__(self, key: str, current: "Stored") -> None:
        super().__init__(key)
        self.key = key
        self.current = current


class RevisionMismatchError(StoreError):
    """The value changed since the revision expected; `current` is what is there, None if gone."""

    def __init__(self, key: str, current: "Stored | None") -> None:
        super().__init__(key)
        self.key = key
        self.current = current


class CompactedError(StoreError):
    """The revision asked for is compacted away; `compacted` is the oldest that is left."""

    def __init__(self, compacted: int) -> None:
        super().__init__(f"revision {compacted} is the oldest that is left")
        self.compacted = compacted


class FutureRevisionError(StoreError):
    """The revision asked for is not yet reached; `current` is the newest."""

    def __init__(self, current: int) -> None:
        super().__init__(f"revision {current} is the newest")
        self.current = current


class UnavailableError(StoreError, ServiceUnavailableError):
    """The store cannot be reached, or has no leader. Nothing was written.

    Nobody on the way up can do better than to hand it to the client as it is.
    """


class UnknownOutcomeError(StoreError, RequestTimeoutError):
    """The answer to a write was lost: it is done, or not."""


class ValueTooLargeError(StoreError):
    """The value is larger than the store takes."""


class Stored(Struct, frozen=True):
    """A value and when it came to be."""

    key: str
    value: bytes
    revision: int
    """The revision of the last write."""
    created: int
    """The revision of the create."""


class Change(Struct, frozen=True):
    """One write, as followers see it."""

    type: Literal["put", "delete"]
    key: str
    value: bytes
    """The value written; empty for a delete."""
    revision: int
    created: int
    """The revision of the create; equal to `revision` for a create, 0 for a delete."""
    previous: Stored | None
    """What stood there before, None for a create or where it is compacted away."""


class Batch(Struct, frozen=True):
    """Changes that belong together, and the revision up to which nothing is missing."""

    revision: int
    changes: Sequence[Change]
    """In order of revision; empty when the batch only says how far the store is."""


class Page(Struct, frozen=True):
    """Part of a range."""

    items: Sequence[Stored]
    """In order of keys, bytewise."""
    revision: int
    """The revision the page shows."""
    total: int
    """How many keys the range holds from the start asked for, whatever the limit."""


class Store(Protocol):
    """An ordered map of bytes under one growing revision."""

    async def create(self, key: str, value: bytes, *, ttl_s: int = 0) -> int:
        """Store a new key and answer its revision. With `ttl_s` it goes by itself.

        Raise KeyExistsError when it is there, ValueTooLargeError,
        UnavailableError or UnknownOutcomeError.
        """
        ...

    async def update(self, key: str, value: bytes, *, expected: int, ttl_s: int = 0) -> int:
        """Replace the value last changed at `expected`; answer the new revision.

        Without `ttl_s` the key goes when it was to go before. Raise
        RevisionMismatchError when it changed since or is gone.
        """
        ...

    async def delete(self, key: str, *, expected: int) -> int:
        """Remove the value last changed at `expected`; answer the revision of the delete.

        Raise RevisionMismatchError when it changed since or is gone.
        """
        ...

    async def get(self, key: str) -> Stored | None:
        """The newest value, consistent with every write acknowledged before the call."""
        ...

    async def range(
        self, prefix: str, *, start: str = "", limit: int = 0, revision: int = 0
    ) -> Page:
        """The keys that begin with `prefix`, from `start` on, at a revision (0: the newest).

        Raise CompactedError or FutureRevisionError.
        """
        ...

    async def revision(self, prefix: str = "") -> int:
        """The newest revision, not older than any write acknowledged before the call.

        Those who follow exactly `prefix` are told as soon as nothing up to it is missing.
        """
        ...

    def follow(self, prefix: str, *, after: int) -> AsyncIterator[Batch]:
        """Yield every change below `prefix` after a revision, in order, none left out.

        An empty batch tells that the store has reached its revision and that
        nothing up to there is missing; one comes when `revision(prefix)` was
        asked for. Survives the loss of connections and members. Ends when the
        store is closed. Raise CompactedError.
        """
        ...

    async def past(self, prefix: str, *, after: int) -> Sequence[Change]:
        """The changes below `prefix` after a revision, up to now: what other processes told of.

        Raise CompactedError when that is too long ago, or when no other process can have told.
        """
        ...

    async def compact(self, revision: int) -> None:
        """Forget values replaced or deleted before `revision`, which stays readable."""
        ...

    async def close(self) -> None:
        """Let go of files and connections; writes under way are finished first."""
        ...
