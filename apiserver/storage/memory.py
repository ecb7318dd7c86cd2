"""The store without a disk: for tests, and clusters that may forget everything."""

from apiserver.storage.local import LocalStore
from apiserver.storage.store import Change


class MemoryStore(LocalStore):
    """Keeps everything in memory. A write never waits, so every run of a simulation is the same."""

    async def _commit(self, change: Change) -> None:
        self._commit_later(change)

    def _commit_later(self, change: Change) -> None:
        self._last = change.revision
        self._apply((change,))
