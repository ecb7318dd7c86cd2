"""Who goes first: pods that use more than they asked for, then the less important. Pure."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from knarr.api import quantities
from knarr.api.core.pod import Pod
from knarr.api.pod_resources import total
from kubelet.eviction.decide import Reading
from kubelet.eviction.thresholds import RESOURCES, Threshold
from kubelet.static.manifest import is_static

CRITICAL_PRIORITY = 2_000_000_000
"""From here on a pod is one the system itself needs."""

Counted = Literal["memory", "disk"]


class PodUse(Struct, frozen=True):
    """What a pod uses at present."""

    pod: Pod
    memory: int = 0
    disk: int = 0
    containers: tuple[tuple[str, int, int], ...] = ()
    """Each container's name, memory and disk."""


def is_critical(pod: Pod) -> bool:
    """Whether a node keeps a pod whatever happens."""
    return is_static(pod) or (pod.spec.priority or 0) >= CRITICAL_PRIORITY


def ranked(threshold: Threshold, uses: Iterable[PodUse]) -> list[PodUse]:
    """Those that may go, first the one to go first."""
    may_go = [one for one in uses if not is_critical(one.pod)]
    resource = RESOURCES[threshold.signal]
    if resource == "pids":
        return sorted(may_go, key=lambda one: one.pod.spec.priority or 0)
    counted: Counted = "memory" if resource == "memory" else "disk"
    name = "memory" if counted == "memory" else "ephemeral-storage"

    def order(one: PodUse) -> tuple[bool, int, int]:
        over = used(one, counted) - requested(one.pod, name)
        return over <= 0, one.pod.spec.priority or 0, -over

    return sorted(may_go, key=order)


def used(one: PodUse, counted: Counted) -> int:
    """What a pod uses of one of the two."""
    return one.memory if counted == "memory" else one.disk


def requested(pod: Pod, resource: str) -> int:
    """What a pod asked for, 0 where it did not."""
    amount = total(pod.spec, "requests").get(resource)
    return quantities.value(amount) if amount is not None else 0


def message(threshold: Threshold, reading: Reading, one: PodUse) -> str:
    """What the pod's status says of it, as Kubernetes words it."""
    resource = RESOURCES[threshold.signal]
    wanted = quantities.from_value(threshold.bytes_of(reading.capacity), "binary")
    has = quantities.from_value(reading.available, "binary")
    told = f"The node was low on resource: {resource}. "
    told += f"Threshold quantity: {wanted}, available: {has}. "
    for name, memory, disk in one.containers:
        amount = memory if resource == "memory" else disk
        asked = _container_request(one.pod, name, resource)
        if amount > asked and resource in ("memory", "ephemeral-storage"):
            shown = quantities.from_value(amount, "binary")
            told += (
                f"Container {name} was using {shown}, request is "
                f"{quantities.from_value(asked, 'binary')}, has larger consumption of {resource}. "
            )
    return told


def _container_request(pod: Pod, name: str, resource: str) -> int:
    for spec in (*pod.spec.init_containers, *pod.spec.containers):
        if spec.name == name and resource in spec.resources.requests:
            return quantities.value(spec.resources.requests[resource])
    return 0
