"""`knarr pause` and `resume`: a cluster that keeps its place and uses no CPU.

Everything is stopped where it stands (SIGSTOP, or Docker's pause) and goes on
from there. Time goes on meanwhile: what was due is done at once.
"""

import json
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from knarr.cluster.folder import Folder, Running
from knarr.cluster.whole import running_cluster
from knarr.daemon.settings import Flags

_MARK = b"KNARR_CONTAINER_ID=process://"


def pause(arguments: Sequence[str]) -> str:
    """Stop a cluster where it stands; answer what to say. Raise SettingsError."""
    flags = Flags("knarr pause", "Stop the cluster where it stands; it uses no CPU until resumed.")
    name, folder, running = running_cluster(flags, arguments)
    if running.paused:
        return f"cluster {name} is paused already"
    folder.say(replace(running, paused=True))
    # The cluster first, so that no kubelet wonders about its containers.
    _signal(_parts(running), signal.SIGSTOP)
    count = _signal(_processes(folder), signal.SIGSTOP) + _tell_docker(folder, running, "pause")
    return f"cluster {name} is paused, {count} processes of its pods too; `knarr resume` goes on"


def resume(arguments: Sequence[str]) -> str:
    """Let a cluster go on; answer what to say. Raise SettingsError."""
    flags = Flags("knarr resume", "Let a paused cluster go on.")
    name, folder, running = running_cluster(flags, arguments)
    if not running.paused:
        return f"cluster {name} is not paused"
    go_on(folder, running)
    return f"cluster {name} goes on"


def go_on(folder: Folder, running: Running) -> None:
    """Let everything of a cluster run again."""
    _tell_docker(folder, running, "unpause")
    _signal(_processes(folder), signal.SIGCONT)
    folder.say(replace(running, paused=False))
    _signal(_parts(running), signal.SIGCONT)


def _signal(pids: Iterator[int], number: signal.Signals) -> int:
    count = 0
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            count += 1
    return count


def _parts(running: Running) -> Iterator[int]:
    """The cluster's own processes: one, or one for each part."""
    yield running.pid
    for pid in _pids():
        with suppress(OSError):
            text = Path(f"/proc/{pid}/stat").read_text()
            fields = text[text.rindex(")") + 2 :].split()
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if int(fields[1]) == running.pid and b"-m" in words:
                yield pid


def _processes(folder: Folder) -> Iterator[int]:
    """The processes of the pods that run as processes."""
    known = {pod.name.encode() for node in folder.nodes() for pod in (node / "pods").glob("*")}
    for pid in _pids():
        with suppress(OSError):
            for variable in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                if not variable.startswith(_MARK):
                    continue
                if variable.removeprefix(_MARK).partition(b"/")[0] in known:
                    yield pid


def _pids() -> Iterator[int]:
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            yield int(entry.name)


def _tell_docker(folder: Folder, running: Running, verb: str) -> int:
    """Pause or unpause the containers of a cluster on Docker; answer how many."""
    if running.runtime != "docker":
        return 0
    from knarr.daemon.run import run_once  # noqa: PLC0415
    from kubelet.runtime.choose import docker_host  # noqa: PLC0415
    from kubelet.runtime.docker import names  # noqa: PLC0415
    from kubelet.runtime.docker.engine import EngineError, connect  # noqa: PLC0415
    from kubelet.runtime.docker.runtime import DockerSettings  # noqa: PLC0415

    host, told = docker_host(), 0

    async def tell() -> int:
        nonlocal told
        async with connect(host) as engine:
            for node in folder.nodes():
                settings = DockerSettings(host=host, node_name=node.name, state_dir=node)
                status = "running" if verb == "pause" else "paused"
                filters = {"label": [f"{names.KUBELET}={settings.kubelet}"], "status": [status]}
                query = {"filters": json.dumps(filters)}
                for one in await engine.json("GET", "/containers/json", query=query):
                    with suppress(EngineError):
                        await engine.raw("POST", f"/containers/{one['Id']}/{verb}")
                        told += 1
        return 0

    with suppress(EngineError):
        run_once(tell)
    return told
