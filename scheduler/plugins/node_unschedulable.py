"""NodeUnschedulable: no pods on cordoned nodes, save those that tolerate it."""

from collections.abc import Sequence

from knarr.api.core.scheduling import Taint
from knarr.api.tolerations import is_tolerated
from scheduler.arrays import Slots
from scheduler.plugins.local import LocalFilter
from scheduler.plugins.plugin import Rejection
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot

CORDON = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")


class NodeUnschedulable(LocalFilter):
    """Rejects nodes whose `spec.unschedulable` is set."""

    name = "NodeUnschedulable"

    def concerns(self, shape: Shape) -> bool:
        """Whether the pods do not tolerate a cordon."""
        return not is_tolerated(CORDON, shape.pod.spec.tolerations)

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Reject cordoned nodes."""
        return (
            Rejection(snapshot.unschedulable[slots], "node(s) were unschedulable", is_final=True),
        )
