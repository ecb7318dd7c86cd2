"""Measures what the node has left and what pods take of its disk."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from kubelet.eviction.decide import Reading
from kubelet.eviction.thresholds import Signal
from kubelet.node.machine import existing, memory_available_bytes

BLOCK_BYTES = 512
"""What `st_blocks` counts in."""


def readings(node_disk: Path, image_disk: Path) -> Mapping[Signal, Reading]:
    """What is left of everything that can run out."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found: dict[Signal, Reading] = {
        "memory.available": Reading(memory_available_bytes(), memory),
        "pid.available": _pids(),
    }
    node, image = os.statvfs(existing(node_disk)), os.statvfs(existing(image_disk))
    found["nodefs.available"] = Reading(
        node.f_bavail * node.f_frsize, node.f_blocks * node.f_frsize
    )
    found["nodefs.inodesFree"] = Reading(node.f_favail, node.f_files)
    found["imagefs.available"] = Reading(
        image.f_bavail * image.f_frsize, image.f_blocks * image.f_frsize
    )
    found["imagefs.inodesFree"] = Reading(image.f_favail, image.f_files)
    return found


def _pids() -> Reading:
    limit = int(Path("/proc/sys/kernel/pid_max").read_text())
    running = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    return Reading(limit - running, limit)


def disk_bytes(paths: Sequence[Path]) -> int:
    """What files and folders take up; what cannot be looked at counts as nothing."""
    return sum(_bytes_below(path) for path in paths)


def _bytes_below(path: Path) -> int:
    try:
        if not path.is_dir() or path.is_symlink():
            return path.lstat().st_blocks * BLOCK_BYTES
        used = path.lstat().st_blocks * BLOCK_BYTES
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    used += _bytes_below(Path(entry.path))
                else:
                    used += entry.stat(follow_symlinks=False).st_blocks * BLOCK_BYTES
    except OSError:
        return 0
    return used
