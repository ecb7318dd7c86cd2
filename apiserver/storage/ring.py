"""The recent past: what happened last, bounded by count and by bytes."""

from collections import deque
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from apiserver.storage.store import CompactedError


class HasRevision(Protocol):
    """Anything that happened at a revision."""

    @property
    def revision(self) -> int:
        """When it happened."""
        ...


T = TypeVar("T", bound=HasRevision)


class Ring(Generic[T]):
    """Items in order of revision; the oldest go when there are too many or they are too large."""

    def __init__(self, *, after: int, count_max: int, bytes_max: int) -> None:
        self._items: deque[tuple[T, int]] = deque()
        self._complete_after = after
        self._count_max = count_max
        self._bytes_max = bytes_max
        self._bytes = 0

    @property
    def complete_after(self) -> int:
        """The oldest revision after which nothing is missing here."""
        return self._complete_after

    def append(self, item: T, size: int) -> None:
        """Add what happened last."""
        self._items.append((item, size))
        self._bytes += size
        while len(self._items) > self._count_max or self._bytes > self._bytes_max:
            self._drop_oldest()

    def after(self, revision: int) -> list[T]:
        """What happened after a revision; costs as much as it answers. Raise CompactedError."""
        if revision < self._complete_after:
            raise CompactedError(self._complete_after + 1)
        found: list[T] = []
        for item, _ in reversed(self._items):
            if item.revision <= revision:
                break
            found.append(item)
        found.reverse()
        return found

    def precede(self, after: int, items: Sequence[tuple[T, int]]) -> None:
        """Put before all what happened from a revision on, with sizes; nothing may be missing."""
        self._items.extendleft(reversed(items))
        self._bytes += sum(size for _, size in items)
        self._complete_after = after
        while len(self._items) > self._count_max or self._bytes > self._bytes_max:
            self._drop_oldest()

    def forget(self, after: int) -> None:
        """Drop what happened up to a revision."""
        while self._items and self._items[0][0].revision <= after:
            self._drop_oldest()
        self._complete_after = max(self._complete_after, after)

    def restart(self, after: int) -> None:
        """Drop everything and begin after a revision."""
        self._items.clear()
        self._bytes = 0
        self._complete_after = after

    def _drop_oldest(self) -> None:
        item, size = self._items.popleft()
        self._bytes -= size
        self._complete_after = item.revision
