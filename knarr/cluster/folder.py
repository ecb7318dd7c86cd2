"""A cluster's folder: what must be the same at its next start.

<state dir>/<name>/
cluster.json      ports and address ranges, chosen once
shape.json        how many nodes, which runtime and the like: as last told
lock              held by the process that runs the cluster
running.json      what runs: pid, addresses; only while it does
tokens.csv        the administrator's token, and those of --token-auth-file
pki/              certificates and keys
store.db          the objects
nodes/<node>/     one node's pods and volumes
first.snapshot    the objects after the first start, for `knarr reset`
log               what a detached cluster had to say
"""

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, structs
from msgspec.structs import asdict

from knarr.daemon.settings import SettingsError

REST_PORT, GRPC_PORT = 6443, 6444

SHAPE = "shape.json"

MakeSocket = Callable[[int, int], socket.socket]
"""Makes a socket of a family and a kind."""

RANGES = 60
"""So many clusters can have address ranges of their own on one machine."""

NODES_MAX, HOLLOW_NODES_MAX = 256, 8192
"""Nodes whose pods get addresses: a /24 each of the cluster's /16, a /23 each of 100.64.0.0/10."""

DNS_HOST = 10
"""The DNS Service's address is the tenth of the range, as usual."""


class Layout(Struct, frozen=True):
    """What is chosen at a cluster's first start and stays."""

    rest_port: int
    grpc_port: int
    range: int
    """Number of the cluster's address ranges on this machine."""

    def addresses(self, network: str) -> "Addresses":
        """Where pods and Services get addresses: of our own, the first cluster the usual ones.

        Addresses that nobody carries are the usual ones in every cluster.
        """
        if network == "rootless":
            # Balancers answer on the machine, where users may have these addresses.
            balancers = self.addresses("loopback").balancers
            return structs.replace(self.addresses("bridge"), balancers=balancers)
        if network != "loopback":
            if self.range == 0 or network == "none":
                return Addresses("10.244", "10.96.0.0/16", f"10.96.0.{DNS_HOST}", "10.97.0.0/24")
            pods, services = f"10.{128 + self.range}", f"10.{64 + self.range}"
            balancers = f"10.{188 + self.range}.0.0/24"
            return Addresses(pods, f"{services}.0.0/16", f"{services}.0.{DNS_HOST}", balancers)
        services = f"127.{128 + self.range}"
        pods = f"127.{64 + self.range}"
        balancers = f"127.{192 + self.range}.0.0/24"
        return Addresses(pods, f"{services}.0.0/16", f"{services}.0.{DNS_HOST}", balancers)


class Addresses(Struct, frozen=True):
    """Where a cluster's addresses come from."""

    pods: str
    """The first two numbers of every pod's address; each node has a /24 below them."""
    services: str
    dns: str
    """The address of the DNS Service."""
    balancers: str
    """Where Services of type LoadBalancer get addresses."""

    def of_node(self, number: int, *, is_hollow: bool = False) -> str:
        """A node's podCIDR. Nobody sends to a hollow node: there is room for more of them."""
        if is_hollow:
            return f"100.{64 + number // 128}.{number % 128 * 2}.0/23"
        return f"{self.pods}.{number}.0/24"

    @property
    def gateway(self) -> str:
        """The address of the bridge that all pods of the machine are behind, where there is one."""
        return f"{self.pods}.0.1"

    @property
    def kubernetes(self) -> str:
        """The address of the `kubernetes` Service, the first of the range."""
        return self.services.replace(".0/16", ".1")


class Running(Struct, frozen=True):
    """What a running cluster says of itself."""

    pid: int
    server: str
    """URL of the REST API."""
    grpc: str
    """HOST:PORT of the gRPC API."""
    runtime: str
    network: str
    nodes: int
    dns: str = ""
    """HOST:PORT of the name server, once it answers."""
    ready: bool = False
    paused: bool = False


class Folder:
    """One cluster's folder."""

    def __init__(self, path: Path, make_socket: MakeSocket = socket.socket) -> None:
        self.path = path
        self._make_socket = make_socket
        """Makes sockets in the machine's network, where other clusters are."""
        self._lock: int | None = None
        self._range: socket.socket | None = None

    @property
    def pki(self) -> Path:
        """Certificates and keys."""
        return self.path / "pki"

    @property
    def tokens(self) -> Path:
        """The static tokens."""
        return self.path / "tokens.csv"

    @property
    def log(self) -> Path:
        """The log of a detached cluster."""
        return self.path / "log"

    @property
    def first_state(self) -> Path:
        """The objects after the first start."""
        return self.path / "first.snapshot"

    def node(self, name: str) -> Path:
        """One node's folder."""
        return self.path / "nodes" / name

    def nodes(self) -> list[Path]:
        """The folders of the nodes there were."""
        return sorted((self.path / "nodes").glob("*"))

    def take(self) -> None:
        """Make the folder ours alone while we run. Raise SettingsError with the cause."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SettingsError(
                f"cannot write to {self.path}: {error.strerror}; choose another with --state-dir"
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise SettingsError(
                f"another process runs the cluster in {self.path}; see `knarr status`"
            ) from None
        self._lock = descriptor
        (self.path / "running.json").unlink(missing_ok=True)

    def release(self) -> None:
        """Let others run the cluster."""
        (self.path / "running.json").unlink(missing_ok=True)
        if self._range is not None:
            self._range.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def hold_range(self, layout: Layout) -> None:
        """Keep clusters of other state folders from our addresses while we run."""
        self._range = _hold(layout.range, self._make_socket)
        if self._range is None:
            own = layout.addresses("loopback").services
            raise SettingsError(
                f"another cluster on this machine uses the addresses {own} "
                "of this one; stop it first"
            )

    def running(self) -> Running | None:
        """What runs, None when nothing does; remains of a killed process count as nothing."""
        try:
            found = Running(**json.loads((self.path / "running.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return found if self._is_locked() else None

    def say(self, running: Running) -> None:
        """Write down what runs."""
        write(self.path / "running.json", json.dumps(asdict(running)))

    def layout(self, *, rest_port: int | None, grpc_port: int | None, default: bool) -> Layout:
        """The ports and ranges: those of the first start, unless told otherwise now.

        Raise SettingsError when the file is broken.
        """
        path = self.path / "cluster.json"
        if path.exists():
            try:
                known = Layout(**json.loads(path.read_text()))
            except (ValueError, TypeError):
                raise SettingsError(f"{path} is broken; `knarr delete` starts afresh") from None
        else:
            known = Layout(
                REST_PORT if default else self._free_port(),
                GRPC_PORT if default else self._free_port(),
                self._free_range(),
            )
        chosen = Layout(
            known.rest_port if rest_port is None else rest_port or self._free_port(),
            known.grpc_port if grpc_port is None else grpc_port or self._free_port(),
            known.range,
        )
        write(path, json.dumps(asdict(chosen)))
        return chosen

    def admin_token(self, more: str) -> str:
        """The administrator's token; `more` is a file whose tokens count as well."""
        try:
            token = self.tokens.read_text().partition(",")[0]
        except OSError:
            token = secrets.token_urlsafe(32)
        lines = [f'{token},admin,admin,"system:masters"']
        if more:
            try:
                lines.append(Path(more).read_text())
            except OSError as error:
                raise SettingsError(f"--token-auth-file: {more}: {error.strerror}") from None
        write(self.tokens, "\n".join(lines) + "\n")
        return token

    def admin_token_now(self) -> str:
        """The administrator's token of a cluster that runs."""
        return self.tokens.read_text().partition(",")[0]

    def _is_locked(self) -> bool:
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    def check_port(self, address: str, port: int, flag: str) -> None:
        """Raise SettingsError when somebody else listens there."""
        with self._make_socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                raise SettingsError(
                    f"port {port} is not free ({error.strerror}); choose another with --{flag}"
                ) from None

    def _free_port(self) -> int:
        with self._make_socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            return port

    def _free_range(self) -> int:
        taken = set()
        for other in self.path.parent.glob("*/cluster.json"):
            try:
                taken.add(json.loads(other.read_text())["range"])
            except (OSError, ValueError, KeyError):
                continue
        for number in range(RANGES):
            held = _hold(number, self._make_socket) if number not in taken else None
            if held is not None:
                held.close()
                return number
        raise SettingsError(f"{RANGES} clusters are on this machine already; delete one")


def _hold(number: int, make_socket: MakeSocket) -> socket.socket | None:
    """Listen where only the cluster with this range does; None when another one does."""
    held = make_socket(socket.AF_INET, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((f"127.{128 + number}.255.254", REST_PORT))
        held.listen()
    except OSError:
        held.close()
        return None
    return held


def write(path: Path, text: str) -> None:
    """Replace a file that only we read, all of it at once."""
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.rename(path)
