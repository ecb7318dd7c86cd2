"""The files the kubelet keeps beside a pod: its hosts and resolv.conf, filters of system calls."""

from pathlib import Path

from msgspec.structs import replace

from kubelet.runtime.docker.create_options import Machine, Options, localhost_profile
from kubelet.runtime.runtime import ContainerConfig, RuntimeFailureError, SandboxConfig

NAMES = ("hosts", "resolv.conf")


def write_files(folder: Path, config: SandboxConfig) -> None:
    """Write what all containers of a pod see in /etc."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip(NAMES, (config.hosts, config.resolv_conf), strict=True):
        (folder / name).write_text(text)


def file_mounts(folder: Path, config: ContainerConfig) -> list[Options]:
    """Hosts and resolv.conf as the kubelet wrote them, unless the pod brings its own."""
    taken = {mount.container_path for mount in config.mounts}
    return [
        {"Type": "bind", "Source": str(folder / name), "Target": f"/etc/{name}"}
        for name in NAMES
        if f"/etc/{name}" not in taken and (folder / name).stat().st_size
    ]


def with_profile(machine: Machine, state_dir: Path, config: ContainerConfig) -> Machine:
    """What the host allows, with the filter of system calls the container names."""
    name = localhost_profile(config)
    if not name:
        return machine
    path = state_dir / "seccomp" / name
    try:
        return replace(machine, seccomp_profiles={name: path.read_text()})
    except OSError as error:
        told = f'cannot load seccomp profile "{path}": {(error.strerror or "").lower()}'
        raise RuntimeFailureError("CreateContainerError", told) from None
