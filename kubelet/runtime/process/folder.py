"""What is kept on disk of each pod, so that a restarted kubelet finds what runs.

<root>/<pod uid>/pod.json                  the sandbox
<root>/<pod uid>/<container>-<attempt>/    one container:
container.json   what it is made from and when
enter.json       what `enter.py` becomes
supervisor       pid and start time of the shell that waits for its end
pid              its own pid
exit             its exit code, written by the shell
failure          why it could not start
stdout, stderr   what it printed and nobody has read yet
log, log.1, …    what it printed, with times
"""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from kubelet.runtime.runtime import Container, Observed, PodRef, Sandbox


class PodRecord(Struct, frozen=True):
    """A sandbox, as it is kept."""

    uid: str
    namespace: str
    name: str
    attempt: int
    ip: str
    created_at: str
    ready: bool = True

    def sandbox(self) -> Sandbox:
        """The sandbox it tells of."""
        return Sandbox(
            id=f"{self.uid}-{self.attempt}",
            attempt=self.attempt,
            ready=self.ready,
            ip=self.ip,
            created_at=datetime.fromisoformat(self.created_at),
        )

    @property
    def pod(self) -> PodRef:
        """Which pod it is of."""
        return PodRef(self.uid, self.namespace, self.name)


class ContainerRecord(Struct, frozen=True):
    """A container, as it is kept."""

    name: str
    attempt: int
    image: str
    spec_hash: str
    created_at: str
    stop_signal: str = ""
    stdin_once: bool = False
    tty: bool = False


class ContainerFolder:
    """The folder of one attempt of one container."""

    def __init__(self, path: Path, record: ContainerRecord) -> None:
        self.path = path
        self.record = record

    @property
    def id(self) -> str:
        """process://<pod uid>/<container>-<attempt>."""
        return f"process://{self.path.parent.name}/{self.path.name}"

    @property
    def uid(self) -> str:
        """The pod's uid."""
        return self.path.parent.name

    def read(self, name: str) -> str:
        """A small file of the folder, empty when it is not there."""
        try:
            return (self.path / name).read_text()
        except OSError:
            return ""

    def supervisor(self) -> int | None:
        """The pid of the waiting shell while that very process lives."""
        pid, _, started = self.read("supervisor").partition(" ")
        if not pid or start_time(int(pid)) != started:
            return None
        return int(pid)

    def pid(self) -> int | None:
        """The container's own pid while its shell lives."""
        text = self.read("pid")
        return int(text) if text and self.supervisor() is not None else None

    def view(self) -> Container:
        """The container as the kubelet sees it."""
        created_at = datetime.fromisoformat(self.record.created_at)
        container = Container(
            id=self.id,
            name=self.record.name,
            attempt=self.record.attempt,
            phase="running",
            image=self.record.image,
            image_id="",
            spec_hash=self.record.spec_hash,
            created_at=created_at,
            started_at=created_at,
        )
        if self.supervisor() is not None and not self.read("exit"):
            return container
        return self._ended(container)

    def _ended(self, container: Container) -> Container:
        code_text = self.read("exit").strip()
        code = int(code_text) if code_text else 137
        finished = self.path / ("exit" if code_text else "supervisor")
        finished_at = container.created_at
        if finished.exists():
            finished_at = datetime.fromtimestamp(finished.stat().st_mtime, UTC)
        failure = self.read("failure")
        reason = "StartError" if failure else "Completed" if code == 0 else "Error"
        return replace(
            container,
            phase="exited",
            exit_code=code,
            finished_at=finished_at,
            reason=reason,
            message=failure,
        )


class PodFolder:
    """The folder of one pod."""

    def __init__(self, path: Path, record: PodRecord) -> None:
        self.path = path
        self.record = record
        self.containers: dict[str, ContainerFolder] = {}

    def observed(self) -> Observed:
        """All there is of the pod."""
        views = [folder.view() for folder in self.containers.values()]
        views.sort(key=lambda one: (one.created_at, one.attempt))
        return Observed(self.record.pod, self.record.sandbox(), tuple(views))

    def keep(self, record: PodRecord) -> None:
        """Write the sandbox down."""
        self.record = record
        write(self.path / "pod.json", to_builtins(record))

    def add(self, record: ContainerRecord) -> ContainerFolder:
        """Make a container's folder."""
        path = self.path / f"{record.name}-{record.attempt}"
        path.mkdir(mode=0o700)
        write(path / "container.json", to_builtins(record))
        folder = ContainerFolder(path, record)
        self.containers[folder.id] = folder
        return folder

    def drop(self, folder: ContainerFolder) -> None:
        """Remove a container's folder."""
        self.containers.pop(folder.id, None)
        shutil.rmtree(folder.path, ignore_errors=True)


def load(root: Path) -> Iterator[PodFolder]:
    """Every pod that was kept; a folder cut off in the making is removed."""
    for path in sorted(root.iterdir()) if root.exists() else ():
        try:
            pod = PodFolder(path, PodRecord(**json.loads((path / "pod.json").read_text())))
        except (OSError, ValueError, TypeError):
            shutil.rmtree(path, ignore_errors=True)
            continue
        for inner in sorted(path.iterdir()):
            if inner.is_dir():
                _load_container(pod, inner)
        yield pod


def _load_container(pod: PodFolder, path: Path) -> None:
    try:
        record = ContainerRecord(**json.loads((path / "container.json").read_text()))
    except (OSError, ValueError, TypeError):
        shutil.rmtree(path, ignore_errors=True)
        return
    folder = ContainerFolder(path, record)
    pod.containers[folder.id] = folder


def write(path: Path, values: object) -> None:
    """Write JSON so that a reader sees all of it or nothing."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(values))
    fresh.chmod(0o600)
    fresh.rename(path)


def start_time(pid: int) -> str:
    """When a process started, in the kernel's ticks; empty when there is none or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = text[text.rindex(")") + 2 :].split()
    return "" if fields[0] in "ZX" else fields[19]
