"""Writes the files of a volume so that a container sees all of them change at once.

`..data` is a link to a folder with a time in its name; every file is a link
through it. A change makes a new folder and turns the one link.
"""

import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from knarr.daemon.owners import is_group_here
from kubelet.volumes.payload import File

DATA = "..data"


def write_files(
    folder: Path, files: Mapping[str, File], now: datetime, *, group: int | None
) -> bool:
    """Make the folder show these files; answer whether anything changed."""
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / DATA
    before = folder / os.readlink(link) if link.is_symlink() else None  # noqa: PTH115
    if before is not None and _same(before, files):
        return False
    fresh = folder / f"..{now:%Y_%m_%d_%H_%M_%S.%f}"
    fresh.mkdir(mode=0o755)
    for name, file in files.items():
        _write(fresh / name, file, group)
    turned = folder / "..data_tmp"
    turned.unlink(missing_ok=True)
    turned.symlink_to(fresh.name)
    turned.rename(link)
    _link_names(folder, files)
    if before is not None:
        shutil.rmtree(before, ignore_errors=True)
    return True


def _same(before: Path, files: Mapping[str, File]) -> bool:
    there = {str(path.relative_to(before)): path for path in before.rglob("*") if path.is_file()}
    return there.keys() == files.keys() and all(
        path.read_bytes() == files[name].data for name, path in there.items()
    )


def _write(path: Path, file: File, group: int | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.data)
    if group is not None and is_group_here(group):
        os.chown(path, -1, group)
        path.chmod(file.mode | 0o040)
    else:
        path.chmod(file.mode)


def _link_names(folder: Path, files: Mapping[str, File]) -> None:
    wanted = {Path(name).parts[0] for name in files}
    for path in folder.iterdir():
        if path.is_symlink() and path.name not in wanted and not path.name.startswith(".."):
            path.unlink()
    for name in wanted:
        path = folder / name
        if not path.is_symlink():
            path.symlink_to(f"{DATA}/{name}")
