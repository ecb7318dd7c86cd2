"""What to do for one pod: compares its spec with what its containers do.

Init containers run one after the other, sidecars among them stay; main
containers start together when all are through. When the main containers are
over, sidecars end in reverse order, then the sandbox.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.pod import Pod
from kubelet.probes.failure import Failure
from kubelet.runtime.runtime import Container, Observed
from kubelet.sync.actions import Actions, ContainerKind, Start, Stop
from kubelet.sync.backoff import RestartBackoff
from kubelet.sync.lifecycle import (
    has_started,
    init_failed,
    init_restarts,
    is_over,
    is_sidecar,
    latest,
    of_the_past,
    restarts,
    restarts_all,
    running,
)

GRACE_DEFAULT_S = 30.0
"""Seconds a container gets to end when the pod says nothing."""

PROBE_GRACE_MIN_S = 1.0
"""A container that failed its probe gets at least this long."""

ATTEMPTS_KEPT = 2
"""The newest attempt and the one before it stay, for `logs --previous`."""


class Verdicts(Struct, frozen=True, kw_only=True):
    """What the probes said of the running containers, by container id."""

    started: frozenset[str] = frozenset()
    """Their startup probe passed, or they have none."""
    failed: Mapping[str, Failure] = field(default_factory=dict)
    """Liveness or startup failed for good."""


class Situation(Struct, frozen=True, kw_only=True):
    """Everything the decision for one pod depends on."""

    pod: Pod
    observed: Observed
    verdicts: Verdicts
    spec_hashes: Mapping[str, str]
    """The hash each container should have been made with, by name."""
    now: datetime
    ending: str | None = None
    """Why the pod must end now (deleted, evicted, past its deadline); None when it goes on."""
    grace_s: float | None = None
    """Seconds left for ending; the pod's own grace when None."""
    resized: frozenset[str] = frozenset()
    """Ids of containers to start again, because that is how they take other resources."""
    changed: frozenset[str] = frozenset()
    """Ids of containers that were stopped for a change: the next one need not wait."""


def decide(situation: Situation, backoff: RestartBackoff) -> Actions:
    """Compare what is wanted with what is there."""
    containers = latest(situation.observed)
    if situation.ending is not None:
        return _end(situation, containers)
    culprit = restarts_all(situation.pod, situation.observed)
    past = of_the_past(containers, culprit)
    if _is_finished(situation.pod, {k: v for k, v in containers.items() if k not in past}):
        return _finish(situation, containers)
    sandbox = situation.observed.sandbox
    if sandbox is None or not sandbox.ready:
        return _new_sandbox(situation, containers)
    if culprit is not None and past:
        before = _before_all(situation, culprit, past, backoff)
        if before is not None:
            return before
    steps = _Steps(situation, backoff, past)
    current = {
        name: one
        for name, one in containers.items()
        if one.created_at >= sandbox.created_at and name not in past
    }
    if has_started(situation.pod, current) or steps.init(containers, current):
        steps.main(containers)
    steps.ephemeral(containers)
    return steps.actions(_superseded(situation.observed))


def _before_all(
    situation: Situation,
    culprit: Container,
    past: Mapping[str, Container],
    backoff: RestartBackoff,
) -> Actions | None:
    """What comes before all start again: the others end at once, the delay passes."""
    stops = tuple(
        Stop(one.id, one.name, 0.0, f"Container {one.name} ends to start again with all others")
        for one in running(past.values())
    )
    if stops:
        return Actions(stop=stops)
    if past.get(culprit.name) != culprit:
        return None
    ended = culprit.finished_at or culprit.created_at
    wait_s = backoff.wait_s(culprit.name, ended=ended, now=situation.now)
    if wait_s <= 0:
        return None
    delay_s = backoff.seconds(culprit.name)
    return Actions(again_after_s=wait_s, backing_off=((culprit.name, delay_s),))


def pod_grace_s(pod: Pod) -> float:
    """Seconds the pod's containers get to end."""
    grace = pod.spec.termination_grace_period_seconds
    return GRACE_DEFAULT_S if grace is None else float(grace)


def _is_finished(pod: Pod, containers: Mapping[str, Container]) -> bool:
    return init_failed(pod, containers) or is_over(pod, containers)


def _end(situation: Situation, containers: Mapping[str, Container]) -> Actions:
    """Stop the main containers, then the sidecars in reverse order, then the sandbox."""
    grace_s = situation.grace_s if situation.grace_s is not None else pod_grace_s(situation.pod)
    sidecars = [spec.name for spec in situation.pod.spec.init_containers if is_sidecar(spec)]
    alive = {one.name: one for one in running(containers.values())}
    first = [one for name, one in alive.items() if name not in sidecars]
    if not first:
        first = [alive[name] for name in reversed(sidecars) if name in alive][:1]
    if not first:
        sandbox = situation.observed.sandbox
        return Actions(stop_sandbox=sandbox is not None and sandbox.ready)
    return Actions(
        stop=tuple(
            Stop(one.id, one.name, grace_s, f"Stopping container {one.name}") for one in first
        )
    )


def _finish(situation: Situation, containers: Mapping[str, Container]) -> Actions:
    """The work is over: end what is left beside it and keep the remains for their logs."""
    ended = _end(situation, containers)
    return Actions(
        stop=ended.stop,
        stop_sandbox=ended.stop_sandbox,
        remove=_superseded(situation.observed),
    )


def _new_sandbox(situation: Situation, containers: Mapping[str, Container]) -> Actions:
    """Nothing of an old sandbox survives it."""
    old = situation.observed.sandbox
    return Actions(
        stop=tuple(
            Stop(one.id, one.name, 0.0, f"Stopping container {one.name}")
            for one in running(containers.values())
        ),
        start_sandbox=0 if old is None else old.attempt + 1,
        again_after_s=0.0,
    )


def _superseded(observed: Observed) -> tuple[str, ...]:
    by_name: dict[str, list[Container]] = {}
    for one in observed.containers:
        by_name.setdefault(one.name, []).append(one)
    return tuple(
        one.id
        for attempts in by_name.values()
        for one in sorted(attempts, key=lambda one: one.attempt)[:-ATTEMPTS_KEPT]
        if one.phase == "exited"
    )


class _Steps:
    """Collects the steps for a pod whose sandbox is good."""

    def __init__(
        self, situation: Situation, backoff: RestartBackoff, past: Mapping[str, Container]
    ) -> None:
        self._situation = situation
        self._past = past
        self._pod = situation.pod
        self._backoff = backoff
        self._start: list[Start] = []
        self._stop: list[Stop] = []
        self._waits: list[float] = []
        self._backing_off: list[tuple[str, float]] = []

    def actions(self, remove: tuple[str, ...]) -> Actions:
        """What was collected."""
        return Actions(
            stop=tuple(self._stop),
            remove=remove,
            start=tuple(self._start),
            again_after_s=min(self._waits) if self._waits else None,
            backing_off=tuple(self._backing_off),
        )

    def init(self, containers: Mapping[str, Container], current: Mapping[str, Container]) -> bool:
        """The init containers in their order; True when all are through.

        Those that ran in an earlier sandbox run again in this one.
        """
        for spec in self._pod.spec.init_containers:
            earlier = containers.get(spec.name)
            if earlier is not None and spec.name not in current:
                self._start.append(Start(spec, "init", earlier.attempt + 1))
                return False
            if is_sidecar(spec):
                if not self._sidecar(spec, containers.get(spec.name)):
                    return False
            elif not self._init_one(spec, containers.get(spec.name)):
                return False
        return True

    def main(self, containers: Mapping[str, Container]) -> None:
        """Keep sidecars and main containers as the restart policies say."""
        if has_started(self._pod, containers):
            for spec in self._pod.spec.init_containers:
                if is_sidecar(spec):
                    self._sidecar(spec, containers.get(spec.name))
        for spec in self._pod.spec.containers:
            self._keep(spec, containers.get(spec.name), "app")

    def ephemeral(self, containers: Mapping[str, Container]) -> None:
        """Start what was added for looking; it never starts twice."""
        for spec in self._pod.spec.ephemeral_containers:
            if spec.name not in containers:
                self._start.append(Start(spec, "ephemeral", 0))

    def _init_one(self, spec: ContainerSpec, one: Container | None) -> bool:
        if one is None:
            self._start.append(Start(spec, "init", 0))
        elif one.phase == "exited" and one.exit_code == 0:
            return True
        elif one.phase == "exited" and init_restarts(self._pod, spec, one):
            self._again(spec, one, "init")
        return False

    def _sidecar(self, spec: ContainerSpec, one: Container | None) -> bool:
        """Keep it running; True when those after it may start."""
        self._keep(spec, one, "init")
        return (
            one is not None
            and one.phase == "running"
            and one.id in self._situation.verdicts.started
        )

    def _keep(self, spec: ContainerSpec, one: Container | None, kind: ContainerKind) -> None:
        if one is None:
            self._start.append(Start(spec, kind, 0))
        elif spec.name in self._past:
            self._start.append(Start(spec, kind, one.attempt + 1))
        elif one.phase == "exited":
            if kind == "init" or restarts(self._pod, spec, one):
                self._again(spec, one, kind)
        else:
            self._check(spec, one)

    def _check(self, spec: ContainerSpec, one: Container) -> None:
        """Stop a running container that failed its probe or whose spec changed."""
        failed = self._situation.verdicts.failed.get(one.id)
        wanted = self._situation.spec_hashes.get(spec.name, one.spec_hash)
        if failed is not None:
            grace_s = _probe_grace_s(self._pod, failed)
            self._stop.append(Stop(one.id, one.name, grace_s, failed.message))
        elif one.id in self._situation.resized:
            message = f"Container {one.name} resize requires restart"
            self._change(one, message)
        elif one.spec_hash != wanted:
            self._change(one, f"Container {one.name} definition changed, will be restarted")

    def _change(self, one: Container, message: str) -> None:
        stop = Stop(one.id, one.name, pod_grace_s(self._pod), message, is_change=True)
        self._stop.append(stop)

    def _again(self, spec: ContainerSpec, one: Container, kind: ContainerKind) -> None:
        if one.id in self._situation.changed:
            self._start.append(Start(spec, kind, one.attempt + 1, is_change=True))
            return
        ended = one.finished_at or one.created_at
        wait_s = self._backoff.wait_s(spec.name, ended=ended, now=self._situation.now)
        if wait_s > 0:
            self._waits.append(wait_s)
            self._backing_off.append((spec.name, self._backoff.seconds(spec.name)))
        else:
            self._start.append(Start(spec, kind, one.attempt + 1))


def _probe_grace_s(pod: Pod, failed: Failure) -> float:
    if failed.grace_s is not None:
        return max(PROBE_GRACE_MIN_S, float(failed.grace_s))
    return pod_grace_s(pod)
