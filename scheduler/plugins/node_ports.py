"""NodePorts: no host port is taken twice."""

from collections.abc import Sequence

import numpy as np

from scheduler.arrays import Slots
from scheduler.plugins.local import LocalFilter
from scheduler.plugins.plugin import EventKind, Rejection
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot


class NodePorts(LocalFilter):
    """Rejects nodes on which a wanted host port is taken."""

    name = "NodePorts"
    wakes: frozenset[EventKind] = frozenset(("pod removed", "node added"))

    def concerns(self, shape: Shape) -> bool:
        """Whether the pods take host ports."""
        return bool(shape.host_ports)

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Reject nodes where one of the ports is taken."""
        taken = {slot for port in shape.host_ports for slot in snapshot.slots_with_port(port)}
        clashing = np.isin(slots, np.fromiter(taken, np.intp, len(taken)))
        return (Rejection(clashing, "node(s) didn't have free ports for the requested pod ports"),)
