"""`knarr reset`: the objects that a cluster had after its first start."""

from collections.abc import Sequence

from knarr.client import snapshots
from knarr.client.dynamic import DynamicClient, StatusError, UnreachableError
from knarr.client.unary import Tls
from knarr.cluster.folder import Folder, Running
from knarr.cluster.options import add_name_flags, folder_of
from knarr.daemon.settings import Flags, SettingsError


def connect(folder: Folder, running: Running) -> DynamicClient:
    """A client of a cluster that runs here, as its administrator."""
    authority = (folder.pki / "ca.crt").read_bytes()
    return DynamicClient(
        running.grpc,
        tls=Tls(authority),
        metadata=(("authorization", f"Bearer {folder.admin_token_now()}"),),
    )


def running_cluster(flags: Flags, arguments: Sequence[str]) -> tuple[str, Folder, Running]:
    """The cluster that flags name. Raise SettingsError when it does not run."""
    add_name_flags(flags)
    found = flags.read(arguments)
    folder = folder_of(found.state_dir, found.name)
    running = folder.running()
    if running is None:
        raise SettingsError(f"cluster {found.name} does not run; `knarr up` starts it")
    return found.name, folder, running


def reset(arguments: Sequence[str]) -> str:
    """Go back to the state after the first `up`; answer what to say. Raise SettingsError."""
    flags = Flags(
        "knarr reset",
        "Take the cluster back to its state after `up`: all that was made since is removed.",
    )
    name, folder, running = running_cluster(flags, arguments)
    try:
        items = snapshots.read(folder.first_state)
    except (OSError, snapshots.SnapshotFileError):
        raise SettingsError(
            f"{folder.first_state} is missing or broken; `knarr delete` and `knarr up` start afresh"
        ) from None
    client = connect(folder, running)
    try:
        done = snapshots.restore(client, items)
    except (StatusError, UnreachableError) as error:
        raise SettingsError(str(error)) from None
    finally:
        client.close()
    return (
        f"cluster {name} is as after its first start: {done.removed} objects removed, "
        f"{done.written} put back"
    )


def keep_first_state(folder: Folder, items: Sequence[tuple[str, bytes]]) -> None:
    """Remember the objects of a cluster's first start, for `reset`."""
    snapshots.write(folder.first_state, items)
