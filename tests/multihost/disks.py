"""A disk that is soon full."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.multihost.host import Host


@dataclass
class SmallDisk:
    """A file system in memory, mounted on a host."""

    host: Host
    folder: Path

    def fill(self) -> None:
        """Leave not a byte."""
        words = "dd if=/dev/zero of=ballast bs=64k; dd if=/dev/zero of=ballast2 bs=1; df -k ."
        told = self.host.run("sh", "-c", f"cd {self.folder}; {words}", check=False, timeout_s=60)
        assert "100%" in told, told

    def empty(self) -> None:
        """Take away what filled it."""
        self.host.run("sh", "-c", f"rm -f {self.folder}/ballast*")


@contextmanager
def small_disk(host: Host, folder: Path, *, mebibytes: int) -> Iterator[SmallDisk]:
    """A small disk mounted in a folder of the host while the block runs."""
    host.run("mkdir", "-p", str(folder))
    host.run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder))
    try:
        yield SmallDisk(host, folder)
    finally:
        host.run("umount", "-l", str(folder))
