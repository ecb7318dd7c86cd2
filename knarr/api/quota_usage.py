"""What an object counts as against a ResourceQuota, and which quotas it concerns."""

from collections.abc import Mapping
from typing import Any

from knarr.api import pod_resources, quantities
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod
from knarr.api.core.resource_quota import ResourceQuotaSpec
from knarr.api.core.service import Service
from knarr.api.quality_of_service import qos_class
from knarr.api.scalars import Quantity

Usage = dict[str, Quantity]

_COUNTED_BY_NAME = frozenset(
    {"configmaps", "replicationcontrollers", "resourcequotas", "secrets", "services"}
)
"""Kinds of core/v1 that a quota may name without `count/`."""

_STORAGE_CLASS = ".storageclass.storage.k8s.io/"
_BARE = frozenset({"cpu", "memory", "ephemeral-storage"})
_ONE = Quantity("1")


def usage(resource: str, obj: Any) -> Usage:
    """What one object of a resource (`pods`, `deployments.apps`) uses up."""
    used: Usage = {f"count/{resource}": _ONE}
    if isinstance(obj, Pod):
        return _pod(obj)
    if isinstance(obj, Service):
        used.update(_service(obj))
    elif isinstance(obj, PersistentVolumeClaim):
        used.update(_claim(obj))
    if resource in _COUNTED_BY_NAME:
        used[resource] = _ONE
    return used


def _pod(pod: Pod) -> Usage:
    used: Usage = {"count/pods": _ONE}
    if pod.status.phase in ("Succeeded", "Failed"):
        return used
    used["pods"] = _ONE
    for name, amount in pod_resources.total(pod.spec, "requests").items():
        used[f"requests.{name}"] = amount
        if name in _BARE:
            used[name] = amount
    for name, amount in pod_resources.total(pod.spec, "limits").items():
        used[f"limits.{name}"] = amount
    return used


def _service(service: Service) -> Usage:
    spec = service.spec
    balanced = spec.type == "LoadBalancer"
    ports = len(spec.ports) if spec.type == "NodePort" or balanced else 0
    if balanced and spec.allocate_load_balancer_node_ports is False:
        ports = sum(1 for port in spec.ports if port.node_port)
    return {
        "services.nodeports": quantities.from_value(ports),
        "services.loadbalancers": quantities.from_value(int(balanced)),
    }


def _claim(claim: PersistentVolumeClaim) -> Usage:
    used: Usage = {"persistentvolumeclaims": _ONE}
    resources = claim.spec.resources
    storage = resources.requests.get("storage") if resources is not None else None
    name = claim.spec.storage_class_name
    if name:
        used[f"{name}{_STORAGE_CLASS}persistentvolumeclaims"] = _ONE
    if storage is not None:
        used["requests.storage"] = storage
        if name:
            used[f"{name}{_STORAGE_CLASS}requests.storage"] = storage
    return used


def concerns(spec: ResourceQuotaSpec, obj: Any) -> bool:
    """Whether a quota's scopes take in an object."""
    wanted: list[tuple[str, str, tuple[str, ...]]] = [
        (scope, "Exists", ()) for scope in spec.scopes
    ]
    if spec.scope_selector is not None:
        wanted += [
            (each.scope_name, each.operator, each.values)
            for each in spec.scope_selector.match_expressions
        ]
    if not wanted:
        return True
    if not isinstance(obj, Pod):
        return False
    return all(_in_scope(obj, scope, operator, values) for scope, operator, values in wanted)


def _in_scope(pod: Pod, scope: str, operator: str, values: tuple[str, ...]) -> bool:
    spec = pod.spec
    match scope:
        case "Terminating":
            return spec.active_deadline_seconds is not None
        case "NotTerminating":
            return spec.active_deadline_seconds is None
        case "BestEffort":
            return qos_class(pod) == "BestEffort"
        case "NotBestEffort":
            return qos_class(pod) != "BestEffort"
        case "PriorityClass":
            return _priority_matches(spec.priority_class_name, operator, values)
    return False


def _priority_matches(name: str, operator: str, values: tuple[str, ...]) -> bool:
    match operator:
        case "In":
            return name in values
        case "NotIn":
            return name not in values
        case "DoesNotExist":
            return not name
    return bool(name)


def missing_amounts(hard: Mapping[str, Quantity], pod: Pod) -> dict[str, list[str]]:
    """Amounts a quota limits that containers do not state, with the containers' names."""
    missing: dict[str, list[str]] = {}
    for name in sorted(hard):
        which, _, resource = name.rpartition(".")
        if name in ("cpu", "memory"):
            which, resource = "requests", name
        if resource not in ("cpu", "memory") or which not in ("requests", "limits"):
            continue
        for container in (*pod.spec.containers, *pod.spec.init_containers):
            amounts = getattr(container.resources, which, {})
            if resource not in amounts:
                missing.setdefault(name, []).append(container.name)
    return missing
