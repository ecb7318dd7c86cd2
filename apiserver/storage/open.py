"""Opens the store that a URL names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from apiserver.storage.memory import MemoryStore
from apiserver.storage.store import Store
from knarr.daemon.settings import SettingsError


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[Store]:
    """Hold a store open while the block runs: memory://. Raise SettingsError for no such URL."""
    scheme, _, _ = url.partition("://")
    if scheme == "memory":
        yield MemoryStore()
        return
    raise SettingsError(f"--store {url}: no such kind of store")
