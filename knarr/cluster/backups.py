"""`knarr backup` and `knarr restore`: a cluster's store into a file, and back."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from apiserver.storage.backup import restore as put_back
from apiserver.storage.backup import save
from apiserver.storage.store import UnavailableError
from knarr.cluster.options import add_name_flags, folder_of
from knarr.daemon.run import run_once
from knarr.daemon.settings import Flags, SettingsError


def backup(arguments: Sequence[str]) -> str:
    """Copy a store while it is used; answer what to say. Raise SettingsError."""
    flags = Flags(
        "knarr backup",
        "Copy all that a cluster's store holds at one moment into a file. The cluster may run. "
        "The file holds secrets: keep it to yourself.",
    )
    url, path = _what(flags, arguments)
    copied = run_once(partial(save, url, path))
    return f"{copied.keys} keys at revision {copied.revision} saved to {path}"


def restore(arguments: Sequence[str]) -> str:
    """Make a store what a copy is; answer what to say. Raise SettingsError."""
    flags = Flags(
        "knarr restore",
        "Make a cluster's store hold what a file of `knarr backup` holds, and nothing else. The "
        "cluster must be stopped. What a SQLite store held stays beside it.",
    )
    url, path = _what(flags, arguments)
    try:
        copied = run_once(partial(put_back, path, url))
    except UnavailableError as error:
        raise SettingsError(f"{error}; stop the cluster first: knarr down") from None
    return f"{copied.keys} keys of revision {copied.revision} restored from {path}"


def _what(flags: Flags, arguments: Sequence[str]) -> tuple[str, Path]:
    add_name_flags(flags)
    flags.flag("store", default="", help="the store, if it is not that of the cluster's folder")
    flags.add_argument("file")
    found = flags.read(arguments)
    kept = folder_of(found.state_dir, found.name).path / "store.db"
    return found.store or f"sqlite://{kept}", Path(found.file)
