"""The cgroup around all containers of a pod that has resources as a whole.

Docker makes it when the first container goes into it and sets no limits there;
that is done here, by its files, where Docker runs on this host.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from knarr.api.core.resources import ResourceRequirements
from kubelet.runtime.docker.create_options import limits
from kubelet.runtime.docker.usage import CGROUPS, places_of

PARENT = "knarr"

NO_MEMORY_LIMIT, NO_QUOTA = 2**63 - 4096, -1


def name_of(uid: str, driver: str) -> str:
    """What Docker is told; systemd wants slices, whose names say where they are."""
    if driver == "systemd":
        return f"{PARENT}-pod{uid.replace('-', '_')}.slice"
    return f"/{PARENT}/pod{uid}"


def limit(pid: int, resources: ResourceRequirements) -> None:
    """Limit the cgroup around the one a process of the pod is in. Raise OSError."""
    places = places_of(pid)
    if "memory" in places:
        for controller, values in settings(resources, version=1).items():
            folder = CGROUPS / controller / places[controller].lstrip("/")
            _write(folder.parent, values)
    else:
        (values,) = settings(resources, version=2).values()
        _write((CGROUPS / places[""].lstrip("/")).parent, values)


def remove(uid: str) -> None:
    """Take away what is left of a pod's cgroup."""
    for folder in (CGROUPS / PARENT, *CGROUPS.glob(f"*/{PARENT}")):
        with suppress(OSError):
            (folder / f"pod{uid}").rmdir()


def settings(resources: ResourceRequirements, *, version: int) -> Mapping[str, Mapping[str, str]]:
    """What each file of each controller is to hold; of version 2 there is one tree for all."""
    wanted = limits(resources)
    shares, period = wanted["CpuShares"], wanted.get("CpuPeriod", 100_000)
    quota, memory = wanted.get("CpuQuota", NO_QUOTA), wanted.get("Memory")
    if version == 1:
        cpu = {
            "cpu.shares": str(shares),
            "cpu.cfs_period_us": str(period),
            "cpu.cfs_quota_us": str(quota),
        }
        return {"cpu": cpu, "memory": {"memory.limit_in_bytes": str(memory or NO_MEMORY_LIMIT)}}
    weight = 1 + (shares - 2) * 9999 // 262142
    return {
        "": {
            "cpu.weight": str(weight),
            "cpu.max": f"{'max' if quota == NO_QUOTA else quota} {period}",
            "memory.max": "max" if memory is None else str(memory),
        }
    }


def _write(folder: Path, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, value.encode())
        finally:
            os.close(descriptor)
