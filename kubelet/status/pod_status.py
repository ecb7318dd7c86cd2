"""The status of a pod: phase, conditions and containers, from what is observed."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from knarr.api.core.container_status import (
    ContainerState,
    ContainerStateTerminated,
    ContainerStatus,
)
from knarr.api.core.pod import Pod
from knarr.api.core.pod_status import HostIP, PodCondition, PodIP, PodStatus
from knarr.api.times import to_time
from kubelet.runtime.runtime import Observed
from kubelet.status.container_statuses import Health, container_statuses
from kubelet.sync.lifecycle import (
    init_failed,
    is_over,
    is_sidecar,
    latest,
    of_the_past,
    restarts_all,
    will_run,
)

_LOST = ContainerState(
    terminated=ContainerStateTerminated(
        exit_code=137,
        reason="ContainerStatusUnknown",
        message="The container could not be located when the pod was terminated",
    )
)

KUBELET_CONDITIONS = (
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
)
"""The conditions a kubelet always writes; all others but the next belong to somebody else."""

PASSING_CONDITIONS = ("PodResizePending", "PodResizeInProgress", "AllContainersRestarting")
"""The conditions a kubelet writes while they hold, and takes away after."""


class Ending(Struct, frozen=True, kw_only=True):
    """Why the kubelet ends a pod that was not deleted."""

    reason: str
    """Evicted, DeadlineExceeded, Preempting and the like."""
    message: str
    grace_s: float | None = None
    """Seconds its containers get; their own grace when None."""
    disrupts: bool = False
    """Whether the node does it for its own sake, and the pod might go on elsewhere."""


def pod_status(
    pod: Pod,
    observed: Observed,
    health: Health,
    *,
    now: datetime,
    host_ips: Sequence[str],
    ending: Ending | None = None,
    over: bool = False,
) -> PodStatus:
    """Compute the status a pod should show; `over` when none of its containers will run again."""
    newest = latest(observed)
    past = of_the_past(newest, restarts_all(pod, observed))
    initialized = _is_initialized(pod, observed, health)
    stops = ending is not None or pod.metadata.deletion_timestamp is not None
    init, main, ephemeral = container_statuses(
        pod, observed, health, initialized=initialized, ending=stops
    )
    if over:
        init, main = _settled(pod, init, main)
    phase = _phase(pod, init, main)
    if phase in ("Succeeded", "Failed") and not stops and (past or will_run(pod, newest)):
        phase = "Running"
    if pod.status.phase in ("Succeeded", "Failed"):
        phase = pod.status.phase  # Nothing brings a pod back.
    elif ending is not None or init_failed(pod, newest):
        phase = "Failed"
    elif over or (not past and is_over(pod, newest) and phase == "Running"):
        phase = "Succeeded" if _all_succeeded(main) else "Failed"
    sandbox = observed.sandbox
    ips = (sandbox.ip,) if sandbox is not None and sandbox.ip else ()
    status = replace(
        pod.status,
        phase=phase,
        reason=ending.reason if ending else pod.status.reason if phase == "Failed" else "",
        message=ending.message if ending else pod.status.message if phase == "Failed" else "",
        init_container_statuses=init,
        container_statuses=main,
        ephemeral_container_statuses=ephemeral,
        host_ip=host_ips[0] if host_ips else "",
        host_ips=tuple(HostIP(ip=ip) for ip in host_ips),
        pod_ip=ips[0] if ips else pod.status.pod_ip,
        pod_ips=tuple(PodIP(ip=ip) for ip in ips) or pod.status.pod_ips,
        allocated_resources=health.whole_given.requests if health.whole_given else {},
        resources=health.whole_applied,
        start_time=pod.status.start_time or to_time(now),
        observed_generation=pod.metadata.generation,
    )
    has_sandbox = sandbox is not None and sandbox.ready
    wanted = _conditions(pod, status, initialized=initialized, has_sandbox=has_sandbox)
    wanted = (*wanted, *health.resizing, *_disruption(ending))
    if past and not stops:
        wanted = (*wanted, _condition("AllContainersRestarting", is_true=True))
    return replace(status, conditions=_merged(pod, wanted, now))


def _disruption(ending: Ending | None) -> tuple[PodCondition, ...]:
    if ending is None or not ending.disrupts:
        return ()
    return (
        PodCondition(
            type="DisruptionTarget",
            status="True",
            reason="TerminationByKubelet",
            message=ending.message,
        ),
    )


def _is_initialized(pod: Pod, observed: Observed, health: Health) -> bool:
    newest = latest(observed)
    if any(spec.name in newest for spec in pod.spec.containers):
        return True
    for spec in pod.spec.init_containers:
        one = newest.get(spec.name)
        if one is None:
            return False
        if is_sidecar(spec):
            if one.id not in health.started:
                return False
        elif one.phase != "exited" or one.exit_code != 0:
            return False
    return True


def _settled(
    pod: Pod, init: Sequence[ContainerStatus], main: Sequence[ContainerStatus]
) -> tuple[tuple[ContainerStatus, ...], tuple[ContainerStatus, ...]]:
    """The statuses of a pod that is over: what got lost on the way ended too.

    In a pod that never got so far as its main containers they go on waiting.
    """
    if not any(_was_made(one) for one in main):
        return tuple(init), tuple(main)
    return tuple(init), tuple(
        one if one.state.terminated is not None else replace(one, state=_LOST, ready=False)
        for one in main
    )


def _all_succeeded(statuses: Sequence[ContainerStatus]) -> bool:
    return all(
        one.state.terminated is not None and one.state.terminated.exit_code == 0 for one in statuses
    )


def _phase(pod: Pod, init: Sequence[ContainerStatus], main: Sequence[ContainerStatus]) -> str:
    """The phase that the containers' states add up to."""
    if pod.spec.init_containers and not any(_was_made(one) for one in main):
        return "Pending"
    if any(not _was_made(one) for one in main):
        return "Pending"
    if any(one.state.running or one.state.waiting for one in main):
        return "Running"
    if _all_succeeded(main):
        return "Running" if pod.spec.restart_policy == "Always" else "Succeeded"
    return "Failed" if pod.spec.restart_policy == "Never" else "Running"


def _was_made(one: ContainerStatus) -> bool:
    return bool(one.state.running or one.state.terminated or one.last_state.terminated)


def _conditions(
    pod: Pod, status: PodStatus, *, initialized: bool, has_sandbox: bool
) -> tuple[PodCondition, ...]:
    return (
        _condition("PodReadyToStartContainers", is_true=has_sandbox),
        _initialized(status, initialized=initialized),
        _ready(pod, status),
        _containers_ready(pod, status),
        _condition("PodScheduled", is_true=True),
    )


def _condition(name: str, *, is_true: bool, reason: str = "", message: str = "") -> PodCondition:
    return PodCondition(
        type=name, status="True" if is_true else "False", reason=reason, message=message
    )


def _initialized(status: PodStatus, *, initialized: bool) -> PodCondition:
    if status.phase == "Succeeded":
        return _condition("Initialized", is_true=True, reason="PodCompleted")
    if initialized:
        return _condition("Initialized", is_true=True)
    waiting = " ".join(one.name for one in status.init_container_statuses if not one.ready)
    return _condition(
        "Initialized",
        is_true=False,
        reason="ContainersNotInitialized",
        message=f"containers with incomplete status: [{waiting}]",
    )


def _containers_ready(pod: Pod, status: PodStatus) -> PodCondition:
    if status.phase == "Succeeded":
        return _condition("ContainersReady", is_true=False, reason="PodCompleted")
    if status.phase == "Failed":
        return _condition("ContainersReady", is_true=False, reason="PodFailed")
    sidecars = {spec.name for spec in pod.spec.init_containers if is_sidecar(spec)}
    counted = (
        *(one for one in status.init_container_statuses if one.name in sidecars),
        *status.container_statuses,
    )
    unready = [one.name for one in counted if not one.ready]
    if not unready:
        return _condition("ContainersReady", is_true=True)
    return _condition(
        "ContainersReady",
        is_true=False,
        reason="ContainersNotReady",
        message=f"containers with unready status: [{' '.join(unready)}]",
    )


def _ready(pod: Pod, status: PodStatus) -> PodCondition:
    containers = _containers_ready(pod, status)
    if containers.status != "True":
        return replace(containers, type="Ready")
    known = {one.type: one.status for one in pod.status.conditions}
    told = []
    for gate in pod.spec.readiness_gates:
        name = gate.condition_type
        if name not in known:
            told.append(f'corresponding condition of pod readiness gate "{name}" does not exist.')
        elif known[name] != "True":
            told.append(
                f'the status of pod readiness gate "{name}" is not "True", but {known[name]}'
            )
    if not told:
        return _condition("Ready", is_true=True)
    message = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    return _condition("Ready", is_true=False, reason="ReadinessGatesNotReady", message=message)


def _merged(pod: Pod, wanted: Sequence[PodCondition], now: datetime) -> tuple[PodCondition, ...]:
    """Conditions with the time they last changed, and those of others after them."""
    known = {one.type: one for one in pod.status.conditions}
    merged = []
    for one in wanted:
        before = known.get(one.type)
        same = before is not None and before.status == one.status
        merged.append(
            replace(
                one,
                last_transition_time=before.last_transition_time
                if before is not None and same
                else to_time(now),
                observed_generation=pod.metadata.generation,
            )
        )
    ours = {*KUBELET_CONDITIONS, *PASSING_CONDITIONS, *(one.type for one in wanted)}
    others = [one for one in pod.status.conditions if one.type not in ours]
    return (*merged, *others)
