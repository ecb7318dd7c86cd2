"""The kubeconfig, read as kubectl reads it: several files merged, flags above all.

The gRPC addresses of a cluster, `HOST:PORT[,HOST:PORT…]`, stand in its extension
`knarr.dev/grpc`; `knarr up` writes it there.
"""

import base64
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from knarr.cli.failures import CliError, PlainError

Json = dict[str, Any]

GRPC_EXTENSION = "knarr.dev/grpc"


class Overrides(Struct, frozen=True, kw_only=True):
    """What flags say instead of the files."""

    kubeconfig: str = ""
    context: str = ""
    cluster: str = ""
    user: str = ""
    namespace: str = ""
    server: str = ""
    token: str = ""
    authority: str = ""
    certificate: str = ""
    key: str = ""
    server_name: str = ""


class Config(Struct):
    """The merged files."""

    paths: list[Path]
    clusters: dict[str, Json] = field(default_factory=dict)
    users: dict[str, Json] = field(default_factory=dict)
    contexts: dict[str, Json] = field(default_factory=dict)
    current: str = ""
    folders: dict[str, Path] = field(default_factory=dict)
    """Where the file lies that a user or cluster came from: paths in it are relative to that."""


def config_paths(kubeconfig: str, environment: Mapping[str, str]) -> list[Path]:
    """The files that are read, the first one wins."""
    if kubeconfig:
        return [Path(kubeconfig)]
    listed = [one for one in environment.get("KUBECONFIG", "").split(os.pathsep) if one]
    if listed:
        return [Path(one) for one in dict.fromkeys(listed)]
    return [Path(environment.get("HOME", "/root")) / ".kube" / "config"]


def read_config(paths: Sequence[Path], *, is_required: bool = False) -> Config:
    """Read and merge; a file that is not there counts as empty unless it is required."""
    config = Config(list(paths))
    for path in paths:
        document = _document(path, is_required=is_required)
        for part, key, into in (
            ("clusters", "cluster", config.clusters),
            ("users", "user", config.users),
            ("contexts", "context", config.contexts),
        ):
            for one in document.get(part) or []:
                name = one.get("name", "")
                into.setdefault(name, one.get(key) or {})
                config.folders.setdefault(f"{key}/{name}", path.parent)
        config.current = config.current or document.get("current-context") or ""
    return config


def _document(path: Path, *, is_required: bool) -> Json:
    try:
        text = path.read_text()
    except FileNotFoundError:
        if is_required:
            raise CliError(f"stat {path}: no such file or directory") from None
        return {}
    except OSError as error:
        raise CliError(f"cannot read {path}: {error.strerror}") from None
    from knarr.cli.yaml_reader import YamlTextError, read_yaml  # noqa: PLC0415

    try:
        document = next(iter(read_yaml(text)), None)
    except YamlTextError as error:
        raise CliError(f'error loading config file "{path}": {error}') from None
    return document if isinstance(document, dict) else {}


class Target(Struct, frozen=True, kw_only=True):
    """The cluster, the user and the namespace that a command is about."""

    cluster: str
    context: str
    user: str
    namespace: str
    is_namespace_given: bool
    server: str
    """The address of the REST API."""
    grpc: str
    """The addresses of the gRPC API, separated by commas."""
    authority: bytes
    certificate: bytes
    key: bytes
    token: str
    server_name: str
    insecure: bool
    """Whether the server's certificate may be anybody's."""


def target_of(config: Config, overrides: Overrides) -> Target:
    """What the files and flags together mean. Raise CliError."""
    name = overrides.context or config.current
    if name and name not in config.contexts and (overrides.context or not overrides.server):
        raise PlainError(f'error: context "{name}" does not exist')
    context = config.contexts.get(name, {})
    cluster_name = overrides.cluster or context.get("cluster", "")
    if overrides.cluster and cluster_name not in config.clusters:
        raise PlainError(f'error: cluster "{cluster_name}" does not exist')
    cluster = config.clusters.get(cluster_name, {})
    user_name = overrides.user or context.get("user", "")
    user = config.users.get(user_name, {})
    server, grpc = _addresses(cluster, overrides.server)
    here = config.folders
    cluster_folder = here.get(f"cluster/{cluster_name}", Path())
    user_folder = here.get(f"user/{user_name}", Path())
    authority = overrides.authority or _data(cluster, "certificate-authority")
    certificate = overrides.certificate or _data(user, "client-certificate")
    key = overrides.key or _data(user, "client-key")
    return Target(
        cluster=cluster_name,
        context=name,
        user=user_name,
        namespace=overrides.namespace or context.get("namespace", "") or "default",
        is_namespace_given=bool(overrides.namespace),
        server=server,
        grpc=grpc,
        authority=_bytes(authority, cluster_folder),
        certificate=_bytes(certificate, user_folder),
        key=_bytes(key, user_folder),
        token=overrides.token or _token(user, user_folder),
        server_name=overrides.server_name or cluster.get("tls-server-name", ""),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
    )


def _addresses(cluster: Json, server: str) -> tuple[str, str]:
    grpc = ""
    for one in cluster.get("extensions") or []:
        if one.get("name") == GRPC_EXTENSION:
            grpc = str((one.get("extension") or {}).get("address", ""))
    if server.startswith("grpc://"):
        # Each may have the scheme or the first for all.
        return str(cluster.get("server", "")), server.replace("grpc://", "")
    return server or str(cluster.get("server", "")), grpc


def _data(part: Json, name: str) -> str | bytes:
    """What a field holds itself, or the path of the file that holds it."""
    encoded = part.get(f"{name}-data")
    if encoded:
        return base64.b64decode(encoded)
    return str(part.get(name, "") or "")


def _bytes(found: str | bytes, folder: Path) -> bytes:
    if isinstance(found, bytes):
        return found
    if not found:
        return b""
    try:
        return (folder / found).read_bytes()
    except OSError as error:
        raise CliError(f"unable to read {found}: {error.strerror}") from None


def _token(user: Json, folder: Path) -> str:
    if user.get("token"):
        return str(user["token"])
    if user.get("tokenFile"):
        return _bytes(str(user["tokenFile"]), folder).decode().strip()
    if user.get("exec"):
        return _token_of_program(user["exec"])
    return ""


def _token_of_program(spec: Json) -> str:
    """Ask the program that a kubeconfig names for a token."""
    import json  # noqa: PLC0415
    import subprocess  # noqa: PLC0415

    command = [spec.get("command", ""), *(spec.get("args") or [])]
    more = {one["name"]: one["value"] for one in spec.get("env") or []}
    about = {"apiVersion": spec.get("apiVersion", ""), "kind": "ExecCredential", "spec": {}}
    environment = {**os.environ, **more, "KUBERNETES_EXEC_INFO": json.dumps(about)}
    try:
        answer = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, check=True, text=True
        ).stdout
        return str(json.loads(answer)["status"]["token"])
    except (OSError, subprocess.CalledProcessError, ValueError, KeyError) as error:
        raise CliError(f"getting credentials: exec: {command[0]}: {error}") from None
