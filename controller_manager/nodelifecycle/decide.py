"""What is to be said of a node, given when it was last heard of."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from knarr.api import conditions
from knarr.api.core.node import Node, NodeCondition
from knarr.api.core.pod import Pod
from knarr.api.core.scheduling import Taint
from knarr.api.plan import Notice, Patch, Plan
from knarr.api.pods import is_ready
from knarr.api.times import to_time

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"

STARTUP_GRACE_S = 60.0
"""A node that never said anything is given longer: it is just starting."""

_WATCHED_CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")

_TAINT_OF_CONDITION = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
}
_OURS = {*_TAINT_OF_CONDITION.values(), UNSCHEDULABLE}

_OLD_LABELS = {
    "kubernetes.io/os": "beta.kubernetes.io/os",
    "kubernetes.io/arch": "beta.kubernetes.io/arch",
}
"""Labels that old manifests still select nodes by, beside their present names."""

_TTL = "node.alpha.kubernetes.io/ttl"
"""The annotation that tells kubelets for how long to keep what they read: watches need no time."""


def decide(
    node: Node,
    pods: Iterable[Pod],
    *,
    heard_at: datetime,
    grace_s: float,
    may_evict: bool,
    now: datetime,
) -> Plan:
    """Say what is wrong with a node, and of its pods that they are not ready.

    `heard_at` is when the node last showed a sign of life; `pods` those on
    it; without `may_evict` the taints that drive pods away have to wait.
    """
    silent_at = heard_at + timedelta(seconds=_grace_s(node, grace_s))
    told = _silent(node, now) if now >= silent_at else node
    fell_silent = _ready_status(node) == "True" and _ready_status(told) != "True"
    taints = _taints(told, now, may_evict=may_evict)
    labelled = _labelled(replace(node, spec=replace(node.spec, taints=taints)))
    patches, notices = _pods_not_ready(told, pods, now)
    if fell_silent:
        message = f"Node {node.metadata.name} status is now: NodeNotReady"
        notices = (Notice(node, "NodeNotReady", message), *notices)
    return Plan(
        update=() if labelled == node else (labelled,),
        patch=patches,
        status=None if told.status == node.status else told,
        notices=notices,
        again_after_s=None if now >= silent_at else (silent_at - now).total_seconds(),
    )


def _grace_s(node: Node, grace_s: float) -> float:
    ready = conditions.find(node.status.conditions, "Ready")
    return STARTUP_GRACE_S if ready is None else grace_s


def _ready_status(node: Node) -> str:
    ready = conditions.find(node.status.conditions, "Ready")
    return "" if ready is None else ready.status


def is_healthy(node: Node) -> bool:
    """Whether the node says of itself that it is ready."""
    return _ready_status(node) == "True"


def _silent(node: Node, now: datetime) -> Node:
    """The node with everything unknown that only its kubelet knows."""
    changed: tuple[NodeCondition, ...] = node.status.conditions
    for kind in _WATCHED_CONDITIONS:
        old = conditions.find(node.status.conditions, kind)
        unknown = NodeCondition(
            type=kind,
            status="Unknown",
            reason="NodeStatusNeverUpdated" if old is None else "NodeStatusUnknown",
            message="Kubelet never posted node status."
            if old is None
            else "Kubelet stopped posting node status.",
            last_heartbeat_time=node.metadata.creation_timestamp
            if old is None
            else old.last_heartbeat_time,
        )
        if old is None or old.status != "Unknown":
            changed = conditions.set_condition(changed, unknown, now)
    return replace(node, status=replace(node.status, conditions=changed))


def _taints(node: Node, now: datetime, *, may_evict: bool) -> tuple[Taint, ...]:
    """The node's taints: others' as they are, ours as its conditions ask."""
    wanted = {
        (key, "NoSchedule")
        for (kind, status), key in _TAINT_OF_CONDITION.items()
        for condition in node.status.conditions
        if (condition.type, condition.status) == (kind, status)
    }
    if node.spec.unschedulable:
        wanted.add((UNSCHEDULABLE, "NoSchedule"))
    present = {(taint.key, taint.effect) for taint in node.spec.taints}
    evicting = {"False": NOT_READY, "Unknown": UNREACHABLE}.get(_ready_status(node))
    evicts_already = any((key, "NoExecute") in present for key in (NOT_READY, UNREACHABLE))
    if evicting and (may_evict or evicts_already):
        wanted.add((evicting, "NoExecute"))
    kept = tuple(taint for taint in node.spec.taints if _stays(taint, wanted))
    missing = sorted(wanted - {(taint.key, taint.effect) for taint in kept})
    return (*kept, *(_taint(key, effect, now) for key, effect in missing))


def _stays(taint: Taint, wanted: set[tuple[str, str]]) -> bool:
    if (taint.key, taint.effect) in wanted:
        return True
    drives_away = taint.effect == "NoExecute" and taint.key in (NOT_READY, UNREACHABLE)
    return not drives_away and not (taint.effect == "NoSchedule" and taint.key in _OURS)


def _taint(key: str, effect: str, now: datetime) -> Taint:
    return Taint(key=key, effect=effect, time_added=to_time(now))


def wants_eviction(node: Node) -> bool:
    """Whether the node's pods are to be driven away and are not yet."""
    present = {(taint.key, taint.effect) for taint in node.spec.taints}
    return _ready_status(node) in ("False", "Unknown") and not any(
        (key, "NoExecute") in present for key in (NOT_READY, UNREACHABLE)
    )


def _labelled(node: Node) -> Node:
    labels = dict(node.metadata.labels)
    for present, old in _OLD_LABELS.items():
        if present in labels:
            labels[old] = labels[present]
    annotations = {_TTL: "0", **node.metadata.annotations}
    return replace(node, metadata=replace(node.metadata, labels=labels, annotations=annotations))


def _pods_not_ready(
    node: Node, pods: Iterable[Pod], now: datetime
) -> tuple[tuple[Patch, ...], tuple[Notice, ...]]:
    """Say of the pods that cannot be heard of that they are not ready, so that no traffic comes."""
    if _ready_status(node) in ("True", ""):
        return (), ()
    lost: Sequence[Pod] = [pod for pod in pods if is_ready(pod)]
    condition = {"type": "Ready", "status": "False", "lastTransitionTime": to_time(now)}
    body = {"status": {"conditions": [condition]}}
    patches = tuple(Patch(pod, body, format="strategic", subresource="status") for pod in lost)
    notices = tuple(
        Notice(pod, "NodeNotReady", "Node is not ready", type="Warning") for pod in lost
    )
    return patches, notices
