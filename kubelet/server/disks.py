"""What pods take of the disks, in the shapes of /stats/summary; measured at most once a minute."""

import asyncio
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from knarr.api.core.pod import Pod
from knarr.api.core.volume import Volume
from knarr.api.times import to_time
from kubelet.eviction.readings import disk_bytes
from kubelet.node.machine import existing
from kubelet.runtime.runtime import Container
from kubelet.sync.host import Host

GOOD_FOR_S = 60.0
"""A pod may have many files: they are counted so often, as Kubernetes does."""

Json = dict[str, Any]


class PodDisks(Struct, frozen=True):
    """One pod's part of a summary."""

    at: datetime
    containers: dict[str, Json]
    """The fields `rootfs` and `logs` of each container."""
    volumes: Sequence[Json]
    whole: Json
    """All the pod wrote to the node's own disk."""


class Disks:
    """Measures the disks of pods, and remembers."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._known: dict[str, PodDisks] = {}

    async def of(self, pod: Pod, containers: Sequence[Container]) -> PodDisks:
        """What a pod takes, not older than a minute."""
        now, uid = self._host.clock.now(), pod.metadata.uid
        known = self._known.get(uid)
        names = {one.name for one in containers}
        fresh = known is not None and timedelta() <= now - known.at < timedelta(seconds=GOOD_FOR_S)
        if known is None or not fresh or names - known.containers.keys():
            paths = {one.name: self._host.runtime.disk_paths(one.id) for one in containers}
            known = await asyncio.to_thread(self._measure, pod, paths, now)
            self._known[uid] = known
        return known

    def keep_only(self, uids: frozenset[str]) -> None:
        """Forget pods that are gone."""
        for uid in self._known.keys() - uids:
            del self._known[uid]

    def _measure(self, pod: Pod, paths: dict[str, Sequence[Path]], now: datetime) -> PodDisks:
        own = 0
        containers: dict[str, Json] = {}
        for name, mine in paths.items():
            written = disk_bytes([one for one in mine if one.is_dir()])
            logged = disk_bytes([one for one in mine if not one.is_dir()])
            own += written + logged
            images = self._host.runtime.image_folder() or Path(self._host.state_dir)
            containers[name] = {
                "rootfs": _disk(images, written, now),
                "logs": _disk(Path(self._host.state_dir), logged, now),
            }
        volumes = []
        places = self._host.volumes.places(pod.metadata.uid)
        for volume in pod.spec.volumes:
            place = places.get(volume.name)
            if place is None or volume.host_path is not None or not place.exists():
                continue
            used = disk_bytes([place])
            volumes.append({**_disk(place, used, now), "name": volume.name, **_claim(pod, volume)})
            if volume.persistent_volume_claim is None and not place.is_mount():
                own += used
        return PodDisks(now, containers, volumes, _disk(Path(self._host.state_dir), own, now))


def _claim(pod: Pod, volume: Volume) -> Json:
    claim = volume.persistent_volume_claim
    if claim is None:
        return {}
    return {"pvcRef": {"name": claim.claim_name, "namespace": pod.metadata.namespace}}


def _disk(place: Path, used: int, now: datetime) -> Json:
    told = os.statvfs(existing(place))
    return {
        "time": to_time(now),
        "availableBytes": told.f_bavail * told.f_frsize,
        "capacityBytes": told.f_blocks * told.f_frsize,
        "usedBytes": used,
        "inodesFree": told.f_favail,
        "inodes": told.f_files,
    }
