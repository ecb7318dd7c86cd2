"""Keeps the promise of `Runtime` with processes of this machine."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence, Set
from contextlib import suppress
from pathlib import Path

from msgspec.structs import asdict, replace

from knarr.api.core.resources import ResourceRequirements
from knarr.daemon.clock import Clock
from kubelet.logs import read_log
from kubelet.runtime.process.attached import INPUT, AttachSession
from kubelet.runtime.process.folder import (
    ContainerFolder,
    ContainerRecord,
    PodFolder,
    PodRecord,
    load,
    start_time,
    write,
)
from kubelet.runtime.process.identity import Identity, here, identity_of
from kubelet.runtime.process.network import MARK, PodNetworks
from kubelet.runtime.process.notify import FileWatch
from kubelet.runtime.process.output import Pump
from kubelet.runtime.process.privilege import can_mount
from kubelet.runtime.process.processes import Uses, belonging_to
from kubelet.runtime.process.session import open_tcp, run_on_terminal, run_piped
from kubelet.runtime.runtime import (
    Connection,
    ContainerConfig,
    Credentials,
    Image,
    LogOptions,
    Mount,
    Observed,
    Runtime,
    RuntimeFailureError,
    Sandbox,
    SandboxConfig,
    Session,
    Usage,
)
from kubelet.runtime.tcp import TcpConnection

ENTER = Path(__file__).with_name("enter.py")
TERMINAL = Path(__file__).with_name("terminal.py")

SUPERVISE = """
trap : TERM INT HUP QUIT USR1 USR2
from=/dev/null
if [ -p "$1/stdin" ]; then
  from="$1/stdin"
  sleep 2147483647 >"$from" 2>/dev/null &
  echo $! >"$1/stdin.held"
fi
"$2" -I -S "$3" "$1/enter.json" <"$from" >>"$1/stdout" 2>>"$1/stderr"
echo $? >"$1/exit"
"""
"""The shell that waits for a container's end and writes it down, whoever else is gone.

Where the container takes input a sleeper keeps the pipe open, so that it does
not end with the first who was attached.
"""

PID_LOOKS_MAX, PID_EVERY_S = 250, 0.02
"""So often, and so far apart, a container that begins is asked for its pid."""

KILL_AGAIN_S = 0.1
"""A container that lives on so long after it was killed is killed again."""


class ProcessRuntime(Runtime):
    """Runs each container as a process with a waiting shell above it.

    Pods have the addresses they are given, which must be addresses of this
    machine (127.0.0.0/8). Volumes are mounted where mount namespaces are to be
    had. There are no images: a container needs a `command`.
    """

    name = "process"
    is_real = True

    def __init__(self, root: Path, clock: Clock, networks: PodNetworks | None = None) -> None:
        self._root = root
        self._networks = networks
        """None where pods share the machine's network."""
        self._clock = clock
        self._pods: dict[str, PodFolder] = {}
        self._pumps: dict[str, Pump] = {}
        self._descriptors: dict[str, int] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._ended: dict[str, asyncio.Event] = {}
        self._changes: asyncio.Queue[str] = asyncio.Queue()
        self._uses = Uses()
        self._watch: FileWatch | None = None

    def open(self) -> None:
        """Find what runs from before and watch it. Call it in the running loop, once."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._watch = FileWatch()
        found = list(load(self._root))
        if self._networks is not None:
            self._networks.sweep(pod.record.uid for pod in found)
        for pod in found:
            self._pods[pod.record.uid] = pod
            if self._networks is not None:  # Networks do not outlive us.
                pod.keep(replace(pod.record, ready=False))
            for folder in pod.containers.values():
                if folder.view().phase == "running":
                    self._attend(folder)

    def use_pod_cidr(self, cidr: str) -> None:
        """Nothing to make: there is no network."""

    async def version(self) -> str:
        """The version as nodes report it."""
        return "process://0.1.0"

    async def pods(self) -> Sequence[Observed]:
        """Everything on this host that belongs to this kubelet."""
        return [pod.observed() for pod in self._pods.values()]

    async def observe(self, uid: str) -> Observed | None:
        """All there is of one pod."""
        pod = self._pods.get(uid)
        return pod.observed() if pod is not None else None

    async def changes(self) -> AsyncIterator[str]:
        """Yield a pod's uid whenever a process of it ended."""
        while True:
            yield await self._changes.get()

    async def start_sandbox(self, config: SandboxConfig) -> Sandbox:
        """Note the pod and its address, and give it a network where there are any."""
        if self._networks is not None and not config.spec.host_network:
            try:
                await self._networks.make(config.pod.uid, config.ip)
            except (OSError, TimeoutError) as error:
                raise RuntimeFailureError("FailedCreatePodSandBox", str(error)) from None
        record = PodRecord(
            uid=config.pod.uid,
            namespace=config.pod.namespace,
            name=config.pod.name,
            attempt=config.attempt,
            ip=config.ip,
            created_at=self._clock.now().isoformat(),
        )
        pod = self._pods.get(config.pod.uid)
        if pod is None:
            path = self._root / config.pod.uid
            path.mkdir(mode=0o700, exist_ok=True)
            pod = PodFolder(path, record)
            self._pods[config.pod.uid] = pod
        pod.keep(record)
        for name, text in (("resolv.conf", config.resolv_conf), ("hosts", config.hosts)):
            (pod.path / name).write_text(text)
        return record.sandbox()

    async def stop_sandbox(self, uid: str) -> None:
        """End what is left of the pod and mark its sandbox as over."""
        pod = self._pods.get(uid)
        if pod is None:
            return
        for folder in list(pod.containers.values()):
            await self.stop_container(folder.id, grace_s=0)
        if self._networks is not None:
            self._networks.remove(uid)
        pod.keep(replace(pod.record, ready=False))

    async def remove_pod(self, uid: str) -> None:
        """Remove the pod's folder."""
        await self.stop_sandbox(uid)
        pod = self._pods.pop(uid, None)
        if pod is not None:
            shutil.rmtree(pod.path, ignore_errors=True)

    async def start_container(self, config: ContainerConfig) -> str:
        """Start the command. One that cannot be found leaves an exited container."""
        pod = self._pods[config.pod.uid]
        command = self._command(config)
        record = ContainerRecord(
            name=config.name,
            attempt=config.attempt,
            image=config.image,
            spec_hash=config.spec_hash,
            created_at=self._clock.now().isoformat(),
            stop_signal=config.stop_signal,
            stdin_once=config.stdin_once,
            tty=config.tty,
        )
        folder = pod.add(record)
        write(folder.path / "enter.json", self._enter(config, folder, command))
        if config.stdin:
            os.mkfifo(folder.path / INPUT, 0o600)
        self._launch(folder)
        return folder.id

    async def stop_container(self, container_id: str, *, grace_s: float) -> None:
        """Signal the container's process; end every process of it after the grace."""
        folder = self._folder(container_id)
        ended = self._ended.get(container_id)
        if ended is None:
            return
        pid = folder.pid()
        if pid is not None and grace_s > 0:
            with suppress(ProcessLookupError):
                os.kill(pid, _signal(folder.record.stop_signal))
            with suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await ended.wait()
        while not ended.is_set():
            # Again, because its first process may be on its way only.
            self._kill(folder)
            with suppress(TimeoutError):
                async with asyncio.timeout(KILL_AGAIN_S):
                    await ended.wait()

    async def remove_container(self, container_id: str) -> None:
        """Forget an exited container."""
        folder = self._folder(container_id)
        self._pods[folder.uid].drop(folder)

    async def update_resources(self, container_id: str, resources: ResourceRequirements) -> None:
        """Nothing to change: processes have no limits here."""

    async def update_pod_resources(self, uid: str, resources: ResourceRequirements) -> None:
        """There is nothing around a pod."""

    async def exec(
        self, container_id: str, command: Sequence[str], *, stdin: bool = False, tty: bool = False
    ) -> Session:
        """Run a command with the container's environment and view of the files."""
        folder = self._folder(container_id)
        pid = await _pid_of(folder)
        if pid is None:
            raise RuntimeFailureError("Error", f"container {folder.record.name} is not running")
        config = json.loads(folder.read("enter.json"))
        config |= {"command": list(command), "join": pid, "pid_file": "", "failure_file": ""}
        path = folder.path / f"exec-{os.getpid()}-{id(config)}.json"
        write(path, config)
        arguments = [sys.executable, "-I", "-S", str(ENTER), str(path)]
        if tty:
            return await run_on_terminal(arguments)
        return await run_piped(arguments, stdin=stdin)

    async def attach(self, container_id: str) -> Session:
        """What a container prints from now on, and its input if it takes any."""
        folder = self._folder(container_id)
        pump, over = self._pumps.get(container_id), self._ended.get(container_id)
        if pump is None or over is None:
            raise RuntimeFailureError("Error", f"container {folder.record.name} is not running")

        async def exit_code() -> int:
            await over.wait()
            return folder.view().exit_code

        return AttachSession(folder.path, pump, exit_code, once=folder.record.stdin_once)

    async def connect(self, uid: str, port: int) -> Connection:
        """Connect to the pod's address, or from within its network."""
        if self._networks is not None and self._networks.path(uid):
            made = await self._networks.connect(uid, port)
            return TcpConnection(*await asyncio.open_connection(sock=made))
        return await open_tcp(self._pods[uid].record.ip or "127.0.0.1", port)

    async def logs(self, container_id: str, options: LogOptions) -> AsyncIterator[bytes]:
        """Yield what the container printed."""
        folder = self._folder(container_id)
        pump = self._pumps.get(container_id)
        path = folder.path / "log"
        if not path.exists():
            return
        async for piece in read_log(path, options, pump.log if pump else None):
            yield piece

    async def usage(self, container_id: str) -> Usage | None:
        """What the container's processes use together."""
        folder = self._folder(container_id)
        supervisor = folder.supervisor()
        if supervisor is None:
            return None
        # Whoever has a terminal has a session of its own.
        pid = folder.pid() if folder.record.tty else None
        return self._uses.of(supervisor if pid is None else pid, self._clock.now())

    def disk_paths(self, container_id: str) -> Sequence[Path]:
        """Its own folder, log included."""
        return (self._folder(container_id).path,)

    def image_folder(self) -> Path | None:
        """There are none."""
        return None

    async def image(self, name: str) -> Image | None:
        """Every image is there, since none is used."""
        return Image(id="", names=(name,), size_bytes=0)

    async def images(self) -> Sequence[Image]:
        """None."""
        return ()

    async def pull(self, name: str, credentials: Sequence[Credentials]) -> Image:
        """Nothing to get."""
        return Image(id="", names=(name,), size_bytes=0)

    async def unpack(self, name: str) -> Path:
        """Refuse: there are no images."""
        raise RuntimeFailureError("FailedMount", "only Docker has images to show")

    async def remove_image(self, image_id: str) -> None:
        """Nothing to remove."""

    async def remove_unpacked(self, in_use: Set[str]) -> None:
        """There is nothing of that."""

    async def close(self) -> None:
        """Let go of files; what runs goes on."""
        for pump in self._pumps.values():
            pump.leave()
        self._pumps.clear()
        loop = asyncio.get_running_loop()
        for descriptor in self._descriptors.values():
            loop.remove_reader(descriptor)
            os.close(descriptor)
        self._descriptors.clear()
        for child in self._children.values():
            child.returncode = 0  # It goes on without us; nobody shall warn of that.
        if self._watch is not None:
            self._watch.close()
        if self._networks is not None:
            self._networks.close()

    def _command(self, config: ContainerConfig) -> list[str]:
        command = [*config.command, *config.args] if config.command else []
        if not command:
            raise RuntimeFailureError(
                "CreateContainerError",
                f'image "{config.image}" cannot be run: the process runtime runs commands of this '
                'machine, not images. Give the container a "command", or start the cluster with '
                "--runtime docker",
            )
        return command

    def _enter(
        self, config: ContainerConfig, folder: ContainerFolder, command: list[str]
    ) -> dict[str, object]:
        """What `enter.py` is told."""
        try:
            identity = identity_of(config, here())
        except RuntimeFailureError:
            self._pods[folder.uid].drop(folder)
            raise
        mounts = (*self._own_files(config.pod.uid), *config.mounts)
        if mounts and not can_mount():
            missing = [mount.container_path for mount in mounts if not mount.optional]
            if missing:
                self._pods[folder.uid].drop(folder)
                raise RuntimeFailureError(
                    "CreateContainerError",
                    f"cannot mount {', '.join(missing)}: this machine allows neither root nor "
                    "user namespaces, which the process runtime needs for volumes",
                )
            mounts = ()
        root = folder.path / "root"
        root.mkdir(exist_ok=True)
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.path.expanduser("~")}  # noqa: PTH111
        return {
            "command": command,
            "env": environment | dict(config.env) | {MARK: folder.id},
            "working_dir": config.working_dir or str(_work_dir(folder.path, identity)),
            "mounts": [asdict(mount) for mount in mounts],
            "root": str(root),
            "network": self._networks.path(config.pod.uid) if self._networks else "",
            "identity": asdict(identity),
            "oom_score_adj": max(config.oom_score_adj, 0),
            "pid_file": str(folder.path / "pid"),
            "failure_file": str(folder.path / "failure"),
        }

    def _own_files(self, uid: str) -> Sequence[Mount]:
        """The resolver's settings and the hosts file, where the pod has a network for them."""
        if self._networks is None or not self._networks.path(uid):
            return ()
        folder = self._pods[uid].path
        return [
            Mount(host_path=str(folder / name), container_path=f"/etc/{name}", optional=True)
            for name in ("resolv.conf", "hosts")
        ]

    def _launch(self, folder: ContainerFolder) -> None:
        for stream in ("stdout", "stderr"):
            (folder.path / stream).touch(mode=0o600)
        program = TERMINAL if folder.record.tty else ENTER
        child = subprocess.Popen(
            ["/bin/sh", "-c", SUPERVISE, "knarr", str(folder.path), sys.executable, str(program)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            env=os.environ | {MARK: folder.id},
        )
        (folder.path / "supervisor").write_text(f"{child.pid} {start_time(child.pid)}")
        self._children[folder.id] = child
        self._attend(folder)

    def _attend(self, folder: ContainerFolder) -> None:
        """Read its output and notice its end."""
        assert self._watch is not None, "open() comes first"
        self._ended[folder.id] = asyncio.Event()
        self._pumps[folder.id] = Pump(folder.path, self._watch, self._clock.now)
        supervisor = folder.supervisor()
        descriptor = -1
        if supervisor is not None:
            with suppress(ProcessLookupError):
                descriptor = os.pidfd_open(supervisor)
        if descriptor < 0:
            self._over(folder)
            return
        self._descriptors[folder.id] = descriptor
        asyncio.get_running_loop().add_reader(descriptor, self._over, folder)

    def _over(self, folder: ContainerFolder) -> None:
        """The waiting shell ended, so the container did; whatever it left is ended too."""
        descriptor = self._descriptors.pop(folder.id, None)
        if descriptor is not None:
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)
        child = self._children.pop(folder.id, None)
        if child is not None:
            child.wait()
        self._kill(folder)
        self._pumps.pop(folder.id).finish()
        self._ended.pop(folder.id).set()
        self._changes.put_nowait(folder.uid)

    def _kill(self, folder: ContainerFolder) -> None:
        """End every process of a container but the shell that writes its end down."""
        supervisor = folder.supervisor()
        for pid in belonging_to(f"{MARK}={folder.id}"):
            if pid != supervisor:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)

    def _folder(self, container_id: str) -> ContainerFolder:
        uid = container_id.removeprefix("process://").partition("/")[0]
        pod = self._pods.get(uid)
        folder = pod.containers.get(container_id) if pod is not None else None
        if folder is None:
            raise RuntimeFailureError("Error", f"there is no container {container_id}")
        return folder


def _work_dir(path: Path, identity: Identity) -> Path:
    """Where a container is that says nothing: an empty folder of its own."""
    work = path / "work"
    work.mkdir(exist_ok=True)
    if not identity.is_renamed:
        unchanged = -1
        user, group = identity.user, identity.group
        os.chown(work, unchanged if user is None else user, unchanged if group is None else group)
    return work


def _signal(name: str) -> signal.Signals:
    try:
        return signal.Signals[name] if name else signal.SIGTERM
    except KeyError:
        return signal.SIGTERM


async def _pid_of(folder: ContainerFolder) -> int | None:
    """The container's own pid; one that has just begun tells it a moment later."""
    for _ in range(PID_LOOKS_MAX):
        pid = folder.pid()
        if pid is not None or folder.view().phase != "running":
            return pid
        await asyncio.sleep(PID_EVERY_S)
    return None
