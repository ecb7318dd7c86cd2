"""What a pod asks of a node: resources, in whole milli-cpus and whole units of all others."""

from collections.abc import Iterable, Mapping

from knarr.api import quantities
from knarr.api.core.container import Container
from knarr.api.core.pod import Pod, PodSpec

NONZERO_CPU = 100
"""Milli-cpus that a container without a request counts as when nodes are scored."""

NONZERO_MEMORY = 200 * 1024 * 1024
"""Bytes that a container without a request counts as when nodes are scored."""

Amounts = dict[str, int]


def amount_of(resource: str, quantity: str) -> int:
    """A quantity in the unit its resource is counted in."""
    return quantities.milli(quantity) if resource == "cpu" else quantities.value(quantity)


def amounts_of(requested: Mapping[str, str]) -> Amounts:
    """Quantities in the units their resources are counted in."""
    return {resource: amount_of(resource, text) for resource, text in requested.items()}


def requests_of(pod: Pod, *, nonzero: bool = False) -> Amounts:
    """What must be free on a node for the pod.

    Containers and sidecars add up; an init container needs its own amount and
    that of the sidecars before it, but only while nothing else runs. Requests
    of the pod as a whole take the place of the sum. `nonzero` counts
    containers that ask for no cpu or memory as small ones.
    """
    spec = pod.spec
    total = _sum_of_containers(pod, nonzero=nonzero)
    if spec.resources is not None:
        total |= amounts_of(spec.resources.requests)
    _add(total, amounts_of(spec.overhead))
    return total


def _sum_of_containers(pod: Pod, *, nonzero: bool) -> Amounts:
    spec = pod.spec
    allocated = _allocated(pod)
    total: Amounts = {}
    for container in spec.containers:
        _add(total, _of_container(container, allocated, nonzero=nonzero))
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.init_containers:
        amounts = _of_container(container, allocated, nonzero=nonzero)
        if container.restart_policy == "Always":
            _add(total, amounts)
            _add(sidecars, amounts)
            _raise(peak, sidecars)
        else:
            _add(amounts, sidecars)
            _raise(peak, amounts)
    _raise(total, peak)
    return total


def _of_container(
    container: Container, allocated: Mapping[str, Amounts], *, nonzero: bool
) -> Amounts:
    amounts = amounts_of(container.resources.requests)
    if container.name in allocated:
        # A resize that is under way holds what it had and what it wants.
        _raise(amounts, allocated[container.name])
    if nonzero:
        amounts.setdefault("cpu", NONZERO_CPU)
        amounts.setdefault("memory", NONZERO_MEMORY)
    return amounts


def _allocated(pod: Pod) -> Mapping[str, Amounts]:
    statuses = (*pod.status.container_statuses, *pod.status.init_container_statuses)
    return {
        status.name: amounts_of(status.allocated_resources)
        for status in statuses
        if status.allocated_resources
    }


def asks_for_nothing(spec: PodSpec) -> bool:
    """Whether no container asks for or limits cpu or memory: quality of service BestEffort."""
    containers: Iterable[Container] = (*spec.containers, *spec.init_containers)
    return not any(
        resource in container.resources.requests or resource in container.resources.limits
        for container in containers
        for resource in ("cpu", "memory")
    )


def _add(total: Amounts, more: Mapping[str, int]) -> None:
    for resource, amount in more.items():
        total[resource] = total.get(resource, 0) + amount


def _raise(total: Amounts, floor: Mapping[str, int]) -> None:
    for resource, amount in floor.items():
        total[resource] = max(total.get(resource, 0), amount)
