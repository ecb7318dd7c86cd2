"""Gives the running containers of one pod what was set aside for them."""

from collections.abc import Iterator

from msgspec import Struct

from knarr.api import quantities
from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.pod import Pod
from knarr.api.core.pod_status import PodCondition
from knarr.api.core.resources import ResourceRequirements
from kubelet.runtime.runtime import Container, Observed, RuntimeFailureError
from kubelet.sync.host import Host
from kubelet.sync.lifecycle import latest
from kubelet.sync.resize import Obstacle, Sizes, changes, needs_restart, wanted_sizes


class Resizing(Struct, frozen=True, kw_only=True):
    """How far the containers have what their spec asks for."""

    restart: frozenset[str] = frozenset()
    """Ids of containers that must start again to take it."""
    given: Sizes = {}
    """What was set aside for each."""
    conditions: tuple[PodCondition, ...] = ()
    """What the pod's status says while it is not through."""


class Resizer:
    """Knows what each container has, and changes it."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.applied: dict[str, ResourceRequirements] = {}
        self.whole: ResourceRequirements | None = None
        """What the pod as a whole has."""
        self._sandbox = ""

    def started(self, container_id: str, resources: ResourceRequirements) -> None:
        """A container began with these."""
        self.applied[container_id] = resources

    async def resize(self, pod: Pod, observed: Observed) -> tuple[Pod, Resizing]:
        """The pod with what this node gives it; running containers have been told."""
        given, hindered = self._host.allocations.take(pod)
        grows = self._grows(given, observed)
        # A part never has more than the whole, on the way there neither.
        failure = await self._apply_whole(given, observed) if grows else ""
        restart, failed = await self._apply(given, observed)
        failure = failure or failed or await self._apply_whole(given, observed)
        return given, Resizing(
            restart=restart,
            given=wanted_sizes(given),
            conditions=tuple(_conditions(hindered, restart, failure)),
        )

    def _grows(self, pod: Pod, observed: Observed) -> bool:
        """Whether the whole gets more processor time than it has."""
        sandbox = observed.sandbox
        if sandbox is not None and sandbox.ready and sandbox.id != self._sandbox:
            begun = bool(self._sandbox) or pod.status.resources is None
            self.whole = pod.spec.resources if begun else pod.status.resources
            self._sandbox = sandbox.id
        if self.whole is None or pod.spec.resources is None:
            return False
        before, after = (one.limits.get("cpu") for one in (self.whole, pod.spec.resources))
        return after is None or (before is not None and quantities.compare(after, before) > 0)

    async def _apply_whole(self, pod: Pod, observed: Observed) -> str:
        """Make the pod as a whole have what it is given: what went wrong."""
        wanted, sandbox = pod.spec.resources, observed.sandbox
        if wanted is None or self.whole is None or sandbox is None or not sandbox.ready:
            return ""
        if changes(self.whole, wanted):
            try:
                await self._host.runtime.update_pod_resources(pod.metadata.uid, wanted)
            except RuntimeFailureError as error:
                return error.message
            self._host.events.event(pod, "ResizeCompleted", "The pod has its new resources")
        self.whole = wanted
        return ""

    async def _apply(self, pod: Pod, observed: Observed) -> tuple[frozenset[str], str]:
        """Make running containers have what `pod` says: which must start again, what failed."""
        restart, failure = set(), ""
        for spec, one in _running(pod, observed):
            has = self.applied.setdefault(one.id, _told(pod, one) or spec.resources)
            changed = changes(has, spec.resources)
            if not changed:
                continue
            if needs_restart(spec, changed):
                restart.add(one.id)
                continue
            try:
                await self._host.runtime.update_resources(one.id, spec.resources)
            except RuntimeFailureError as error:
                failure = f"{spec.name}: {error.message}"
            else:
                self.applied[one.id] = spec.resources
                message = f"Container {spec.name} has its new resources"
                self._host.events.event(pod, "ResizeCompleted", message)
        alive = {one.id for one in observed.containers}
        for gone in self.applied.keys() - alive:
            del self.applied[gone]
        return frozenset(restart), failure


def _conditions(
    hindered: Obstacle | None, restart: frozenset[str], failure: str
) -> Iterator[PodCondition]:
    if hindered is not None:
        yield PodCondition(
            type="PodResizePending",
            status="True",
            reason=hindered.reason,
            message=hindered.message,
        )
    if restart or failure:
        reason = "Error" if failure else ""
        yield PodCondition(
            type="PodResizeInProgress", status="True", reason=reason, message=failure
        )


def _running(pod: Pod, observed: Observed) -> Iterator[tuple[ContainerSpec, Container]]:
    newest = latest(observed)
    for spec in (*pod.spec.init_containers, *pod.spec.containers):
        one = newest.get(spec.name)
        if one is not None and one.phase == "running":
            yield spec, one


def _told(pod: Pod, one: Container) -> ResourceRequirements | None:
    """What an earlier kubelet said the container has."""
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        if status.container_id == one.id:
            return status.resources
    return None
