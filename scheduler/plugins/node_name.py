"""NodeName: a pod that names its node goes nowhere else."""

from collections.abc import Sequence

import numpy as np

from scheduler.arrays import Slots
from scheduler.plugins.local import LocalFilter
from scheduler.plugins.plugin import Rejection
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot


class NodeName(LocalFilter):
    """Rejects nodes other than the one named in `spec.nodeName`."""

    name = "NodeName"

    def concerns(self, shape: Shape) -> bool:
        """Whether the pods name a node."""
        return bool(shape.wanted_node)

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Reject all nodes but the one."""
        wanted = snapshot.slot_of(shape.wanted_node)
        others = np.ones(len(slots), dtype=bool) if wanted is None else slots != wanted
        return (Rejection(others, "node(s) didn't match the requested node name", is_final=True),)
