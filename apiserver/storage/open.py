"""Opens the store that a URL names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from apiserver.storage.memory import MemoryStore
from apiserver.storage.sqlite import SqliteStore
from apiserver.storage.store import Store
from knarr.daemon.clock import Clock, SystemClock
from knarr.daemon.settings import SettingsError


@asynccontextmanager
async def open_store(url: str, clock: Clock | None = None) -> AsyncIterator[Store]:
    """Hold a store open while the block runs. Raise SettingsError for a URL that names none.

    memory://                          nothing is kept
    sqlite:///path/to/file.db          a file; sqlite://file.db is relative
    """
    store = _open(url, clock or SystemClock())
    try:
        yield store
    finally:
        await store.close()


def _open(url: str, clock: Clock) -> Store:
    parts = urlsplit(url)
    if parts.scheme == "memory":
        return MemoryStore()
    if parts.scheme == "sqlite":
        path = parts.netloc + parts.path
        if not path:
            raise SettingsError("--store sqlite:// names no file, such as sqlite:///state.db")
        return SqliteStore(Path(path), clock)
    raise SettingsError(f"--store {url}: no such kind of store")
