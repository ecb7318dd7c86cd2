"""Which pods a node refuses though they were bound to it. Pure."""

from msgspec import Struct

from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.node_choice import meets_placement
from kubelet.eviction.rank import is_critical
from kubelet.status.pod_status import Ending
from kubelet.sync.resize import Obstacle

SAFE_SYSCTLS = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
)
"""Kernel settings that concern a pod alone; others only where the operator allows them."""


class NodeState(Struct, frozen=True, kw_only=True):
    """How the node is when the pod comes."""

    node: Node | None = None
    pressures: frozenset[str] = frozenset()
    is_full: bool = False
    """It has as many pods as it takes."""
    obstacle: Obstacle | None = None
    """What it has too little of."""
    is_shutting_down: bool = False
    unsafe_sysctls: tuple[str, ...] = ()
    """Those the operator allows beside the safe ones; `net.core.*` means all that begin so."""


def refusal(pod: Pod, state: NodeState) -> Ending | None:
    """Why the node does not take a pod; None when it does."""
    if state.is_shutting_down:
        told = "Pod was rejected as the node is shutting down."
        return Ending(reason="NodeShutdown", message=told)
    for reason, message in (
        _by_pressure(pod, state),
        _by_sysctls(pod, state),
        _by_selection(pod, state),
        _by_room(state),
    ):
        if reason:
            return Ending(reason=reason, message=f"Pod was rejected: {message}")
    return None


def _by_pressure(pod: Pod, state: NodeState) -> tuple[str, str]:
    """Under memory pressure only pods that promise nothing are refused, else all but critical."""
    if not state.pressures or is_critical(pod):
        return "", ""
    tolerated = {one.key for one in pod.spec.tolerations if one.effect in ("", "NoSchedule")}
    memory_alone = state.pressures == {"MemoryPressure"}
    if memory_alone and (
        pod.status.qos_class != "BestEffort" or "node.kubernetes.io/memory-pressure" in tolerated
    ):
        return "", ""
    return "Evicted", f"The node had condition: [{' '.join(sorted(state.pressures))}]. "


def _by_sysctls(pod: Pod, state: NodeState) -> tuple[str, str]:
    security = pod.spec.security_context
    for one in security.sysctls if security is not None else ():
        name = one.name.replace("/", ".")
        if name not in SAFE_SYSCTLS and not _is_allowed(name, state.unsafe_sysctls):
            return "SysctlForbidden", f'forbidden sysctl: "{one.name}" not allowlisted'
    return "", ""


def _is_allowed(name: str, patterns: tuple[str, ...]) -> bool:
    return any(name == one or (one.endswith("*") and name.startswith(one[:-1])) for one in patterns)


def _by_selection(pod: Pod, state: NodeState) -> tuple[str, str]:
    if state.node is None or meets_placement(state.node, pod.spec):
        return "", ""
    return "NodeAffinity", "Predicate NodeAffinity failed"


def _by_room(state: NodeState) -> tuple[str, str]:
    if state.is_full:
        told = "Node didn't have enough resource: pods, requested: 1, used: all, capacity: all"
        return "OutOfpods", told
    if state.obstacle is None:
        return "", ""
    name: str = state.obstacle.resource
    return f"OutOf{name}", state.obstacle.message
