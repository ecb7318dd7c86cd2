"""Opens the store that a URL names."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from apiserver.storage.memory import MemoryStore
from apiserver.storage.sqlite import SqliteStore
from apiserver.storage.store import Store, UnavailableError
from knarr.daemon.clock import Clock, SystemClock
from knarr.daemon.settings import SettingsError

if TYPE_CHECKING:
    from apiserver.storage.etcd_client import EtcdSettings


@asynccontextmanager
async def open_store(url: str, clock: Clock | None = None) -> AsyncIterator[Store]:
    """Hold a store open while the block runs. Raise SettingsError for a URL that names none.

    memory://                          nothing is kept
    sqlite:///path/to/file.db          a file; sqlite://file.db is relative
    etcd://h1:2379,h2:2379             also ?user=U&password=P
    etcds://h1:2379,h2:2379            the same over TLS: ?ca=FILE&cert=FILE&key=FILE
    """
    if urlsplit(url).scheme in ("etcd", "etcds"):
        # Imported only here: who does without etcd does without gRPC's memory.
        from apiserver.storage.etcd import EtcdStore  # noqa: PLC0415

        settings = _etcd_settings(url)
        async with asyncio.TaskGroup() as group:
            etcd = EtcdStore(settings)
            running = group.create_task(etcd.run())
            try:
                yield etcd
            finally:
                # It ends first, or it would open a watch on a connection that is closed.
                running.cancel()
                await asyncio.wait([running])
                await etcd.close()
        return
    store = _open(url, clock or SystemClock())
    try:
        yield store
    finally:
        await store.close()


def _etcd_settings(url: str) -> "EtcdSettings":
    from apiserver.storage.etcd_client import EtcdSettings  # noqa: PLC0415

    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    files = {name: Path(options[name]) for name in ("ca", "cert", "key") if name in options}
    endpoints = tuple(filter(None, parts.netloc.rpartition("@")[2].split(",")))
    unknown = set(options) - {"ca", "cert", "key", "user", "password"}
    if not endpoints or unknown:
        what = f"knows no {', '.join(sorted(unknown))}" if unknown else "names no host"
        raise SettingsError(f"--store {url.partition('?')[0]}: {what}")
    return EtcdSettings(
        endpoints=endpoints,
        tls=parts.scheme == "etcds",
        user=options.get("user", ""),
        password=options.get("password", ""),
        **files,
    )


def _open(url: str, clock: Clock) -> Store:
    parts = urlsplit(url)
    if parts.scheme == "memory":
        return MemoryStore()
    if parts.scheme == "sqlite":
        path = parts.netloc + parts.path
        if not path:
            raise SettingsError("--store sqlite:// names no file, such as sqlite:///state.db")
        try:
            return SqliteStore(Path(path), clock)
        except UnavailableError as error:
            raise SettingsError(f"--store: {error}") from error
    raise SettingsError(f"--store {url}: no such kind of store")
