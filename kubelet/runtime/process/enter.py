"""Become a container: run as `python -I -S enter.py CONTAINER.json`, ends in exec.

Reads what to become from a file, gives the process its own view of the file
system when volumes ask for one, and its user, limits and directory, then
replaces itself with the command. Imports nothing of ours, to start fast.

With root the view is a mount namespace; without, one inside a user namespace
in which the process keeps its own user id, or has the one it is to have.
"""

import contextlib
import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18

LINKS_MAX = 100
"""Parts of a path looked at, links followed; a circle of links ends there."""

START_FAILED = 128
"""Exit code of a container whose command could not be started."""

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    _check(
        _libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()),
        f"mount {source} at {target}",
    )


def own_mounts(identity: dict[str, Any] | None = None) -> None:
    """Enter a mount namespace of our own, in a user namespace where we need one."""
    is_renamed = bool(identity and identity["is_renamed"])
    own_names(identity if is_renamed else None, CLONE_NEWNS, needed=os.getuid() != 0 or is_renamed)
    _mount("none", "/", "", MS_REC | MS_PRIVATE)


def own_names(identity: dict[str, Any] | None, flags: int = 0, *, needed: bool = True) -> None:
    """Enter namespaces; in one of users we keep our numbers, or have those we are to have."""
    user, group = os.getuid(), os.getgid()
    _check(_libc.unshare(flags | (CLONE_NEWUSER if needed else 0)), "unshare")
    if needed:
        shown = (identity["user"], identity["group"]) if identity else (user, group)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{shown[0]} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{shown[1]} {group} 1")


def _mirror(source: str, target: str) -> None:
    """Make `target` a folder of our own that shows everything in `source`."""
    _mount("tmpfs", target, "tmpfs", 0, "size=1m,mode=755")
    for entry in os.scandir(source):
        place = f"{target}/{entry.name}"
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), place)  # noqa: PTH211,PTH115
            continue
        if entry.is_dir():
            Path(place).mkdir()
        else:
            Path(place).touch()
        with contextlib.suppress(OSError):
            _mount(entry.path, place, "", MS_BIND | MS_REC)


def _resolved(root: str, wanted: str) -> str:
    """A path as it is below `root`, where links lead to below `root` too: `/var/run` to `/run`."""
    found, left = "", [part for part in wanted.split("/") if part]
    for _ in range(LINKS_MAX):
        if not left:
            break
        part = left.pop(0)
        place = Path(f"{root}{found}/{part}")
        if part == "..":
            found = found.rpartition("/")[0]
        elif place.is_symlink():
            target = str(place.readlink())
            if target.startswith("/"):
                found = ""
            left = [each for each in target.split("/") if each not in ("", ".")] + left
        else:
            found += f"/{part}"
    return found + "".join(f"/{part}" for part in left)


def _make_place(root: str, wanted: str, *, is_folder: bool) -> str:
    """A path below `root` to mount on, made where the host has none."""
    place = Path(root + _resolved(root, wanted))
    missing = []
    existing = place
    while not existing.exists():
        missing.append(existing)
        existing = existing.parent
    if missing:
        shown = "/" + str(existing)[len(root) :].lstrip("/")
        if (shown != "/" and not os.access(existing, os.W_OK)) or shown != "/":
            _mirror(shown, str(existing))
        for path in reversed(missing[1:]):
            path.mkdir()
        if is_folder:
            place.mkdir()
        else:
            place.touch()
    return str(place)


def mount_all(
    root: str, mounts: list[dict[str, Any]], identity: dict[str, Any] | None = None
) -> None:
    """Show the host's file system below `root`, the mounts over it, and move there."""
    own_mounts(identity)
    _mirror("/", root)
    for mount in sorted(mounts, key=lambda one: len(Path(one["container_path"]).parts)):
        source = mount["host_path"]
        place = _make_place(root, mount["container_path"], is_folder=Path(source).is_dir())
        _mount(source, place, "", MS_BIND | MS_REC)
        if mount["read_only"]:
            _mount(source, place, "", MS_BIND | MS_REMOUNT | MS_RDONLY)
    os.chroot(root)
    os.chdir("/")


def join(pid: int) -> None:
    """See the file system as a running container sees it."""
    descriptor = os.open(f"/proc/{pid}/root", os.O_RDONLY)
    same_user = Path(f"/proc/{pid}/ns/user").readlink() == Path("/proc/self/ns/user").readlink()
    if not same_user:
        _setns(f"/proc/{pid}/ns/user", CLONE_NEWUSER)
    if Path(f"/proc/{pid}/ns/mnt").readlink() != Path("/proc/self/ns/mnt").readlink():
        _setns(f"/proc/{pid}/ns/mnt", CLONE_NEWNS)
        os.fchdir(descriptor)
        os.chroot(".")
    os.close(descriptor)


def _setns(path: str, kind: int) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    _check(_libc.setns(descriptor, kind), f"join {path}")
    os.close(descriptor)


def _become_user(identity: dict[str, Any]) -> None:
    if os.getuid() != 0 or identity["is_renamed"]:
        return
    user, group, groups = identity["user"], identity["group"], identity["groups"]
    if groups or user is not None:
        os.setgroups(groups)
    if group is not None:
        os.setgid(group)
    if user is not None:
        os.setuid(user)


def become(config: dict[str, Any]) -> None:
    """Do all of it and exec."""
    if config.get("network"):
        _setns(config["network"], CLONE_NEWNET)
    if config.get("join"):
        join(config["join"])
    elif config["mounts"]:
        mount_all(config["root"], config["mounts"], config["identity"])
    elif config["identity"]["is_renamed"]:
        own_names(config["identity"])
    directory = config["working_dir"]
    if directory:
        os.chdir(directory)
    if config.get("pid_file_descriptor") is not None:
        os.write(config["pid_file_descriptor"], f"{os.getpid()}".encode())
        os.close(config["pid_file_descriptor"])
    if config.get("oom_score_adj"):
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(str(config["oom_score_adj"]))
    _become_user(config["identity"])
    environment = dict(config["env"])
    os.environ["PATH"] = environment.get("PATH", os.defpath)
    os.execvpe(config["command"][0], config["command"], environment)


def main() -> None:
    """Become what the file says; on failure say why in the file beside it."""
    path = Path(sys.argv[1])
    config = json.loads(path.read_text())
    if config.get("pid_file"):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        config["pid_file_descriptor"] = os.open(config["pid_file"], flags, 0o600)
    failure = None
    if config.get("failure_file"):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        failure = os.open(config["failure_file"], flags, 0o600)
    try:
        become(config)
    except FileNotFoundError:
        told = f'exec: "{config["command"][0]}": executable file not found in $PATH'
        if config["working_dir"] and not Path(config["working_dir"]).is_dir():
            told = f"the working directory {config['working_dir']} is not there"
    except PermissionError as error:
        told = f'exec: "{config["command"][0]}": {error.strerror or error}'.lower()
    except OSError as error:
        told = str(error)
    if failure is not None:
        os.write(failure, told.encode())
    else:
        sys.stderr.write(told + "\n")
    sys.exit(START_FAILED)


if __name__ == "__main__":
    main()
