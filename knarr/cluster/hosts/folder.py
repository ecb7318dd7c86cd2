"""A server's folder: what must be there at its next start.

/var/lib/knarr/server/
cluster.json      the cluster's settings; with it this host is a server of one
joining           the address of the cluster this host began to join
server.pid        held by the process that runs
ready.json        where it is reached, while it runs
pki/              certificates and keys, those of etcd in etcd/
store.db          the objects, where SQLite keeps them
etcd/             the objects, where a member of etcd does
admin.conf        the administrator's kubeconfig
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from knarr.cluster.hosts.failure import JoinError
from knarr.cluster.hosts.settings import ClusterSettings, ServerPlace
from knarr.daemon.certificates import write_whole
from knarr.daemon.settings import SettingsError


class ServerFolder:
    """One server's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pki = path / "pki"
        self.kubeconfig = path / "admin.conf"
        self._joining = path / "joining"
        self._known = path / "cluster.json"
        self._ready = path / "ready.json"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have the folder for ourselves while the block runs. Raise SettingsError."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(self.path / "server.pid", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SettingsError(f"--state-dir {self.path}: {error.strerror}") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            raise SettingsError(f"another server runs in {self.path}") from None
        try:
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            self._ready.unlink(missing_ok=True)
            os.close(file)

    def known(self) -> ClusterSettings | None:
        """The settings of the cluster whose server this is; None: of none yet."""
        try:
            return msgspec.json.decode(self._known.read_bytes(), type=ClusterSettings)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise SettingsError(f"{self._known} is broken: {error}") from None

    def begin_join(self, server: str) -> None:
        """Note that this host is to be a server of another's cluster, and never of its own."""
        write_whole(self._joining, server.encode())

    def become(self, settings: ClusterSettings) -> None:
        """Note that this host is a server of a cluster with these settings."""
        write_whole(self._known, msgspec.json.encode(settings))

    def settings(
        self, wanted: ClusterSettings, chosen: frozenset[str], *, is_joining: bool
    ) -> ClusterSettings:
        """The cluster's settings; made now if this host makes the cluster.

        Raise SettingsError when it has others, JoinError where it would be a second cluster.
        """
        known = self.known()
        if known is None:
            if is_joining or self._joining.exists():
                where = self._joining.read_text() if self._joining.exists() else ""
                raise JoinError(
                    f"this host began to join {where} and did not finish: give --join and a "
                    f"token again, or remove {self.path} to begin a cluster of its own"
                )
            self.become(wanted)
            return wanted
        for name in sorted(chosen):
            if getattr(wanted, name) != getattr(known, name):
                raise SettingsError(
                    f"the cluster has {name} {getattr(known, name)}, "
                    f"which cannot become {getattr(wanted, name)}"
                )
        return known

    def etcd_others(self) -> tuple[str, ...]:
        """The members of etcd that other servers run, as known when this host joined."""
        try:
            return tuple((self.path / "etcd-others").read_text().split())
        except OSError:
            return ()

    def keep_etcd_others(self, members: tuple[str, ...]) -> None:
        """Note where other servers run their members."""
        write_whole(self.path / "etcd-others", "\n".join(members).encode())

    def say_ready(self, place: ServerPlace) -> None:
        """Tell who looks that the server serves."""
        write_whole(self._ready, msgspec.json.encode(place))

    def ready(self) -> ServerPlace | None:
        """Where the server is that runs here, None when none does."""
        try:
            return msgspec.json.decode(self._ready.read_bytes(), type=ServerPlace)
        except (OSError, ValueError):
            return None
