"""Follows the folder of manifests: each file is a pod of this node.

A file is read when it appears or changes; one that holds no pod is told of and
left alone. Files that begin with a dot are nobody's.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from knarr.api.core.pod import Pod
from knarr.daemon.clock import Clock
from kubelet.runtime.process.notify import FOLDER_CHANGES, FileWatch
from kubelet.static.manifest import ManifestError, static_pod

log = structlog.get_logger()

SETTLE_S = 0.1
"""A change is followed by others: an editor writes, renames, removes."""

Changed = Callable[[Pod | None, Pod | None], None]


class StaticPods:
    """The pods of a folder, or of one file."""

    def __init__(self, path: Path, node_name: str, clock: Clock) -> None:
        self._path = path
        self._node_name = node_name
        self._clock = clock
        self._texts: dict[Path, str] = {}
        self._by_file: dict[Path, Pod] = {}
        self._changed: list[Changed] = []

    @property
    def pods(self) -> Mapping[str, Pod]:
        """What is there, by uid."""
        return {pod.metadata.uid: pod for pod in self._by_file.values()}

    def handle(self, changed: Changed) -> None:
        """Call it for every pod that is there, and for every change from now on."""
        self._changed.append(changed)
        for pod in self._by_file.values():
            changed(None, pod)

    def read(self) -> None:
        """Look at all files."""
        there = {}
        for path in self._files():
            try:
                there[path] = path.read_text()
            except (OSError, UnicodeDecodeError) as error:
                log.warning("manifest not read", path=str(path), error=str(error))
        for path in self._by_file.keys() - there.keys():
            self._put(path, None)
        for path, text in there.items():
            if self._texts.get(path) != text:
                self._read_one(path, text)
        self._texts = there

    async def run(self) -> None:
        """Read again whenever something changes, until cancelled."""
        folder = self._path if self._path.is_dir() else self._path.parent
        wake = asyncio.Event()
        watch = FileWatch()
        try:
            watch.add(folder, wake.set, FOLDER_CHANGES)
            self.read()
            while True:
                await wake.wait()
                await asyncio.sleep(SETTLE_S)
                wake.clear()
                self.read()
        finally:
            watch.close()

    def _files(self) -> list[Path]:
        if self._path.is_dir():
            return sorted(
                one
                for one in self._path.iterdir()
                if one.is_file() and not one.name.startswith(".")
            )
        return [self._path] if self._path.is_file() else []

    def _read_one(self, path: Path, text: str) -> None:
        try:
            pod = static_pod(text, self._node_name, self._clock.now())
        except ManifestError as error:
            log.warning("manifest holds no pod", path=str(path), error=str(error))
            return
        before = self._by_file.get(path)
        if before is None or before.metadata.uid != pod.metadata.uid:
            self._put(path, pod)

    def _put(self, path: Path, pod: Pod | None) -> None:
        before = self._by_file.pop(path, None)
        if pod is not None:
            self._by_file[path] = pod
        for changed in self._changed:
            changed(before, pod)
