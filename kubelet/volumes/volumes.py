"""Makes, refreshes and removes the volumes of pods on this host.

    <root>/<pod uid>/<volume name>    one volume

hostPath and claims of local storage are used where they lie.
"""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Literal

from knarr.api import quantities
from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.container import EphemeralContainer
from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod
from knarr.api.core.security import PodSecurityContext
from knarr.api.core.volume import Volume
from knarr.api.core.volume_source import EmptyDirVolumeSource, HostPathVolumeSource
from knarr.api.errors import NotFoundError
from knarr.api.keys import Key
from knarr.client.client import Client
from knarr.daemon.clock import Clock
from knarr.daemon.owners import is_group_here
from kubelet.runtime.runtime import Mount
from kubelet.sync.downward import PodFacts
from kubelet.sync.env import expand
from kubelet.volumes.atomic import write_files
from kubelet.volumes.payload import (
    MissingVolumeDataError,
    VolumeSources,
    is_payload,
    payload,
)

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"

_HOST_PATH_TESTS = {
    "Directory": ("is_dir", "directory"),
    "File": ("is_file", "file"),
    "Socket": ("is_socket", "socket"),
    "CharDevice": ("is_char_device", "character device"),
    "BlockDevice": ("is_block_device", "block device"),
}


class VolumeNotReadyError(Exception):
    """A volume cannot be made yet; the message is what FailedMount says."""


class SubPathError(Exception):
    """A container asks for a part of a volume that it cannot have."""


class Volumes:
    """The volumes of the pods of one host."""

    def __init__(self, root: Path, client: Client, clock: Clock) -> None:
        self._root = root
        self._client = client
        self._clock = clock
        self._places: dict[str, Mapping[str, Path]] = {}
        self._owned: set[Path] = set()

    def places(self, uid: str) -> Mapping[str, Path]:
        """Where the volumes of a pod lie, by name."""
        return self._places.get(uid, {})

    async def prepare(self, facts: PodFacts, sources: VolumeSources) -> Mapping[str, Path]:
        """Make or refresh every volume of a pod; answer where each lies.

        Raise VolumeNotReadyError when one cannot be made.
        """
        places = {}
        for volume in facts.pod.spec.volumes:
            if volume.image is not None:
                continue
            try:
                places[volume.name] = await self._prepare(volume, facts, sources)
            except (MissingVolumeDataError, OSError) as error:
                raise VolumeNotReadyError(
                    f'MountVolume.SetUp failed for volume "{volume.name}" : {error}'
                ) from error
        self._places[facts.pod.metadata.uid] = places
        return places

    def folder(self, uid: str, name: str) -> Path:
        """Where a volume lies that was made for one pod."""
        return self._root / uid / name

    def remove(self, uid: str) -> None:
        """Remove a pod's volumes; what was only used stays."""
        for place in self._places.pop(uid, {}).values():
            self._owned.discard(place)
        folder = self._root / uid
        if not folder.exists():
            return
        for inner in folder.iterdir():
            if inner.is_mount():
                subprocess.run(["umount", "-l", str(inner)], check=False)
        shutil.rmtree(folder, ignore_errors=True)

    async def _prepare(self, volume: Volume, facts: PodFacts, sources: VolumeSources) -> Path:
        folder = self.folder(facts.pod.metadata.uid, volume.name)
        security = facts.pod.spec.security_context
        group = security.fs_group if security is not None else None
        files = payload(volume, facts, sources)
        if files is not None:
            write_files(folder, files, self._clock.now(), group=group)
            return folder
        if volume.empty_dir is not None:
            return _empty_dir(folder, volume.empty_dir, group)
        if volume.host_path is not None:
            return _host_path(volume.host_path)
        if volume.persistent_volume_claim is not None:
            return await self._claim(facts.pod, volume.persistent_volume_claim.claim_name)
        if volume.ephemeral is not None:
            name = f"{facts.pod.metadata.name}-{volume.name}"
            return await self._claim(facts.pod, name)
        if volume.nfs is not None:
            return _nfs(folder, volume.nfs.server, volume.nfs.path)
        raise VolumeNotReadyError(f'volume "{volume.name}" is of a kind this node cannot mount')

    async def _claim(self, pod: Pod, name: str) -> Path:
        """Where the storage bound to a claim lies on this host."""
        namespace = pod.metadata.namespace
        try:
            claim = await self._client.get(PersistentVolumeClaim, Key(namespace, name))
        except NotFoundError:
            raise MissingVolumeDataError(f'persistentvolumeclaim "{name}" not found') from None
        if claim.status.phase != "Bound" or not claim.spec.volume_name:
            raise MissingVolumeDataError(f'persistentvolumeclaim "{name}" is not bound')
        found = await self._client.get(PersistentVolume, Key("", claim.spec.volume_name))
        if found.spec.local is not None:
            path = Path(found.spec.local.path)
        elif found.spec.host_path is not None:
            path = _host_path(found.spec.host_path)
        elif found.spec.nfs is not None:
            nfs = found.spec.nfs
            return _nfs(self._root / pod.metadata.uid / name, nfs.server, nfs.path)
        else:
            raise MissingVolumeDataError(f'volume "{found.metadata.name}" needs a driver')
        path.mkdir(parents=True, exist_ok=True)
        await self._own_all(path, pod.spec.security_context)
        return path

    async def _own_all(self, path: Path, security: PodSecurityContext | None) -> None:
        """Give the pod's group what lies in a claim already, once for each pod that comes."""
        group = security.fs_group if security is not None else None
        if group is None or security is None or path in self._owned:
            return
        self._owned.add(path)
        if security.fs_group_change_policy == "OnRootMismatch" and _is_owned(path, group):
            return
        await asyncio.to_thread(_own_below, path, group)


def mounts_of(
    container: ContainerSpec | EphemeralContainer,
    places: Mapping[str, Path],
    environment: Mapping[str, str],
    read_only: Set[str] = frozenset(),
) -> tuple[Mount, ...]:
    """What of the volumes a container sees, and where; some of them nobody may write to."""
    mounts = []
    for one in container.volume_mounts:
        place = places.get(one.name)
        if place is None:
            continue
        below = one.sub_path
        if one.sub_path_expr:
            below = _expanded(one.sub_path_expr, environment)
        mounts.append(
            Mount(
                host_path=str(_below(place, below)),
                container_path=one.mount_path,
                read_only=one.read_only or one.name in read_only,
                propagation=_propagation(one.mount_propagation),
                optional=one.mount_path == TOKEN_PATH,
            )
        )
    return tuple(mounts)


def is_read_only(volume: Volume) -> bool:
    """Whether nobody may write to a volume: it shows what is elsewhere, or says so itself."""
    if is_payload(volume) or volume.image is not None:
        return True
    for source in (volume.persistent_volume_claim, volume.nfs):
        if source is not None and source.read_only:
            return True
    return False


def _propagation(word: str | None) -> Literal["None", "HostToContainer", "Bidirectional"]:
    if word == "HostToContainer":
        return "HostToContainer"
    return "Bidirectional" if word == "Bidirectional" else "None"


def _expanded(expression: str, environment: Mapping[str, str]) -> str:
    for name in re.findall(r"(?<!\$)\$\(([^()]*)\)", expression):
        if name not in environment:
            raise SubPathError(f'failed to expand subPathExpr: missing value for "{name}"')
    return expand(expression, environment)


def _below(place: Path, below: str) -> Path:
    if not below:
        return place
    if below.startswith("/"):
        raise SubPathError(f"error SubPath `{below}` must not be an absolute path")
    if ".." in below.split("/"):
        raise SubPathError(f"unable to provision SubPath `{below}`: must not contain '..'")
    path = place / below
    if not path.exists() and not path.is_symlink():
        _make_below(place, path)
    if place.resolve() not in (path.resolve(), *path.resolve().parents):
        raise SubPathError(f"unable to provision SubPath `{below}`: it leads out of the volume")
    return path.resolve()


def _make_below(place: Path, path: Path) -> None:
    """Make a folder in a volume; whoever may write to the volume may write to it."""
    mode = place.stat().st_mode & 0o7777
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for one in reversed(missing):
        one.mkdir()
        one.chmod(mode)


def _empty_dir(folder: Path, source: EmptyDirVolumeSource, group: int | None) -> Path:
    fresh = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    # Memory does not survive a restart of the machine, the folder does.
    to_mount = source.medium == "Memory" and os.geteuid() == 0 and not folder.is_mount()
    if to_mount:
        size = quantities.value(source.size_limit) if source.size_limit else 0
        options = f"size={size},mode=777" if size else "mode=777"
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
            check=True,
            capture_output=True,
        )
    if fresh or to_mount:
        folder.chmod(0o777)
        _own(folder, group)
    return folder


def _host_path(source: HostPathVolumeSource) -> Path:
    path, wanted = Path(source.path), source.type or ""
    if wanted == "DirectoryOrCreate":
        path.mkdir(parents=True, exist_ok=True, mode=0o755)
    elif wanted == "FileOrCreate":
        path.touch(exist_ok=True, mode=0o644)
    elif wanted in _HOST_PATH_TESTS:
        test, word = _HOST_PATH_TESTS[wanted]
        if not getattr(path, test)():
            raise MissingVolumeDataError(
                f"hostPath type check failed: {source.path} is not a {word}"
            )
    elif not path.exists():
        path.mkdir(parents=True, exist_ok=True)
    return path


def _nfs(folder: Path, server: str, path: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if not folder.is_mount():
        done = subprocess.run(
            ["mount", "-t", "nfs", f"{server}:{path}", str(folder)],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise MissingVolumeDataError(f"mount failed: {done.stderr.strip()}")
    return folder


def _own(path: Path, group: int | None) -> None:
    """Give a volume to the pod's group, new files too."""
    if group is None or not is_group_here(group):
        return
    os.chown(path, -1, group)
    path.chmod(path.stat().st_mode | 0o2770)


def _is_owned(path: Path, group: int) -> bool:
    told = path.stat()
    return told.st_gid == group and told.st_mode & 0o2770 == 0o2770


def _own_below(path: Path, group: int) -> None:
    """The same for a folder and all that is in it."""
    if not is_group_here(group):
        return
    for folder, _, files in os.walk(path, topdown=False):
        for name in files:
            file = Path(folder, name)
            os.lchown(file, -1, group)
            if not file.is_symlink():
                file.chmod(file.stat().st_mode | 0o660)
        _own(Path(folder), group)
