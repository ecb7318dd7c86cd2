"""What a cluster of several hosts has beside what every cluster has: who may join, and where.

The names are those that kubeadm gives such objects, where it has them.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from knarr.api.core.bootstrap_token import GROUP, JOIN_GROUP
from knarr.api.core.config_map import ConfigMap
from knarr.api.errors import AlreadyExistsError, NotFoundError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.api.rbac.cluster_role_binding import ClusterRoleBinding
from knarr.api.rbac.role import Role
from knarr.api.rbac.role_binding import RoleBinding
from knarr.api.rbac.rules import PolicyRule, RoleRef, Subject
from knarr.client.client import Client
from knarr.cluster.hosts.bundle import NAME as KEYS
from knarr.cluster.hosts.settings import (
    AUTHORITIES,
    CONFIG,
    SETTINGS,
    ClusterSettings,
    ServerPlace,
    entry_of,
    servers_in,
)
from knarr.cluster.kubeconfig import GRPC_EXTENSION

RBAC = "rbac.authorization.k8s.io"
NODES = "system:nodes"
SERVER_GROUP = f"{GROUP}:knarr:servers"
"""Who comes with a token for servers may read the locked keys."""

INFO = Key("kube-public", "cluster-info")
_SIGNING = "system:certificates.k8s.io:certificatesigningrequests:"
_READ = ("get", "list", "watch")


async def make_host_objects(
    client: Client, name: str, place: ServerPlace, authority: bytes, settings: ClusterSettings
) -> None:
    """Make what is missing, and note where this server is."""
    for obj in _roles():
        try:
            await client.create(obj)
        except AlreadyExistsError:
            continue
    ours = {SETTINGS: _text(settings), AUTHORITIES: authority.decode()}
    await _put(client, CONFIG, ours | entry_of(name, place))
    known = servers_in((await client.get(ConfigMap, CONFIG)).data).values()
    listed, believed = await _listed(client)
    if listed not in {one.rest for one in known} or believed != authority:
        await _put(client, INFO, {"kubeconfig": _kubeconfig(place, authority)})


async def _listed(client: Client) -> tuple[str, bytes]:
    """The server that hosts are told of, and whom to believe; empty when there is none."""
    try:
        info = await client.get(ConfigMap, INFO)
        cluster = yaml.safe_load(info.data["kubeconfig"])["clusters"][0]["cluster"]
        authority = base64.b64decode(cluster["certificate-authority-data"])
        return str(cluster["server"]), authority
    except (NotFoundError, LookupError, TypeError, ValueError, yaml.YAMLError):
        return "", b""


async def _put(client: Client, key: Key, data: dict[str, str]) -> None:
    """Have these entries in a ConfigMap."""
    metadata = ObjectMeta(name=key.name, namespace=key.namespace)
    try:
        await client.create(ConfigMap(metadata=metadata, data=data))
    except AlreadyExistsError:
        await client.patch(ConfigMap, key, {"data": data})


def _text(settings: ClusterSettings) -> str:
    import msgspec  # noqa: PLC0415

    return json.dumps(msgspec.to_builtins(settings))


def _kubeconfig(place: ServerPlace, authority: bytes) -> str:
    """Where the cluster is and whom to believe; for everybody to read, signed with tokens."""
    cluster: dict[str, Any] = {
        "server": place.rest,
        "certificate-authority-data": base64.b64encode(authority).decode(),
        "extensions": [{"name": GRPC_EXTENSION, "extension": {"address": place.grpc}}],
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "", "cluster": cluster}],
        "contexts": [],
        "current-context": "",
        "users": [],
    }
    return yaml.safe_dump(config, sort_keys=False)


def _roles() -> Iterator[Any]:
    join, nodes = _group(JOIN_GROUP), _group(NODES)
    yield _bound("kubeadm:kubelet-bootstrap", "system:node-bootstrapper", join)
    yield _bound("kubeadm:node-autoapprove-bootstrap", f"{_SIGNING}nodeclient", join)
    yield _bound(
        "kubeadm:node-autoapprove-certificate-rotation", f"{_SIGNING}selfnodeclient", nodes
    )
    yield _bound("kubeadm:cluster-admins", "cluster-admin", _group("kubeadm:cluster-admins"))
    yield _cluster_role("kubeadm:get-nodes", _rule(("get",), "nodes"))
    yield _bound("kubeadm:get-nodes", "kubeadm:get-nodes", join)
    yield _cluster_role(
        "knarr:node-network",
        _rule(_READ, "services", "endpoints", "nodes", "namespaces"),
        _rule(_READ, "endpointslices", group="discovery.k8s.io"),
        _rule(("delete",), "nodes"),
    )
    yield _bound("knarr:node-network", "knarr:node-network", nodes)
    anybody = Subject(kind="User", name="system:anonymous", api_group=RBAC)
    info = _rule(("get",), "configmaps", names=(INFO.name,))
    yield from _in_namespace("kubeadm:bootstrap-signer-clusterinfo", INFO.namespace, info, anybody)
    config = _rule(("get", "list", "watch"), "configmaps", names=(CONFIG.name,))
    yield from _in_namespace("knarr:cluster-settings", CONFIG.namespace, config, nodes)
    keys = _rule(("get",), "secrets", names=(KEYS.name,))
    yield from _in_namespace("knarr:server-keys", KEYS.namespace, keys, _group(SERVER_GROUP))


def _in_namespace(
    name: str, namespace: str, rule: PolicyRule, subject: Subject
) -> Iterator[Role | RoleBinding]:
    metadata = ObjectMeta(name=name, namespace=namespace)
    yield Role(metadata=metadata, rules=(rule,))
    role = RoleRef(api_group=RBAC, kind="Role", name=name)
    yield RoleBinding(metadata=metadata, role_ref=role, subjects=(subject,))


def _cluster_role(name: str, *rules: PolicyRule) -> ClusterRole:
    return ClusterRole(metadata=ObjectMeta(name=name), rules=rules)


def _bound(name: str, role: str, subject: Subject) -> ClusterRoleBinding:
    return ClusterRoleBinding(
        metadata=ObjectMeta(name=name),
        role_ref=RoleRef(api_group=RBAC, kind="ClusterRole", name=role),
        subjects=(subject,),
    )


def _group(name: str) -> Subject:
    return Subject(kind="Group", name=name, api_group=RBAC)


def _rule(
    verbs: Sequence[str], *resources: str, group: str = "", names: Sequence[str] = ()
) -> PolicyRule:
    return PolicyRule(
        verbs=tuple(verbs),
        api_groups=(group,),
        resources=tuple(resources),
        resource_names=tuple(names),
    )
