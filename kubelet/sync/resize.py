"""Changing what a running pod may use: what is to be done, and what stands in the way. Pure."""

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from knarr.api import quantities
from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.container_status import ContainerStatus
from knarr.api.core.pod import Pod
from knarr.api.core.resources import ResourceRequirements
from knarr.api.pod_resources import total
from kubelet.sync.lifecycle import is_sidecar

RESIZABLE = ("cpu", "memory")

Sizes = Mapping[str, ResourceRequirements]
"""What each container may use, by its name; what the pod may as a whole, by no name."""

WHOLE = ""


class Obstacle(Struct, frozen=True):
    """Why a pod cannot have what it asks for."""

    reason: Literal["Deferred", "Infeasible"]
    """Deferred: when others go it may; Infeasible: never on this node."""
    resource: str
    """What there is too little of."""
    message: str


def wanted_sizes(pod: Pod) -> Sizes:
    """What the spec asks for."""
    whole = {WHOLE: pod.spec.resources} if pod.spec.resources is not None else {}
    return {**whole, **{spec.name: spec.resources for spec in _resizable(pod)}}


def known_sizes(pod: Pod) -> Sizes:
    """What an earlier kubelet gave the pod, as its status tells; else what the spec asks for."""
    told = {one.name: one for one in _statuses(pod)}
    known: dict[str, ResourceRequirements] = {}
    if pod.spec.resources is not None:
        had = pod.status.resources
        if had is not None and pod.status.allocated_resources:
            had = replace(had, requests=pod.status.allocated_resources)
        known[WHOLE] = had or pod.spec.resources
    for spec in _resizable(pod):
        known[spec.name] = _known(told.get(spec.name)) or spec.resources
    return known


def with_sizes(pod: Pod, sizes: Sizes) -> Pod:
    """The pod as if its spec asked for these."""
    if all(sizes.get(name, size) == size for name, size in wanted_sizes(pod).items()):
        return pod
    spec = replace(
        pod.spec,
        resources=sizes.get(WHOLE, pod.spec.resources),
        containers=tuple(_sized(one, sizes) for one in pod.spec.containers),
        init_containers=tuple(_sized(one, sizes) for one in pod.spec.init_containers),
    )
    return replace(pod, spec=spec)


def changes(before: ResourceRequirements, after: ResourceRequirements) -> frozenset[str]:
    """Which of cpu and memory differ."""
    return frozenset(
        name
        for name in RESIZABLE
        if before.requests.get(name) != after.requests.get(name)
        or before.limits.get(name) != after.limits.get(name)
    )


def needs_restart(spec: ContainerSpec, changed: frozenset[str]) -> bool:
    """Whether the container asks to be started again for such a change."""
    return any(
        one.resource_name in changed and one.restart_policy == "RestartContainer"
        for one in spec.resize_policy
    )


def amounts(pod: Pod) -> Mapping[str, int]:
    """What a pod asks for: thousandths of a processor, bytes of memory."""
    requests = total(pod.spec, "requests")
    return {name: _count(name, requests[name]) for name in RESIZABLE if name in requests}


def obstacle(
    asked: Mapping[str, int], others: Mapping[str, int], allocatable: Mapping[str, str]
) -> Obstacle | None:
    """What stands in the way of so much, on a node where others have theirs."""
    for name, amount in asked.items():
        if name not in allocatable:
            continue
        has, used = _count(name, allocatable[name]), others.get(name, 0)
        told = f"{name}, requested: {amount}, "
        if amount > has:
            message = f"Node didn't have enough capacity: {told}capacity: {has}"
            return Obstacle("Infeasible", name, message)
        if amount + used > has:
            message = f"Node didn't have enough resource: {told}used: {used}, capacity: {has}"
            return Obstacle("Deferred", name, message)
    return None


def _count(name: str, amount: str) -> int:
    return quantities.milli(amount) if name == "cpu" else quantities.value(amount)


def _resizable(pod: Pod) -> Iterator[ContainerSpec]:
    yield from (one for one in pod.spec.init_containers if is_sidecar(one))
    yield from pod.spec.containers


def _statuses(pod: Pod) -> Iterator[ContainerStatus]:
    yield from pod.status.init_container_statuses
    yield from pod.status.container_statuses


def _known(status: ContainerStatus | None) -> ResourceRequirements | None:
    if status is None or status.resources is None or not status.allocated_resources:
        return None
    return replace(status.resources, requests=status.allocated_resources)


def _sized(spec: ContainerSpec, sizes: Sizes) -> ContainerSpec:
    return replace(spec, resources=sizes.get(spec.name, spec.resources))
