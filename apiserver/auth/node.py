"""What a node's kubelet may: its own objects, and what its pods need."""

from collections.abc import Callable, Iterable
from typing import Any

from apiserver.admission.node_restriction import node_of
from apiserver.auth.attributes import Attributes, Decision
from apiserver.auth.rules import allows
from knarr.api.core.pod import Pod
from knarr.api.rbac.rules import PolicyRule

LEASES_NAMESPACE = "kube-node-lease"

_OWN_VERBS = frozenset({"create", "delete", "get", "patch", "update"})

PodsOf = Callable[[str], Iterable[Pod]]
"""The pods bound to a node."""


class NodeAuthorizer:
    """Allows a kubelet what the role `system:node` says, narrowed to what concerns its node."""

    def __init__(self, rules: Iterable[PolicyRule], pods_of: PodsOf) -> None:
        self._rules = tuple(rules)
        self._pods_of = pods_of
        self._narrow = {
            ("", "nodes"): self._nodes,
            ("", "pods"): self._pods,
            ("", "secrets"): self._referenced,
            ("", "configmaps"): self._referenced,
            ("", "persistentvolumeclaims"): self._referenced,
            ("", "serviceaccounts"): self._token,
            ("coordination.k8s.io", "leases"): self._lease,
            ("storage.k8s.io", "csinodes"): self._csi_node,
        }

    def decide(self, asked: Attributes) -> Decision:
        """Allow what concerns the node; for all else other authorizers may speak."""
        node = node_of(asked.user.name, asked.user.groups)
        if not node:
            return Decision("none")
        narrow = self._narrow.get((asked.group, asked.resource)) if asked.is_resource else None
        if narrow is not None:
            decision = narrow(node, asked)
            if decision is not None:
                return decision
        if any(allows(rule, asked) for rule in self._rules):
            return Decision("allow")
        return Decision("none")

    def _nodes(self, node: str, asked: Attributes) -> Decision | None:
        if asked.subresource or asked.verb not in ("get", "list", "watch"):
            return None
        if asked.name == node:
            return None
        return Decision("none", f"node '{node}' cannot read all nodes, only its own Node object")

    def _lease(self, node: str, asked: Attributes) -> Decision | None:
        if asked.verb not in _OWN_VERBS:
            return Decision("none", "can only get, create, update, patch, or delete a node lease")
        if asked.namespace != LEASES_NAMESPACE:
            where = f'can only access leases in the "{LEASES_NAMESPACE}" system namespace'
            return Decision("none", where)
        if asked.verb != "create" and asked.name != node:
            whose = "can only access node lease with the same name as the requesting node"
            return Decision("none", whose)
        return None

    def _csi_node(self, node: str, asked: Attributes) -> Decision | None:
        if asked.subresource:
            return Decision("none", "cannot authorize CSINode subresources")
        if asked.verb not in _OWN_VERBS:
            return Decision("none", "can only get, create, update, patch, or delete a CSINode")
        if asked.verb != "create" and asked.name != node:
            whose = "can only access CSINode with the same name as the requesting node"
            return Decision("none", whose)
        return None

    def _referenced(self, node: str, asked: Attributes) -> Decision | None:
        if asked.resource == "persistentvolumeclaims" and asked.subresource == "status":
            return None
        if asked.verb not in ("get", "list", "watch"):
            return Decision("none", "can only read resources of this type")
        return self._needs(node, asked, asked.resource)

    def _token(self, node: str, asked: Attributes) -> Decision | None:
        if asked.subresource != "token":
            return Decision("none")
        if asked.verb != "create":
            return Decision("none", "can only create tokens for individual service accounts")
        return self._needs(node, asked, "serviceaccounts")

    def _pods(self, node: str, asked: Attributes) -> Decision | None:
        if asked.verb != "get" or asked.subresource or not asked.name:
            return None
        if any(
            pod.metadata.name == asked.name and pod.metadata.namespace == asked.namespace
            for pod in self._pods_of(node)
        ):
            return None
        return _unrelated(node)

    def _needs(self, node: str, asked: Attributes, resource: str) -> Decision | None:
        if not asked.name:
            return Decision("none", "No Object name found")
        for pod in self._pods_of(node):
            if pod.metadata.namespace == asked.namespace and asked.name in _names(pod, resource):
                return None
        return _unrelated(node)


def _unrelated(node: str) -> Decision:
    return Decision("none", f"no relationship found between node '{node}' and this object")


def _names(pod: Pod, resource: str) -> set[str]:
    """The names of what a pod refers to, of one resource."""
    spec = pod.spec
    if resource == "serviceaccounts":
        return {spec.service_account_name}
    if resource == "persistentvolumeclaims":
        return {
            volume.persistent_volume_claim.claim_name
            if volume.persistent_volume_claim is not None
            else f"{pod.metadata.name}-{volume.name}"
            for volume in spec.volumes
            if volume.persistent_volume_claim is not None or volume.ephemeral is not None
        }
    return set(_in_env(pod, resource)) | set(_in_volumes(pod, resource))


def _in_env(pod: Pod, resource: str) -> Iterable[str]:
    spec = pod.spec
    for container in (*spec.init_containers, *spec.containers):
        for source in container.env_from:
            yield _name(source.secret_ref if resource == "secrets" else source.config_map_ref)
        for env in container.env:
            if env.value_from is not None:
                found = env.value_from
                yield _name(
                    found.secret_key_ref if resource == "secrets" else found.config_map_key_ref
                )
    if resource == "secrets":
        yield from (secret.name for secret in spec.image_pull_secrets)


def _in_volumes(pod: Pod, resource: str) -> Iterable[str]:
    for volume in pod.spec.volumes:
        if resource == "secrets" and volume.secret is not None:
            yield volume.secret.secret_name
        if resource == "configmaps":
            yield _name(volume.config_map)
        for source in volume.projected.sources if volume.projected is not None else ():
            yield _name(source.secret if resource == "secrets" else source.config_map)


def _name(reference: Any) -> str:
    return str(reference.name) if reference is not None else ""
