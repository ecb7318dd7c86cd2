"""Keeps a kubelet to its own node, the pods on it and what those need."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from msgspec.structs import replace

from apiserver.admission.admission import Admission, Attributes, Interest, Operation, View
from apiserver.admission.refusal import refusal
from knarr.api.core.container import Container
from knarr.api.core.node import Node, NodeSpec
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaimStatus
from knarr.api.core.pod import Pod
from knarr.api.core.volume import Volume
from knarr.api.errors import ForbiddenError, NotFoundError
from knarr.api.meta.status import StatusDetails

NODES_GROUP = "system:nodes"
NODE_USER = "system:node:"
LEASES_NAMESPACE = "kube-node-lease"

_MIRROR = "kubernetes.io/config.mirror"
_RESTRICTED = "node-restriction.kubernetes.io"
_OWN_DOMAINS = ("kubelet.kubernetes.io", "node.kubernetes.io")
_OWN_LABELS = frozenset(
    {
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "kubernetes.io/arch",
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    }
)
"""Labels of Kubernetes' domains that a kubelet knows best."""


def node_of(user_name: str, groups: Iterable[str]) -> str:
    """The node that a user is, empty when it is none."""
    if user_name.startswith(NODE_USER) and NODES_GROUP in groups:
        return user_name.removeprefix(NODE_USER)
    return ""


class NodeRestriction(Admission):
    """Refuses what a kubelet writes about others than itself."""

    operations: ClassVar[frozenset[Operation]] = frozenset({"CREATE", "UPDATE", "DELETE"})
    interests: ClassVar[frozenset[Interest]] = frozenset(
        {
            ("", "nodes"),
            ("", "persistentvolumeclaims"),
            ("", "pods"),
            ("", "serviceaccounts"),
            ("coordination.k8s.io", "leases"),
            ("resource.k8s.io", "resourceslices"),
            ("storage.k8s.io", "csinodes"),
        }
    )
    subresources: ClassVar[frozenset[str]] = frozenset({"*"})

    async def validate(self, attributes: Attributes, view: View) -> None:
        """Raise ForbiddenError for what is not the node's."""
        node = node_of(attributes.user, attributes.groups)
        if not node:
            return
        why = await _RULES[attributes.kind.plural](node, attributes, view)
        if why:
            raise refusal(attributes, why)


async def _pods(node: str, attributes: Attributes, view: View) -> str:
    match attributes.subresource:
        case "":
            return await _pod(node, attributes, view)
        case "status":
            return _pod_status(node, attributes)
        case "eviction":
            pod = await _live_pod(view, attributes.namespace, attributes.name)
            own = pod.spec.node_name == node
            return (
                "" if own else f"node {node} can only evict pods with spec.nodeName set to itself"
            )
    return (
        f'unexpected pod subresource "{attributes.subresource}", '
        "only 'status' and 'eviction' are allowed"
    )


async def _pod(node: str, attributes: Attributes, view: View) -> str:
    if attributes.operation == "CREATE":
        return await _new_pod(node, attributes.object, view)
    if attributes.operation == "DELETE":
        if attributes.old.spec.node_name == node:
            return ""
        return f'node "{node}" can only delete pods with spec.nodeName set to itself'
    return (
        f'unexpected operation "{attributes.operation}", '
        f'node "{node}" can only create and delete mirror pods'
    )


async def _new_pod(node: str, pod: Pod, view: View) -> str:
    who = f'node "{node}"'
    if _MIRROR not in pod.metadata.annotations:
        return f'pod does not have "{_MIRROR}" annotation, {who} can only create mirror pods'
    if pod.spec.node_name != node:
        return f"{who} can only create pods with spec.nodeName set to itself"
    why = await _wrong_owner(node, pod, view)
    if why:
        return why
    reference = next(iter(_references(pod)), "")
    return f"{who} can not create pods that reference {reference}" if reference else ""


async def _wrong_owner(node: str, pod: Pod, view: View) -> str:
    who, owners = f'node "{node}"', pod.metadata.owner_references
    if len(owners) > 1:
        return f"{who} can only create pods with a single owner reference set to itself"
    owner = owners[0] if owners else None
    if owner is None or (owner.api_version, owner.kind, owner.name) != ("v1", "Node", node):
        return f"{who} can only create pods with an owner reference set to itself"
    if not owner.controller:
        return f"{who} can only create pods with a controller owner reference set to itself"
    if owner.block_owner_deletion:
        return f"{who} must not set blockOwnerDeletion on an owner reference"
    found: Node | None = await view.get_live(Node, "", node)
    if found is None:
        raise _not_found("nodes", node)
    if owner.uid != found.metadata.uid:
        return f"node {node} UID mismatch: expected {owner.uid} got {found.metadata.uid}"
    return ""


def _references(pod: Pod) -> Iterable[str]:
    """What a mirror pod refers to that only the API knows."""
    spec = pod.spec
    if spec.service_account_name:
        yield "a service account"
    if spec.image_pull_secrets:
        yield "secrets"
    for volume in spec.volumes:
        yield from _of_volume(volume)
    for container in (*spec.init_containers, *spec.containers):
        yield from _of_container(container)
    if spec.resource_claims:
        yield "resourceclaims"


def _of_volume(volume: Volume) -> Iterable[str]:
    sources = volume.projected.sources if volume.projected is not None else ()
    if volume.secret is not None or any(each.secret is not None for each in sources):
        yield "secrets"
    if volume.config_map is not None or any(each.config_map is not None for each in sources):
        yield "configmaps"
    if volume.persistent_volume_claim is not None or volume.ephemeral is not None:
        yield "persistentvolumeclaims"


def _of_container(container: Container) -> Iterable[str]:
    wanted = [each.value_from for each in container.env if each.value_from is not None]
    whole = container.env_from
    if any(each.secret_ref for each in whole) or any(each.secret_key_ref for each in wanted):
        yield "secrets"
    if any(each.config_map_ref for each in whole) or any(
        each.config_map_key_ref for each in wanted
    ):
        yield "configmaps"


def _pod_status(node: str, attributes: Attributes) -> str:
    if attributes.operation != "UPDATE":
        return f'unexpected operation "{attributes.operation}"'
    who, old, new = f'node "{node}"', attributes.old, attributes.object
    if old.spec.node_name != node:
        return f"{who} can only update pod status for pods with spec.nodeName set to itself"
    if old.metadata.labels != new.metadata.labels:
        return f"{who} cannot update labels through pod status"
    if old.status.resource_claim_statuses != new.status.resource_claim_statuses:
        return f"{who} cannot update resource claim statuses"
    return ""


async def _nodes(node: str, attributes: Attributes, view: View) -> str:
    who, old, new = f'node "{node}"', attributes.old, attributes.object
    if attributes.operation == "CREATE":
        forbidden = _forbidden_labels(new.metadata.labels, {})
        if forbidden:
            return f"{who} is not allowed to set the following labels: {forbidden}"
    elif attributes.operation == "UPDATE":
        # Whoever may change what is taken and by whom may draw others' pods to itself.
        forbidden = _forbidden_labels(new.metadata.labels, old.metadata.labels)
        if forbidden:
            return f"{who} is not allowed to modify labels: {forbidden}"
        if _taints(new) != _taints(old):
            return f"{who} is not allowed to modify taints"
        if new.metadata.owner_references != old.metadata.owner_references:
            return f"{who} is not allowed to modify ownerReferences"
    if attributes.name != node:
        return f'{who} is not allowed to modify node "{attributes.name}"'
    return ""


def _taints(node: Node) -> Sequence[Any]:
    return (node.spec or NodeSpec()).taints


def _forbidden_labels(new: Mapping[str, str], old: Mapping[str, str]) -> str:
    changed = [key for key in {**new, **old} if new.get(key) != old.get(key)]
    return ", ".join(sorted(key for key in changed if _is_forbidden(key)))


def _is_forbidden(label: str) -> bool:
    domain, slash, _ = label.partition("/")
    if not slash:
        return False
    if _below(domain, _RESTRICTED):
        return True
    if not (_below(domain, "kubernetes.io") or _below(domain, "k8s.io")):
        return False
    return label not in _OWN_LABELS and not any(_below(domain, own) for own in _OWN_DOMAINS)


def _below(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}")


async def _claims(node: str, attributes: Attributes, view: View) -> str:
    if attributes.subresource != "status":
        return "may only update PVC status"
    if attributes.operation != "UPDATE":
        return f'unexpected operation "{attributes.operation}"'
    if _without_size(attributes.old) == _without_size(attributes.object):
        return ""
    return (
        f'node "{node}" is not allowed to update fields other than status.quantity and '
        "status.conditions"
    )


def _without_size(claim: Any) -> Any:
    status: PersistentVolumeClaimStatus = claim.status
    status = replace(status, capacity={}, conditions=(), allocated_resource_statuses={})
    meta = replace(claim.metadata, managed_fields=(), resource_version="")
    return replace(claim, status=status, metadata=meta)


async def _tokens(node: str, attributes: Attributes, view: View) -> str:
    if attributes.operation != "CREATE" or attributes.subresource != "token":
        return ""
    ref = attributes.object.spec.bound_object_ref
    if ref is None or (ref.api_version, ref.kind) != ("v1", "Pod") or not ref.name:
        return "node requested token not bound to a pod"
    if not ref.uid:
        return "node requested token with a pod binding without a uid"
    pod = await _live_pod(view, attributes.namespace, ref.name)
    if ref.uid != pod.metadata.uid:
        return (
            f"the UID in the bound object reference ({ref.uid}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
    if pod.spec.node_name != node:
        return "node requested token bound to a pod scheduled on a different node"
    wanted = set(attributes.object.spec.audiences) or {""}
    missing = sorted(wanted - _audiences(pod) - {""})
    if missing:
        return (
            f'audience "{missing[0]}" not found in pod spec volume, {attributes.user} is not '
            "authorized to request tokens for this audience"
        )
    return ""


def _audiences(pod: Pod) -> set[str]:
    """For whom a pod's volumes ask for tokens."""
    return {
        source.service_account_token.audience
        for volume in pod.spec.volumes
        if volume.projected is not None
        for source in volume.projected.sources
        if source.service_account_token is not None
    }


async def _leases(node: str, attributes: Attributes, view: View) -> str:
    if attributes.namespace != LEASES_NAMESPACE:
        return f'can only access leases in the "{LEASES_NAMESPACE}" system namespace'
    if attributes.name != node:
        return "can only access node lease with the same name as the requesting node"
    return ""


async def _csi_nodes(node: str, attributes: Attributes, view: View) -> str:
    if attributes.name != node:
        return "can only access CSINode with the same name as the requesting node"
    return ""


async def _slices(node: str, attributes: Attributes, view: View) -> str:
    made = attributes.operation == "CREATE"
    found = attributes.object if made else attributes.old
    if found.spec.node_name == node:
        return ""
    verb = {"CREATE": "create", "UPDATE": "update"}.get(attributes.operation, "delete")
    return f"can only {verb} ResourceSlice with the same NodeName as the requesting node"


async def _live_pod(view: View, namespace: str, name: str) -> Pod:
    pod: Pod | None = await view.get_live(Pod, namespace, name)
    if pod is None:
        raise _not_found("pods", name)
    return pod


def _not_found(plural: str, name: str) -> NotFoundError | ForbiddenError:
    return NotFoundError(
        f'{plural} "{name}" not found', details=StatusDetails(name=name, kind=plural)
    )


_RULES: Mapping[str, Callable[[str, Attributes, View], Any]] = {
    "csinodes": _csi_nodes,
    "leases": _leases,
    "nodes": _nodes,
    "persistentvolumeclaims": _claims,
    "pods": _pods,
    "resourceslices": _slices,
    "serviceaccounts": _tokens,
}
