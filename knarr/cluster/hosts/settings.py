"""What must be the same on every host of a cluster, and where hosts find it.

The ConfigMap `knarr-cluster` in kube-system holds it, with one entry more for
each server: `server.NAME`, where that server is.
"""

import json
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from knarr.api.core.config_map import ConfigMap
from knarr.api.keys import Key

CONFIG = Key("kube-system", "knarr-cluster")
SERVER = "server."
SETTINGS = "settings"
AUTHORITIES = "authorities"
"""Whom to believe, PEM: the first signs, others may be on their way in or out."""


class ClusterSettings(Struct, frozen=True, kw_only=True):
    """Chosen when the cluster is made."""

    cluster_cidr: tuple[str, ...] = ("10.244.0.0/16",)
    """Where pods have their addresses."""
    node_cidr_mask_size: int = 24
    service_cidr: str = "10.96.0.0/16"
    dns: str = "10.96.0.10"
    """The address of the Service kube-dns."""
    domain: str = "cluster.local"
    store: str = "sqlite"
    """`sqlite`, `managed` for members of etcd that servers run, or the URL of an etcd."""


class ServerPlace(Struct, frozen=True, kw_only=True):
    """Where one server is."""

    rest: str
    grpc: str
    """HOST:PORT of the gRPC API for those with certificates."""
    etcd: str = ""
    """HOST:PORT of its member of etcd, if it runs one."""
    etcd_peer_port: int = 0
    """Port of the same for other members."""


def settings_in(data: Mapping[str, str]) -> ClusterSettings:
    """The settings that the ConfigMap holds."""
    return msgspec.json.decode(data.get(SETTINGS, "{}"), type=ClusterSettings)


def servers_in(data: Mapping[str, str]) -> dict[str, ServerPlace]:
    """The servers that the ConfigMap knows, by name."""
    return {
        key.removeprefix(SERVER): msgspec.json.decode(value, type=ServerPlace)
        for key, value in sorted(data.items())
        if key.startswith(SERVER)
    }


def servers_of(config: ConfigMap) -> dict[str, ServerPlace]:
    """The servers of a cluster, by name."""
    return servers_in(config.data)


def entry_of(name: str, place: ServerPlace) -> dict[str, str]:
    """One server's entry."""
    return {SERVER + name: json.dumps(msgspec.to_builtins(place))}
