"""The table line of a pod: what happens to it in one word, and how often it fell."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from knarr.api.core.container_status import ContainerStateTerminated, ContainerStatus
from knarr.api.core.pod import Pod
from knarr.api.pods import condition_of, is_over, is_ready
from knarr.api.printing.cells import NONE, age, since
from knarr.api.scalars import Time


class Told(NamedTuple):
    """What a pod's line says beyond its name."""

    ready: int
    containers: int
    reason: str
    restarts: int
    last_restart: Time | None


def pod_row(pod: Pod, now: datetime) -> Sequence[Any]:
    """Name, ready, status, restarts, age, address, node, nominated node, readiness gates."""
    told = told_of(pod)
    restarts = str(told.restarts)
    if told.restarts and told.last_restart is not None:
        restarts = f"{restarts} ({since(told.last_restart, now)} ago)"
    ips = pod.status.pod_ips
    return [
        pod.metadata.name,
        f"{told.ready}/{told.containers}",
        told.reason,
        restarts,
        age(pod.metadata, now),
        (ips[0].ip if ips else pod.status.pod_ip) or NONE,
        pod.spec.node_name or NONE,
        pod.status.nominated_node_name or NONE,
        _gates(pod),
    ]


def told_of(pod: Pod) -> Told:
    """Counts and the one word that matters most, as `kubectl get pods` has them."""
    sidecars = {one.name for one in pod.spec.init_containers if one.restart_policy == "Always"}
    init = pod.status.init_container_statuses
    waiting_for, ready = _initializing(pod, init, sidecars)
    containers = len(pod.spec.containers) + len(sidecars)
    if waiting_for and not _is_initialized(pod):
        restarts = sum(one.restart_count for one in init)
        return Told(ready, containers, _ending(pod, waiting_for), restarts, _last_restart(init))
    counted = [one for one in init if one.name in sidecars]
    counted += pod.status.container_statuses
    reason, running = _running(pod, waiting_for or _phase(pod))
    restarts = sum(one.restart_count for one in counted)
    return Told(ready + running, containers, _ending(pod, reason), restarts, _last_restart(counted))


def _phase(pod: Pod) -> str:
    scheduled = condition_of(pod, "PodScheduled")
    if scheduled is not None and scheduled.reason == "SchedulingGated":
        return scheduled.reason
    return pod.status.reason or pod.status.phase


def _is_initialized(pod: Pod) -> bool:
    initialized = condition_of(pod, "Initialized")
    return initialized is not None and initialized.status == "True"


def _initializing(
    pod: Pod, statuses: Sequence[ContainerStatus], sidecars: set[str]
) -> tuple[str, int]:
    """What initialization waits for, nothing when it is done; and how many sidecars are ready."""
    ready = 0
    for i, status in enumerate(statuses):
        ended = status.state.terminated
        if ended is not None and ended.exit_code == 0:
            continue
        if status.name in sidecars and status.started:
            ready += status.ready
            continue
        waiting = status.state.waiting
        if ended is not None:
            return f"Init:{_end(ended)}", ready
        if waiting is not None and waiting.reason not in ("", "PodInitializing"):
            return f"Init:{waiting.reason}", ready
        return f"Init:{i}/{len(pod.spec.init_containers)}", ready
    return "", ready


def _end(ended: ContainerStateTerminated) -> str:
    if ended.reason:
        return ended.reason
    return f"Signal:{ended.signal}" if ended.signal else f"ExitCode:{ended.exit_code}"


def _running(pod: Pod, reason: str) -> tuple[str, int]:
    """What the first container with something to say says, and how many are ready."""
    ready = 0
    for status in reversed(pod.status.container_statuses):
        waiting, ended = status.state.waiting, status.state.terminated
        if waiting is not None and waiting.reason:
            reason = waiting.reason
        elif ended is not None:
            reason = _end(ended)
        elif status.ready and status.state.running is not None:
            ready += 1
    if reason == "Completed" and ready:
        reason = "Running" if is_ready(pod) else "NotReady"
    return reason, ready


def _ending(pod: Pod, reason: str) -> str:
    if pod.metadata.deletion_timestamp is None:
        return reason
    if pod.status.reason == "NodeLost":
        return "Unknown"
    return reason if is_over(pod) else "Terminating"


def _last_restart(statuses: Iterable[ContainerStatus]) -> Time | None:
    ends = [
        ended.finished_at
        for status in statuses
        if (ended := status.last_state.terminated) is not None and ended.finished_at is not None
    ]
    return max(ends, default=None)


def _gates(pod: Pod) -> str:
    gates = pod.spec.readiness_gates
    if not gates:
        return NONE
    passed = 0
    for gate in gates:
        condition = condition_of(pod, gate.condition_type)
        passed += condition is not None and condition.status == "True"
    return f"{passed}/{len(gates)}"
