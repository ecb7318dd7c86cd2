"""VolumeZone: a volume labelled with zone or region is used there only."""

from collections.abc import Sequence

import numpy as np

from knarr.api.keys import Key
from scheduler.arrays import Slots
from scheduler.plugins.plugin import EventKind, Happening, Rejection
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot

ZONE_LABELS = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region": "topology.kubernetes.io/region",
}
"""The labels that count, and the present spelling of each, under which a node may have it too."""

SEPARATOR = "__"
"""Between the zones of a volume that is in several."""


class VolumeZone:
    """Rejects nodes outside of the zones of a pod's volumes."""

    name = "VolumeZone"
    is_local = False
    wakes: frozenset[EventKind] = frozenset(("storage changed", "node added", "node changed"))

    def concerns(self, shape: Shape) -> bool:
        """Whether the pods mount claims."""
        return bool(shape.claims)

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Reject the nodes without the labels of a bound volume."""
        outside = np.zeros(len(slots), dtype=bool)
        for name in shape.claims:
            claim = snapshot.storage.claims.get(Key(shape.namespace, name))
            volume = snapshot.storage.volume_of(claim) if claim else None
            if volume is None:
                continue
            for label, other in ZONE_LABELS.items():
                if label not in volume.metadata.labels:
                    continue
                zones = frozenset(volume.metadata.labels[label].split(SEPARATOR))
                found = snapshot.labels.column(label).where(slots, zones.__contains__, absent=False)
                missing = snapshot.labels.column(label).where(slots, lambda _: False, absent=True)
                found |= missing & snapshot.labels.column(other).where(
                    slots, zones.__contains__, absent=False
                )
                outside |= ~found & _zoned(snapshot, slots)
        return (Rejection(outside, "node(s) had no available volume zone", is_final=True),)

    def helps(self, snapshot: Snapshot, shape: Shape, happening: Happening) -> bool:
        """Whether a claim of the pod, a volume or a node changed."""
        if happening.claim:
            return happening.claim in {f"{shape.namespace}/{name}" for name in shape.claims}
        return True


def _zoned(snapshot: Snapshot, slots: Slots) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether each slot says anything of zones; a cluster without zones has no wrong ones."""
    zoned = np.zeros(len(slots), dtype=bool)
    for label in ZONE_LABELS:
        zoned |= snapshot.labels.column(label).numbers[slots] > 0
    return zoned
