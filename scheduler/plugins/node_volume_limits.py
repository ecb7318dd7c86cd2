"""NodeVolumeLimits: no more volumes of a driver on a node than it can attach."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from knarr.api.keys import Key
from scheduler.arrays import Slots
from scheduler.plugins.plugin import EventKind, Happening, Rejection
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot


class NodeVolumeLimits:
    """Rejects nodes whose CSI driver can attach no more."""

    name = "NodeVolumeLimits"
    is_local = False
    wakes: frozenset[EventKind] = frozenset(("pod removed", "node added", "storage changed"))

    def concerns(self, shape: Shape) -> bool:
        """Whether the pods mount claims."""
        return bool(shape.claims)

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Reject nodes on which the pod's volumes would be too many."""
        full = np.zeros(len(slots), dtype=bool)
        wanted = dict(_attached(snapshot, shape))
        if wanted:
            for number, slot in enumerate(slots):
                full[number] = _is_beyond(snapshot, wanted, int(slot))
        return (Rejection(full, "node(s) exceed max volume count"),)

    def helps(self, snapshot: Snapshot, shape: Shape, happening: Happening) -> bool:
        """Whether a pod with volumes went, or a node or volume changed."""
        return happening.pod is None or bool(happening.pod.claims)


def _is_beyond(snapshot: Snapshot, wanted: Mapping[str, str], slot: int) -> bool:
    limits = _limits(snapshot, slot)
    if not limits.keys() & wanted.values():
        return False
    there: dict[str, str] = {}
    for placed in snapshot.pods_on(slot):
        there.update(_attached(snapshot, placed.shape))
    fresh = {handle: driver for handle, driver in wanted.items() if handle not in there}
    for driver, limit in limits.items():
        more = sum(each == driver for each in fresh.values())
        if more and more + sum(each == driver for each in there.values()) > limit:
            return True
    return False


def _limits(snapshot: Snapshot, slot: int) -> Mapping[str, int]:
    csi_node = snapshot.storage.csi_nodes.get(snapshot.names[slot])
    if csi_node is None:
        return {}
    return {
        driver.name: driver.allocatable.count
        for driver in csi_node.spec.drivers
        if driver.allocatable is not None and driver.allocatable.count is not None
    }


def _attached(snapshot: Snapshot, shape: Shape) -> Iterator[tuple[str, str]]:
    """The volumes of a pod, and the driver that attaches each."""
    storage = snapshot.storage
    for name in shape.claims:
        key = Key(shape.namespace, name)
        claim = storage.claims.get(key)
        if claim is None:
            continue
        volume = storage.volume_of(claim)
        if volume is not None:
            if volume.spec.csi is not None:
                driver = volume.spec.csi.driver
                yield f"{driver}/{volume.spec.csi.volume_handle}", driver
            continue
        made = storage.class_of(claim)
        if made is not None:
            yield f"{made.provisioner}/{key}", made.provisioner
