"""Hands changes to those who follow them.

A change is given to the followers of its prefix only, whatever the number of
the others. A follower that reads slowly is not waited for: when too much has
piled up it reads on from the recent past, and raises CompactedError only when
that no longer reaches back to it. No follower has a task of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

from apiserver.storage.ring import Ring
from apiserver.storage.store import Batch, Change, StoreError

CHANGES_KEPT_MAX = 20_000
"""Changes kept for those who follow from the past; older ones are read from the file, if any."""

CHANGE_BYTES_KEPT_MAX = 32 << 20
"""Bytes of values kept with them. Most are shared with the live state and the watch cache."""

CHANGES_PENDING_MAX = 5_000
"""A follower further behind than this reads on from the recent past."""


class _Follower:
    __slots__ = ("behind", "error", "pending", "prefix", "reached", "waiter", "wanted")

    def __init__(self, prefix: str, after: int) -> None:
        self.prefix = prefix
        self.reached = after
        self.wanted = 0
        self.behind = True
        self.error: StoreError | None = None
        self.pending: list[Change] = []
        self.waiter: asyncio.Future[None] | None = None

    def push(self, change: Change) -> None:
        if self.behind or change.revision <= self.reached:
            return
        if len(self.pending) >= CHANGES_PENDING_MAX:
            self.pending.clear()
            self.behind = True
        else:
            self.pending.append(change)

    def wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    async def wait(self) -> None:
        self.waiter = asyncio.get_running_loop().create_future()
        try:
            await self.waiter
        finally:
            self.waiter = None


class Hub:
    """The changes of the recent past and those who follow them."""

    def __init__(self, revision: int) -> None:
        self.revision = revision
        self.recent: Ring[Change] = Ring(
            after=revision, count_max=CHANGES_KEPT_MAX, bytes_max=CHANGE_BYTES_KEPT_MAX
        )
        self._by_prefix: dict[str, list[_Follower]] = {}
        self._waiting: list[_Follower] = []
        self._error: StoreError | None = None
        self._closed = False

    def keep(self, change: Change) -> None:
        """Remember a change of the past without telling anybody, as when a file is loaded."""
        self.recent.append(change, len(change.value))

    def publish(self, revision: int, changes: Sequence[Change]) -> None:
        """Take the changes up to a revision; none up to there is missing."""
        woken: dict[_Follower, None] = {}
        for change in changes:
            self.keep(change)
            for follower in self._following(change.key):
                follower.push(change)
                woken[follower] = None
        self.revision = max(self.revision, revision)
        for follower in woken:
            follower.wake()
        if self._waiting:
            self._tell_waiting()

    def tell(self, prefix: str, revision: int) -> None:
        """Let those who follow `prefix` know when nothing up to `revision` is missing."""
        for follower in self._by_prefix.get(prefix, ()):
            if follower.reached < revision and follower.wanted < revision:
                follower.wanted = revision
                self._waiting.append(follower)
        if self._waiting:
            self._tell_waiting()

    async def follow(self, prefix: str, after: int) -> AsyncIterator[Batch]:
        """Yield the changes below `prefix` after a revision."""
        assert not prefix or prefix.endswith("/"), "followers are found by the parts of a key"
        follower = _Follower(prefix, after)
        follower.wanted = self.revision
        self._by_prefix.setdefault(prefix, []).append(follower)
        try:
            while not self._closed:
                batch = self._take(follower)
                if batch is None:
                    await follower.wait()
                else:
                    yield batch
        finally:
            self._remove(follower)

    async def reached(self, revision: int) -> None:
        """Wait until nothing up to a revision is missing. Raise StoreError."""
        follower = _Follower("", revision)
        follower.wanted = revision
        self._by_prefix.setdefault("", []).append(follower)
        self._waiting.append(follower)
        try:
            while self.revision < revision and not self._closed:
                error = self._error or follower.error
                if error is not None:
                    raise error
                await follower.wait()
        finally:
            self._remove(follower)

    def restart(self, revision: int) -> None:
        """Begin anew at a revision: those who have not reached it get CompactedError."""
        self.revision = revision
        self.recent.restart(revision)
        for followers in self._by_prefix.values():
            for follower in followers:
                follower.pending.clear()
                follower.behind = True
                follower.wake()

    def interrupt(self, error: StoreError) -> None:
        """Raise an error in all who follow now; they may begin again where they were."""
        for followers in self._by_prefix.values():
            for follower in followers:
                follower.error = error
                follower.wake()

    def fail(self, error: StoreError) -> None:
        """Raise an error in all who follow, now and later."""
        self._error = error
        self._wake_all()

    def close(self) -> None:
        """End all who follow."""
        self._closed = True
        self._wake_all()

    def _take(self, follower: _Follower) -> Batch | None:
        error = self._error or follower.error
        if error is not None:
            raise error
        if follower.behind:
            after, prefix = follower.reached, follower.prefix
            changes = [c for c in self.recent.after(after) if c.key.startswith(prefix)]
            follower.behind = False
        else:
            changes, follower.pending = follower.pending, []
        if not changes and not follower.reached < follower.wanted <= self.revision:
            return None
        follower.reached = max(follower.reached, self.revision)
        return Batch(follower.reached, changes)

    def _following(self, key: str) -> Iterator[_Follower]:
        # Prefixes end at a slash, so the ones to look up are as few as the key has parts.
        end = -1
        while True:
            yield from self._by_prefix.get(key[: end + 1], ())
            end = key.find("/", end + 1)
            if end < 0:
                return

    def _tell_waiting(self) -> None:
        later = []
        for follower in self._waiting:
            if follower.wanted > self.revision:
                later.append(follower)
            else:
                follower.wake()
        self._waiting = later

    def _remove(self, follower: _Follower) -> None:
        siblings = self._by_prefix[follower.prefix]
        siblings.remove(follower)
        if not siblings:
            del self._by_prefix[follower.prefix]
        if follower in self._waiting:
            self._waiting.remove(follower)

    def _wake_all(self) -> None:
        for followers in self._by_prefix.values():
            for follower in followers:
                follower.wake()
