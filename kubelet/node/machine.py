"""What this machine is and has, read from the system."""

import os
import platform
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from knarr.api.core.node import NodeSystemInfo
from knarr.api.quantities import canonical
from knarr.api.scalars import Quantity

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

KUBELET_VERSION = "v1.36.0"
"""The version of Kubernetes whose kubelet this one stands in for."""


def capacity(disk: Path, *, pods_max: int) -> Mapping[str, Quantity]:
    """Processors, memory, disk below `disk`, and how many pods the node takes."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": canonical(str(os.cpu_count() or 1)),
        "memory": canonical(f"{memory // 1024}Ki"),
        "ephemeral-storage": canonical(f"{shutil.disk_usage(disk).total // 1024}Ki"),
        "pods": canonical(str(pods_max)),
        "hugepages-1Gi": canonical("0"),
        "hugepages-2Mi": canonical("0"),
    }


def existing(path: Path) -> Path:
    """The nearest folder that is there already, to measure its disk."""
    while not path.exists():
        path = path.parent
    return path


def memory_available_bytes() -> int:
    """What the kernel would still give to programs."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def architecture() -> str:
    """The processor as Go names it: amd64, arm64."""
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


@cache
def system_info(runtime_version: str) -> NodeSystemInfo:
    """The node's system, as `kubectl get nodes -o wide` shows it; it stays until the next boot."""
    return NodeSystemInfo(
        architecture=architecture(),
        boot_id=_read("/proc/sys/kernel/random/boot_id"),
        container_runtime_version=runtime_version,
        kernel_version=platform.release(),
        kube_proxy_version="",
        kubelet_version=KUBELET_VERSION,
        machine_id=_read("/etc/machine-id"),
        operating_system="linux",
        os_image=_os_image(),
        system_uuid=_read("/sys/class/dmi/id/product_uuid"),
    )


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _os_image() -> str:
    for line in _read("/etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return "Linux"
