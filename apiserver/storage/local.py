"""The engine that the memory and the SQLite store share.

The live state and the recent past are in memory. A write is decided on the
event loop against the newest state, also that which is still on its way to
the disk, and gets its revision there; `_commit` makes it durable, and `_apply`
makes it visible: state first, then followers, then the answer. What is not
durable is never seen, neither by a read nor in the error of a failed write.
"""

from collections.abc import AsyncIterator, Sequence

from apiserver.storage.expiry import Expiry
from apiserver.storage.hub import Hub
from apiserver.storage.sorted_keys import SortedKeys
from apiserver.storage.store import (
    Batch,
    Change,
    CompactedError,
    FutureRevisionError,
    KeyExistsError,
    Page,
    RevisionMismatchError,
    Stored,
    UnavailableError,
    ValueTooLargeError,
)

VALUE_BYTES_MAX = 1_572_864 - 512
"""etcd takes requests of 1.5 MiB; every store has the limit, so that a cluster can move to etcd."""

FIRST_REVISION = 1
"""The revision of an empty store; the first write is one above it, as in etcd."""


class LocalStore:
    """A store in this process; what becomes of a write is for the subclass to say."""

    def __init__(self) -> None:
        self._live: dict[str, Stored] = {}
        self._keys = SortedKeys()
        self._staged: dict[str, tuple[int, Stored | None]] = {}
        self._last = FIRST_REVISION
        self._compacted = 0
        self._hub = Hub(FIRST_REVISION)
        self._expiry = Expiry(self._expire)
        self._stopped: str = ""

    async def create(self, key: str, value: bytes, *, ttl_s: int = 0) -> int:
        """Store a new key."""
        self._check(value)
        current = self._newest(key)
        if current is not None:
            await self._settled()
            raise KeyExistsError(key, current)
        revision = self._last + 1
        if ttl_s:
            self._expiry.set(key, ttl_s)
        await self._commit(Change("put", key, value, revision, revision, None))
        return revision

    async def update(self, key: str, value: bytes, *, expected: int, ttl_s: int = 0) -> int:
        """Replace a value."""
        self._check(value)
        current = await self._expected(key, expected)
        revision = self._last + 1
        if ttl_s:
            self._expiry.set(key, ttl_s)
        await self._commit(Change("put", key, value, revision, current.created, current))
        return revision

    async def delete(self, key: str, *, expected: int) -> int:
        """Remove a key."""
        self._check(b"")
        current = await self._expected(key, expected)
        revision = self._last + 1
        left_s = self._expiry.remaining_s(key)
        self._expiry.drop(key)
        try:
            await self._commit(Change("delete", key, b"", revision, 0, current))
        except UnavailableError:
            if left_s is not None:
                self._expiry.set(key, max(left_s, 0.0))
            raise
        return revision

    async def get(self, key: str) -> Stored | None:
        """The newest value."""
        return self._live.get(key)

    async def range(
        self, prefix: str, *, start: str = "", limit: int = 0, revision: int = 0
    ) -> Page:
        """The keys below a prefix, at a revision."""
        newest = self._hub.revision
        if revision > newest:
            raise FutureRevisionError(newest)
        if revision and revision < self._compacted:
            raise CompactedError(self._compacted)
        if revision in (0, newest):
            keys = self._keys.below(prefix, start)
            items = [self._live[key] for key in (keys[:limit] if limit else keys)]
            return Page(items, newest, len(keys))
        if revision < self._hub.recent.complete_after:
            return await self._range_beyond_memory(prefix, start, limit, revision)
        return self._range_in_past(prefix, start, limit, revision)

    async def revision(self, prefix: str = "") -> int:
        """The newest revision."""
        revision = self._hub.revision
        if prefix:
            self._hub.tell(prefix, revision)
        return revision

    def follow(self, prefix: str, *, after: int) -> AsyncIterator[Batch]:
        """Yield the changes below a prefix."""
        return self._hub.follow(prefix, after)

    async def past(self, prefix: str, *, after: int) -> Sequence[Change]:
        """Nothing: nobody else tells of this store."""
        _ = prefix, after
        raise CompactedError(self._hub.recent.complete_after)

    async def compact(self, revision: int) -> None:
        """Forget the past before a revision."""
        if revision > self._hub.revision:
            raise FutureRevisionError(self._hub.revision)
        self._compacted = max(self._compacted, revision)
        self._hub.recent.forget(self._compacted - 1)

    async def close(self) -> None:
        """End all who follow."""
        self._stopped = self._stopped or "the store is closed"
        self._expiry.close()
        self._hub.close()

    async def _commit(self, change: Change) -> None:
        """Make a change durable, then visible."""
        raise NotImplementedError

    def _commit_later(self, change: Change) -> None:
        """Make a change for which nobody waits."""
        raise NotImplementedError

    async def _settled(self) -> None:
        """Wait until everything decided so far is durable."""

    async def _range_beyond_memory(
        self, prefix: str, start: str, limit: int, revision: int
    ) -> Page:
        """A range at a revision older than the past in memory."""
        _ = prefix, start, limit, revision
        raise CompactedError(self._hub.recent.complete_after)

    def _check(self, value: bytes) -> None:
        if self._stopped:
            raise UnavailableError(self._stopped)
        if len(value) > VALUE_BYTES_MAX:
            raise ValueTooLargeError(f"{len(value)} bytes are more than {VALUE_BYTES_MAX}")

    def _newest(self, key: str) -> Stored | None:
        staged = self._staged.get(key)
        return self._live.get(key) if staged is None else staged[1]

    async def _expected(self, key: str, expected: int) -> Stored:
        current = self._newest(key)
        if current is None or current.revision != expected:
            await self._settled()
            raise RevisionMismatchError(key, current)
        return current

    def _apply(self, changes: Sequence[Change]) -> None:
        """Make changes visible: to reads, then to followers."""
        live, keys = self._live, self._keys
        for change in changes:
            key = change.key
            if change.type == "delete":
                del live[key]
                keys.remove(key)
            else:
                if change.previous is None:
                    keys.add(key)
                live[key] = Stored(key, change.value, change.revision, change.created)
        if changes:
            self._hub.publish(changes[-1].revision, changes)

    def _range_in_past(self, prefix: str, start: str, limit: int, revision: int) -> Page:
        # What changed since is undone on top of the live state.
        then: dict[str, Stored | None] = {}
        for change in reversed(self._hub.recent.after(revision)):
            if change.key.startswith(prefix) and change.key >= start:
                then[change.key] = change.previous
        keys = [key for key in self._keys.below(prefix, start) if key not in then]
        keys += [key for key, stored in then.items() if stored is not None]
        keys.sort()
        items = [then.get(key) or self._live[key] for key in (keys[:limit] if limit else keys)]
        return Page(items, revision, len(keys))

    def _expire(self, key: str) -> None:
        current = self._newest(key)
        if current is not None and not self._stopped:
            self._commit_later(Change("delete", key, b"", self._last + 1, 0, current))
