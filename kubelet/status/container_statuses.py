"""The status of each container of a pod."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field

from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.container import EphemeralContainer
from knarr.api.core.container_status import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
)
from knarr.api.core.pod import Pod
from knarr.api.core.pod_status import PodCondition
from knarr.api.core.resources import ResourceRequirements
from knarr.api.times import to_time
from kubelet.runtime.runtime import Container, Observed
from kubelet.sync.lifecycle import init_restarts, is_sidecar, latest, previous, restarts


class Health(Struct, frozen=True, kw_only=True):
    """What is known of the containers beside what the runtime says."""

    ready: frozenset[str] = frozenset()
    """Ids of running containers whose readiness probe passes, or that have none."""
    started: frozenset[str] = frozenset()
    """Ids of running containers whose startup probe passed, or that have none."""
    waiting: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Why a container cannot start, by name: reason and message."""
    backing_off: Mapping[str, float] = field(default_factory=dict)
    """Seconds of delay of the containers that wait before their next start."""
    given: Mapping[str, ResourceRequirements] = field(default_factory=dict)
    """What the node set aside for each container, by name; the spec's where it says nothing."""
    applied: Mapping[str, ResourceRequirements] = field(default_factory=dict)
    """What running containers have at present, by id; the spec's where it says nothing."""
    whole_given: ResourceRequirements | None = None
    """What the node set aside for the pod as a whole, where that has resources of its own."""
    whole_applied: ResourceRequirements | None = None
    """What the pod as a whole has at present."""
    resizing: tuple[PodCondition, ...] = ()
    """How a change of resources comes along, while there is one."""


class _Scene(Struct, frozen=True):
    pod: Pod
    observed: Observed
    newest: Mapping[str, Container]
    health: Health
    initialized: bool
    ending: bool


def container_statuses(
    pod: Pod, observed: Observed, health: Health, *, initialized: bool, ending: bool
) -> tuple[tuple[ContainerStatus, ...], tuple[ContainerStatus, ...], tuple[ContainerStatus, ...]]:
    """The statuses of init, main and ephemeral containers, in the spec's order."""
    scene = _Scene(pod, observed, latest(observed), health, initialized, ending)
    return (
        _statuses(scene, pod.spec.init_containers, is_init=True),
        _statuses(scene, pod.spec.containers, is_init=False),
        tuple(_status_of(scene, spec, again=False) for spec in pod.spec.ephemeral_containers),
    )


def _statuses(
    scene: _Scene, specs: Sequence[ContainerSpec], *, is_init: bool
) -> tuple[ContainerStatus, ...]:
    return tuple(
        _status_of(scene, spec, again=_starts_again(scene, spec, is_init=is_init), is_init=is_init)
        for spec in specs
    )


def _starts_again(scene: _Scene, spec: ContainerSpec, *, is_init: bool) -> bool:
    one = scene.newest.get(spec.name)
    if one is None or one.phase != "exited" or scene.ending:
        return False
    if is_init and is_sidecar(spec):
        return True
    if is_init:
        return one.exit_code != 0 and init_restarts(scene.pod, spec, one)
    return restarts(scene.pod, spec, one)


def _status_of(
    scene: _Scene,
    spec: ContainerSpec | EphemeralContainer,
    *,
    again: bool,
    is_init: bool = False,
) -> ContainerStatus:
    one = scene.newest.get(spec.name)
    if one is None:
        return _not_made(scene, spec, is_init=is_init)
    state, last = _states(scene, one, again=again)
    is_running = one.phase == "running"
    started = is_running and one.id in scene.health.started
    if is_init and not _stays(spec):
        ready = one.phase == "exited" and one.exit_code == 0
    else:
        ready = is_running and one.id in scene.health.ready
    return ContainerStatus(
        name=spec.name,
        state=state,
        last_state=last,
        ready=ready,
        restart_count=one.attempt,
        image=one.image or spec.image,
        image_id=one.image_id,
        container_id=one.id,
        started=started,
        allocated_resources=scene.health.given.get(spec.name, spec.resources).requests,
        resources=scene.health.applied.get(one.id, spec.resources) if is_running else None,
    )


def _stays(spec: ContainerSpec | EphemeralContainer) -> bool:
    return isinstance(spec, ContainerSpec) and is_sidecar(spec)


def _not_made(
    scene: _Scene, spec: ContainerSpec | EphemeralContainer, *, is_init: bool
) -> ContainerStatus:
    waits_for_init = scene.pod.spec.init_containers and not scene.initialized
    reason = "PodInitializing" if waits_for_init else "ContainerCreating"
    reason, message = scene.health.waiting.get(spec.name, (reason, ""))
    return ContainerStatus(
        name=spec.name,
        state=ContainerState(waiting=ContainerStateWaiting(reason=reason, message=message)),
        ready=False,
        restart_count=0,
        image=spec.image,
        image_id="",
        started=False,
    )


def _states(scene: _Scene, one: Container, *, again: bool) -> tuple[ContainerState, ContainerState]:
    """What it does now and how it ended before."""
    before = previous(scene.observed, one.name)
    last = ContainerState() if before is None else ContainerState(terminated=terminated(before))
    if one.phase == "running":
        started_at = to_time(one.started_at or one.created_at)
        return ContainerState(running=ContainerStateRunning(started_at=started_at)), last
    if one.phase == "created":
        return ContainerState(waiting=ContainerStateWaiting(reason="ContainerCreating")), last
    over = ContainerState(terminated=terminated(one))
    waiting = _waiting(scene, one) if again else None
    if waiting is None:
        return over, last
    return ContainerState(waiting=waiting), over


def _waiting(scene: _Scene, one: Container) -> ContainerStateWaiting | None:
    """Why an ended container is not back yet; None while nothing holds it up."""
    delay_s = scene.health.backing_off.get(one.name)
    if delay_s is None:
        if one.name not in scene.health.waiting:
            return None
        reason, message = scene.health.waiting[one.name]
        return ContainerStateWaiting(reason=reason, message=message)
    return ContainerStateWaiting(
        reason="CrashLoopBackOff", message=back_off_message(scene.pod, one.name, delay_s)
    )


def back_off_message(pod: Pod, name: str, delay_s: float) -> str:
    """back-off 1m20s restarting failed container=web pod=web-0_default(uid)."""
    meta = pod.metadata
    return (
        f"back-off {_go_duration(delay_s)} restarting failed container={name} "
        f"pod={meta.name}_{meta.namespace}({meta.uid})"
    )


def terminated(one: Container) -> ContainerStateTerminated:
    """How a container ended."""
    return ContainerStateTerminated(
        exit_code=one.exit_code,
        signal=one.signal,
        reason=one.reason or ("Completed" if one.exit_code == 0 else "Error"),
        message=one.message,
        started_at=to_time(one.started_at) if one.started_at else None,
        finished_at=_finished_at(one),
        container_id=one.id,
    )


def _finished_at(one: Container) -> str | None:
    moment: datetime | None = one.finished_at
    return None if moment is None else to_time(moment)


def _go_duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
