"""Adds a cluster's context to a kubeconfig, and takes it out again.

The gRPC address stands in an extension of the cluster, where kubectl keeps
what it does not know and the `knarr` command finds it.
"""

import base64
import os
from pathlib import Path
from typing import Any

from knarr.daemon.settings import SettingsError

GRPC_EXTENSION = "knarr.dev/grpc"


def context_name(cluster: str) -> str:
    """Knarr for the cluster of that name, knarr-NAME for others."""
    return cluster if cluster == "knarr" else f"knarr-{cluster}"


def add_context(path: Path, cluster: str, *, server: str, grpc: str, ca: bytes, token: str) -> None:
    """Write the context and make it the current one; everything else in the file stays."""
    _add(path, cluster, server, grpc, ca, {"token": token})


def add_certificate_context(
    path: Path, cluster: str, *, server: str, grpc: str, ca: bytes, certificate: bytes, key: bytes
) -> None:
    """The same for a user with a certificate."""
    user = {
        "client-certificate-data": base64.b64encode(certificate).decode(),
        "client-key-data": base64.b64encode(key).decode(),
    }
    _add(path, cluster, server, grpc, ca, user)


def _add(path: Path, cluster: str, server: str, grpc: str, ca: bytes, user: dict[str, str]) -> None:
    config = _read(path)
    name = context_name(cluster)
    extension = {"name": GRPC_EXTENSION, "extension": {"address": grpc}}
    _put(
        config,
        "clusters",
        name,
        "cluster",
        {
            "server": server,
            "certificate-authority-data": base64.b64encode(ca).decode(),
            "extensions": [extension],
        },
    )
    _put(config, "users", name, "user", user)
    _put(config, "contexts", name, "context", {"cluster": name, "user": name})
    config["current-context"] = name
    _write(path, config)


def remove_context(path: Path, cluster: str) -> None:
    """Take the context out; the current one stays unless it was this."""
    if not path.exists():
        return
    config = _read(path)
    name = context_name(cluster)
    for part in ("clusters", "users", "contexts"):
        config[part] = [one for one in config.get(part) or [] if one.get("name") != name]
    if config.get("current-context") == name:
        config["current-context"] = ""
    _write(path, config)


def _read(path: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415  # Who only starts a cluster does without.

    try:
        config = yaml.safe_load(path.read_text()) if path.exists() else {}
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError(f"--kubeconfig: cannot read {path}: {error}") from None
    if config is not None and not isinstance(config, dict):
        raise SettingsError(f"--kubeconfig: {path} is no kubeconfig")
    return {"apiVersion": "v1", "kind": "Config", "preferences": {}, **(config or {})}


def _put(config: dict[str, Any], part: str, name: str, key: str, value: dict[str, Any]) -> None:
    others = [one for one in config.get(part) or [] if one.get("name") != name]
    config[part] = [*others, {"name": name, key: value}]


def _write(path: Path, config: dict[str, Any]) -> None:
    import yaml  # noqa: PLC0415  # Who only starts a cluster does without.

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(yaml.safe_dump(config, sort_keys=False))
        fresh.rename(path)
    except OSError as error:
        raise SettingsError(f"--kubeconfig: cannot write {path}: {error.strerror}") from None
