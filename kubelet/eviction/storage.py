"""Pods that write more to the node's disk than they said they would. Pure."""

from collections.abc import Mapping

from msgspec import Struct

from knarr.api import quantities
from knarr.api.core.pod import Pod
from knarr.api.pod_resources import total

DISK = "ephemeral-storage"


class DiskUse(Struct, frozen=True):
    """What a pod takes of the disk, in bytes."""

    containers: Mapping[str, int] = {}
    """What each container wrote into itself, and its log."""
    empty_dirs: Mapping[str, int] = {}
    """What is in each volume made for the pod alone."""

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.containers.values()) + sum(self.empty_dirs.values())


def is_limited(pod: Pod) -> bool:
    """Whether anything of the pod may grow too big."""
    return any(DISK in one.resources.limits for one in pod.spec.containers) or any(
        one.empty_dir is not None and one.empty_dir.size_limit is not None
        for one in pod.spec.volumes
    )


def excess(pod: Pod, use: DiskUse) -> str:
    """Why the pod must go, in Kubernetes' words; empty when it need not."""
    for volume in pod.spec.volumes:
        limit = volume.empty_dir.size_limit if volume.empty_dir is not None else None
        if limit and use.empty_dirs.get(volume.name, 0) > quantities.value(limit):
            return f'Usage of EmptyDir volume "{volume.name}" exceeds the limit "{limit}". '
    for spec in pod.spec.containers:
        bound = spec.resources.limits.get(DISK)
        if bound is not None and use.containers.get(spec.name, 0) > quantities.value(bound):
            return f'Container {spec.name} exceeded its local ephemeral storage limit "{bound}". '
    whole = total(pod.spec, "limits").get(DISK)
    is_whole = all(DISK in one.resources.limits for one in pod.spec.containers)
    if whole is None or not is_whole or use.total <= quantities.value(whole):
        return ""
    return f"Pod ephemeral local storage usage exceeds the total limit of containers {whole}. "
