"""`knarr up`, `down`, `delete` and `status`."""

import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from knarr.cluster.folder import Folder, Running
from knarr.cluster.hosts import commands as hosts
from knarr.cluster.kubeconfig import context_name, remove_context
from knarr.cluster.options import (
    UpOptions,
    add_name_flags,
    folder_of,
    state_home,
    up_options,
)
from knarr.cluster.rootless import remove, settle, sweep
from knarr.daemon.settings import Flags, SettingsError

START_S = 60.0
"""A detached cluster that is not ready by then has failed to start."""

STOP_S = 20.0
"""A cluster that does not end by then is ended."""

LOOK_EVERY_S = 0.01


def up(arguments: Sequence[str]) -> int:
    """Start a cluster, here or in the background."""
    options = up_options(arguments, dict(os.environ))
    running = Folder(options.folder).running()
    if running is not None:
        _say(f"cluster {options.name} runs already: {running.server} (pid {running.pid})")
        return 0
    if options.detach:
        return _detach(options, arguments)
    return _run(options)


def down(arguments: Sequence[str]) -> int:
    """Stop a cluster; its objects stay."""
    flags = Flags("knarr down", "Stop a cluster; everything is there again at its next start.")
    add_name_flags(flags)
    found = flags.read(arguments)
    folder = folder_of(found.state_dir, found.name)
    running = folder.running()
    if running is None:
        _say(f"cluster {found.name} does not run")
        return 0
    _end(folder, running)
    _say(f"cluster {found.name} is stopped")
    return 0


def delete(arguments: Sequence[str]) -> int:
    """Stop a cluster and forget all of it."""
    flags = Flags("knarr delete", "Stop a cluster and remove everything it kept.")
    add_name_flags(flags)
    flags.flag("kubeconfig", default="", help="file that loses the context of the cluster")
    found = flags.read(arguments)
    folder = folder_of(found.state_dir, found.name)
    running = folder.running()
    if running is not None:
        _end(folder, running)
    existed = folder.path.exists()
    _remove_containers(folder)
    sweep(folder.path)
    _unmount(folder.path)
    remove(folder.path)
    home = os.environ.get("HOME", "/root")
    kubeconfig = found.kubeconfig or os.environ.get("KUBECONFIG", "").split(":")[0]
    remove_context(Path(kubeconfig or f"{home}/.kube/config"), found.name)
    _say(f"cluster {found.name} is deleted" if existed else f"there is no cluster {found.name}")
    return 0


def _unmount(folder: Path) -> None:
    """Take away what is mounted for volumes, so that only what is ours is removed."""
    for line in Path("/proc/mounts").read_text().splitlines():
        place = line.split()[1]
        if place.startswith(f"{folder}/"):
            subprocess.run(["umount", "-l", place], check=False)


def status(arguments: Sequence[str]) -> int:
    """Say which clusters there are and what they do; 1 when the one asked for does not run."""
    flags = Flags("knarr status", "Say which clusters are kept here and which of them run.")
    flags.flag("name", default="", help="only this cluster")
    flags.flag("state-dir", default="", help="folder in which clusters are kept")
    flags.flag("output", choices=("text", "json"), default="text")
    found = flags.read(arguments)
    root = Path(found.state_dir) if found.state_dir else state_home(dict(os.environ))
    names = sorted(path.parent.name for path in root.glob("*/cluster.json"))
    if found.name:
        names = [found.name]
    states = {name: Folder(root / name).running() for name in names}
    if found.output == "json":
        _say(json.dumps({name: _facts(one) for name, one in states.items()}))
    elif not states:
        _say("there are no clusters; `knarr up` starts one")
    else:
        for name, one in states.items():
            _say(_line(name, one))
    return 0 if all(one is not None for one in states.values()) or not found.name else 1


def ask(arguments: Sequence[str]) -> int:
    """Ask the cluster's name server."""
    from knarr.cluster.resolve import resolve  # noqa: PLC0415

    return resolve(arguments)


def reset(arguments: Sequence[str]) -> int:
    """Take a cluster back to its state after `up`."""
    from knarr.cluster.whole import reset as go_back  # noqa: PLC0415

    _say(go_back(arguments))
    return 0


def pause(arguments: Sequence[str]) -> int:
    """Stop a cluster where it stands."""
    from knarr.cluster.freezing import pause as stop  # noqa: PLC0415

    _say(stop(arguments))
    return 0


def resume(arguments: Sequence[str]) -> int:
    """Let a paused cluster go on."""
    from knarr.cluster.freezing import resume as go_on  # noqa: PLC0415

    _say(go_on(arguments))
    return 0


def image(arguments: Sequence[str]) -> int:
    """Load images for a cluster on Docker."""
    from knarr.cluster.images import image as handle  # noqa: PLC0415

    _say(handle(arguments))
    return 0


def backup(arguments: Sequence[str]) -> int:
    """Copy a cluster's store into a file."""
    from knarr.cluster.backups import backup as copy  # noqa: PLC0415

    _say(copy(arguments))
    return 0


def restore(arguments: Sequence[str]) -> int:
    """Put a copy back."""
    from knarr.cluster.backups import restore as put_back  # noqa: PLC0415

    _say(put_back(arguments))
    return 0


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "up": up,
    "down": down,
    "delete": delete,
    "backup": backup,
    "balance": hosts.balance,
    "restore": restore,
    "image": image,
    "pause": pause,
    "reset": reset,
    "resume": resume,
    "agent": hosts.agent,
    "leave": hosts.leave,
    "resolve": ask,
    "server": hosts.server,
    "status": status,
    "token": hosts.token,
}
"""What the launcher's commands do; `__main__.py` says when they are meant."""


def _run(options: UpOptions) -> int:
    # Imports make objects that stay: to look for garbage among them is an eighth of a start.
    gc.disable()
    options, outside = settle(options)  # Now: the others start threads, which cannot move.
    # Imported only here: every other command starts faster without it.
    from knarr.cluster.one_process import run_cluster  # noqa: PLC0415
    from knarr.daemon.logs import set_up_logs  # noqa: PLC0415
    from knarr.daemon.run import run_daemon  # noqa: PLC0415

    set_up_logs(level=options.log_level)
    if options.separate:
        from knarr.cluster.separate import run_separately  # noqa: PLC0415

        run_daemon("knarr", run_separately(options, outside))
    else:
        run_daemon("knarr", run_cluster(options, outside))
    return 0


def _detach(options: UpOptions, arguments: Sequence[str]) -> int:
    folder = Folder(options.folder)
    try:
        folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = folder.log.open("ab")
    except OSError as error:
        raise SettingsError(
            f"cannot write to {folder.path}: {error.strerror}; choose another with --state-dir"
        ) from None
    began = log.tell()
    rest = [one for one in arguments if not one.startswith("--detach")]
    child = subprocess.Popen(
        [sys.executable, "-m", "knarr.cluster", "up", *rest],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    log.close()
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        running = folder.running()
        # While the child takes the folder, what a killed one wrote is still to be read there.
        if running is not None and running.ready and running.pid == child.pid:
            _say(_line(options.name, running))
            child.returncode = 0  # It goes on without us.
            return 0
        if child.poll() is not None:
            told = folder.log.read_bytes()[began:].decode(errors="replace").strip()
            raise SettingsError(told.splitlines()[-1] if told else "the cluster ended at once")
        time.sleep(LOOK_EVERY_S)
    child.terminate()
    raise SettingsError(f"the cluster was not ready after {START_S:.0f} s; see {folder.log}")


def _end(folder: Folder, running: Running) -> None:
    deadline = time.monotonic() + STOP_S
    if running.paused:
        from knarr.cluster.freezing import go_on  # noqa: PLC0415

        go_on(folder, running)
    os.kill(running.pid, signal.SIGTERM)
    while folder.running() is not None or Path(f"/proc/{running.pid}/exe").exists():
        if time.monotonic() > deadline:
            os.kill(running.pid, signal.SIGKILL)
            return
        time.sleep(LOOK_EVERY_S)


def _remove_containers(folder: Folder) -> None:
    """Remove what the cluster's nodes left in Docker."""
    nodes = [one for one in folder.nodes() if (one / "pods").exists()]
    if not nodes:
        return
    from knarr.daemon.run import run_once  # noqa: PLC0415
    from kubelet.runtime.choose import docker_host  # noqa: PLC0415
    from kubelet.runtime.docker.cleanup import remove_all  # noqa: PLC0415

    async def remove() -> int:
        for node in nodes:
            await remove_all(docker_host(), node.name, node)
        return 0

    run_once(remove)


def _line(name: str, running: Running | None) -> str:
    if running is None:
        return f"cluster {name} is stopped"
    state = "paused" if running.paused else "ready" if running.ready else "starting"
    nodes = f"{running.nodes} node" + ("s" if running.nodes > 1 else "")
    return (
        f"cluster {name} is {state}: {running.server}, {nodes}, {running.runtime} runtime, "
        f"{running.network} network, kubectl context {context_name(name)} (pid {running.pid})"
    )


def _facts(running: Running | None) -> dict[str, object]:
    if running is None:
        return {"running": False}
    return {
        "running": True,
        "ready": running.ready,
        "paused": running.paused,
        "pid": running.pid,
        "server": running.server,
        "grpc": running.grpc,
        "nodes": running.nodes,
        "runtime": running.runtime,
        "network": running.network,
        "dns": running.dns,
    }


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
