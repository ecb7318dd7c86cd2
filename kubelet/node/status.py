"""The node's status, purely: addresses, what it has, how it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from knarr.api import quantities
from knarr.api.core.node import (
    ContainerImage,
    DaemonEndpoint,
    NodeAddress,
    NodeCondition,
    NodeDaemonEndpoints,
    NodeStatus,
    NodeSystemInfo,
)
from knarr.api.scalars import Quantity
from knarr.api.times import to_time
from kubelet.runtime.runtime import Image

IMAGES_MAX = 50
"""So many images are named, the largest ones."""

_WORDS = {
    "MemoryPressure": ("KubeletHasInsufficientMemory", "KubeletHasSufficientMemory"),
    "DiskPressure": ("KubeletHasDiskPressure", "KubeletHasNoDiskPressure"),
    "PIDPressure": ("KubeletHasInsufficientPID", "KubeletHasSufficientPID"),
}

_TOLD = {
    "KubeletHasInsufficientMemory": "kubelet has insufficient memory available",
    "KubeletHasSufficientMemory": "kubelet has sufficient memory available",
    "KubeletHasDiskPressure": "kubelet has disk pressure",
    "KubeletHasNoDiskPressure": "kubelet has no disk pressure",
    "KubeletHasInsufficientPID": "kubelet has insufficient PID available",
    "KubeletHasSufficientPID": "kubelet has sufficient PID available",
}


class NodeFacts(Struct, frozen=True, kw_only=True):
    """What the status is made from."""

    hostname: str
    ips: Sequence[str]
    capacity: Mapping[str, Quantity]
    reserved: Mapping[str, Quantity]
    """What is kept from pods, for the system and the kubelet."""
    info: NodeSystemInfo
    images: Sequence[Image]
    port: int
    pressures: frozenset[str] = frozenset()
    """Those of MemoryPressure, DiskPressure and PIDPressure that hold."""
    not_ready: str = ""
    """Why the node takes no pods; empty when it does."""


def node_status(before: NodeStatus, facts: NodeFacts, now: datetime) -> NodeStatus:
    """The status the node should show."""
    addresses = (
        *(NodeAddress(type="InternalIP", address=ip) for ip in facts.ips),
        NodeAddress(type="Hostname", address=facts.hostname),
    )
    return NodeStatus(
        addresses=addresses,
        capacity=facts.capacity,
        allocatable=_allocatable(facts),
        conditions=_conditions(before, facts, now),
        daemon_endpoints=NodeDaemonEndpoints(
            kubelet_endpoint=DaemonEndpoint(daemon_port=facts.port)
        ),
        node_info=facts.info,
        images=_images(facts.images),
        volumes_in_use=before.volumes_in_use,
        volumes_attached=before.volumes_attached,
    )


def _allocatable(facts: NodeFacts) -> Mapping[str, Quantity]:
    return {
        name: quantities.sub(amount, facts.reserved[name]) if name in facts.reserved else amount
        for name, amount in facts.capacity.items()
    }


def _images(images: Sequence[Image]) -> tuple[ContainerImage, ...]:
    largest = sorted(images, key=lambda one: -one.size_bytes)[:IMAGES_MAX]
    return tuple(ContainerImage(names=one.names, size_bytes=one.size_bytes) for one in largest)


def _conditions(before: NodeStatus, facts: NodeFacts, now: datetime) -> tuple[NodeCondition, ...]:
    wanted = []
    for name, (bad, good) in _WORDS.items():
        holds = name in facts.pressures
        reason = bad if holds else good
        wanted.append((name, "True" if holds else "False", reason, _TOLD[reason]))
    if facts.not_ready:
        wanted.append(("Ready", "False", "KubeletNotReady", facts.not_ready))
    else:
        wanted.append(("Ready", "True", "KubeletReady", "kubelet is posting ready status"))
    known = {one.type: one for one in before.conditions}
    made = []
    for name, status, reason, message in wanted:
        old = known.get(name)
        since = old.last_transition_time if old is not None and old.status == status else None
        made.append(
            NodeCondition(
                type=name,
                status=status,
                reason=reason,
                message=message,
                last_heartbeat_time=to_time(now),
                last_transition_time=since or to_time(now),
            )
        )
    names = {one.type for one in made}
    return (*made, *(one for one in before.conditions if one.type not in names))
