"""What `knarr up` may be told."""

import os
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from knarr.api import names
from knarr.cluster.folder import HOLLOW_NODES_MAX, NODES_MAX, SHAPE, Folder, Layout, write
from knarr.daemon.settings import Flags, SettingsError

RuntimeName = Literal["auto", "docker", "process", "hollow"]
LogLevel = Literal["debug", "info", "warning", "error"]
NetworkName = Literal["auto", "bridge", "loopback", "rootless"]


class UpOptions(Struct, frozen=True, kw_only=True):
    """One cluster on this machine."""

    name: str = "knarr"
    nodes: int = 1
    runtime: RuntimeName = "auto"
    network: NetworkName = "auto"
    why_network: str = ""
    """Why it is this network, where that was found out."""
    store: str = "sqlite"
    state_dir: Path
    """The folder of all clusters; each has one of its own in it."""
    kubeconfig: Path
    rest_port: int | None = None
    grpc_port: int | None = None
    token_auth_file: str = ""
    storage_classes: tuple[str, ...] = ()
    separate: bool = False
    detach: bool = False
    log_level: LogLevel = "info"

    @property
    def folder(self) -> Path:
        """The cluster's own folder."""
        return self.state_dir / self.name


def state_home(environment: dict[str, str]) -> Path:
    """Where clusters are kept unless --state-dir says otherwise."""
    home = environment.get("XDG_STATE_HOME") or f"{environment.get('HOME', '/root')}/.local/state"
    return Path(home) / "knarr"


def folder_of(state_dir: str, name: str) -> Folder:
    """The folder of a cluster that flags name."""
    return Folder((Path(state_dir) if state_dir else state_home(dict(os.environ))) / name)


def add_name_flags(flags: Flags) -> None:
    """The flags that say which cluster is meant."""
    flags.flag("name", default="knarr", help="name of the cluster")
    flags.flag("state-dir", default="", help="folder in which clusters are kept")


def up_flags() -> Flags:
    """The flags of `knarr up`."""
    flags = Flags("knarr up", "Start a cluster on this machine, or say that it runs.")
    add_name_flags(flags)
    flags.flag("nodes", default=1, help="how many nodes it has")
    flags.flag(
        "runtime",
        choices=("auto", "docker", "process", "hollow"),
        default="auto",
        help="what runs the containers",
    )
    flags.flag(
        "network",
        choices=("auto", "bridge", "loopback", "rootless"),
        default="auto",
        help="how pods get addresses: Docker's bridge, 127.0.0.0/8, or a network without root",
    )
    flags.flag("store", default="sqlite", help="sqlite, memory, or etcd://HOST:PORT[,…]")
    flags.flag("kubeconfig", default="", help="file that gets the context of the cluster")
    flags.flag("rest-port", type=int, default=None, help="port of the REST API", metavar="PORT")
    flags.flag("grpc-port", type=int, default=None, help="port of the gRPC API", metavar="PORT")
    flags.flag("token-auth-file", default="", help="more static tokens: token,user,uid,groups")
    none: tuple[str, ...] = ()
    flags.flag(
        "storage-classes", default=none, help="classes beside `standard` that get volumes too"
    )
    flags.flag("separate", default=False, help="run each part as a process of its own")
    flags.flag("detach", default=False, help="return when the cluster is ready")
    flags.flag("log-level", choices=("debug", "info", "warning", "error"), default="info")
    return flags


class Shape(Struct, frozen=True):
    """What a cluster is like from one start to the next, unless told otherwise."""

    nodes: int
    runtime: RuntimeName
    network: NetworkName
    store: str
    separate: bool
    storage_classes: tuple[str, ...]


def up_options(arguments: Sequence[str], environment: dict[str, str]) -> UpOptions:
    """The options of `knarr up`: where nothing is said, those of the cluster's last start.

    Raise SettingsError.
    """
    flags = up_flags()
    found = flags.read(arguments, environment)
    with suppress(OSError, msgspec.MsgspecError):
        text = (options_of(found, environment).folder / SHAPE).read_bytes()
        flags.set_defaults(**asdict(msgspec.json.decode(text, type=Shape)))
    return options_of(flags.read(arguments, environment), environment)


def remember(options: UpOptions) -> None:
    """Keep for the next start what the cluster is like."""
    shape = Shape(**{name: getattr(options, name) for name in Shape.__struct_fields__})
    write(options.folder / SHAPE, msgspec.json.encode(shape).decode())


def layout_of(options: UpOptions, folder: Folder, address: str) -> Layout:
    """The ports at this address and the ranges, held while we run. Raise SettingsError."""
    layout = folder.layout(
        rest_port=options.rest_port, grpc_port=options.grpc_port, default=options.name == "knarr"
    )
    folder.hold_range(layout)
    folder.check_port(address, layout.rest_port, "rest-port")
    folder.check_port(address, layout.grpc_port, "grpc-port")
    remember(options)
    return layout


def options_of(found: Namespace, environment: dict[str, str]) -> UpOptions:
    """The options that flags say. Raise SettingsError."""
    if not found.name or not found.name.replace("-", "").isalnum() or found.name.startswith("-"):
        raise SettingsError(f"--name: {found.name!r} may have letters, digits and dashes only")
    if found.nodes > 0 and names.dns_label(found.name):
        told = "nodes are named after the cluster, in small letters, digits and dashes between"
        raise SettingsError(f"--name: {found.name!r} is no name for a node: {told}")
    most = HOLLOW_NODES_MAX if found.runtime == "hollow" else NODES_MAX
    if not 0 <= found.nodes <= most:
        raise SettingsError(f"--nodes: {found.nodes} is not between 0 and {most}")
    kubeconfig = found.kubeconfig or environment.get("KUBECONFIG", "").split(":")[0]
    home = environment.get("HOME", "/root")
    return UpOptions(
        name=found.name,
        nodes=found.nodes,
        runtime=found.runtime,
        network=found.network,
        store=found.store,
        state_dir=Path(found.state_dir) if found.state_dir else state_home(environment),
        kubeconfig=Path(kubeconfig or f"{home}/.kube/config"),
        rest_port=found.rest_port,
        grpc_port=found.grpc_port,
        token_auth_file=found.token_auth_file,
        storage_classes=found.storage_classes,
        separate=found.separate,
        detach=found.detach,
        log_level=found.log_level,
    )
