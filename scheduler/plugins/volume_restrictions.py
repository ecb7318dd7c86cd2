"""VolumeRestrictions: what may be mounted once is not mounted twice."""

from collections.abc import Iterator, Sequence

import numpy as np

from knarr.api.core.pod import Pod
from knarr.api.core.volume import Volume
from knarr.api.keys import Key
from scheduler.arrays import Slots
from scheduler.plugins.plugin import EventKind, Happening, Rejection
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot

DISK_TAKEN = "node(s) had no available disk"
CLAIM_TAKEN = (
    "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
)


class VolumeRestrictions:
    """Rejects nodes where a disk is mounted that cannot be shared, or a claim of one pod only."""

    name = "VolumeRestrictions"
    is_local = False
    wakes: frozenset[EventKind] = frozenset(("pod removed", "node added", "storage changed"))

    def concerns(self, shape: Shape) -> bool:
        """Whether the pods mount claims, or disks by name."""
        return bool(shape.claims) or any(True for _ in _disks(shape.pod))

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Reject nodes where a pod is that has such a disk, and all where a claim is taken."""
        disks = tuple(_disks(shape.pod))
        clashing = np.zeros(len(slots), dtype=bool)
        if disks:
            for number, slot in enumerate(slots):
                clashing[number] = any(
                    _clash(disk, other)
                    for placed in snapshot.pods_on(int(slot))
                    for other in _disks(placed.pod)
                    for disk in disks
                )
        taken = np.zeros(len(slots), dtype=bool)
        for name in shape.claims:
            key = Key(shape.namespace, name)
            claim = snapshot.storage.claims.get(key)
            if claim is not None and "ReadWriteOncePod" in claim.spec.access_modes:
                # Whichever node it is used on, it is not to be had again.
                taken |= bool(snapshot.claims.get(key))
        return (
            Rejection(clashing, DISK_TAKEN),
            Rejection(taken & ~clashing, CLAIM_TAKEN),
        )

    def helps(self, snapshot: Snapshot, shape: Shape, happening: Happening) -> bool:
        """Whether a pod went that shares a claim or disk, or the claim changed."""
        if happening.pod is None:
            return True
        other = happening.pod
        shares = other.namespace == shape.namespace and set(other.claims) & set(shape.claims)
        return bool(shares) or any(True for _ in _disks(other.pod))


_Disk = tuple[str, tuple[str, ...], bool]
"""Kind, what tells it from others, and whether it is mounted for reading only."""


def _disks(pod: Pod) -> Iterator[_Disk]:
    for volume in pod.spec.volumes:
        disk = _disk(volume)
        if disk is not None:
            yield disk


def _disk(volume: Volume) -> _Disk | None:
    if volume.gce_persistent_disk is not None:
        gce = volume.gce_persistent_disk
        return "gce", (gce.pd_name,), gce.read_only
    if volume.aws_elastic_block_store is not None:
        return "aws", (volume.aws_elastic_block_store.volume_id,), False
    if volume.iscsi is not None:
        return "iscsi", (volume.iscsi.iqn,), volume.iscsi.read_only
    if volume.rbd is not None:
        rbd = volume.rbd
        return "rbd", (rbd.pool, rbd.image, *sorted(rbd.monitors)), rbd.read_only
    return None


def _clash(one: _Disk, other: _Disk) -> bool:
    if one[0] != other[0] or (one[2] and other[2]):
        return False
    if one[0] == "rbd":
        return one[1][:2] == other[1][:2] and bool(set(one[1][2:]) & set(other[1][2:]))
    return one[1] == other[1]
