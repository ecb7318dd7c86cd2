"""Turns a sandbox or a container into the JSON that creates it in Docker. Pure.

Each small function adds what one concern asks for; the tables at the end of
each half say in which order. What belongs into HostConfig is in `host`.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from knarr.api import quantities
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.security import PodSecurityContext, SeccompProfile, SecurityContext
from kubelet.runtime.docker.names import Identity
from kubelet.runtime.runtime import ContainerConfig, Mount, PortMapping, SandboxConfig

CPU_PERIOD_US = 100_000
CPU_SHARES_MIN = 2
CPU_QUOTA_MIN_US = 1000
"""The kernel takes no smaller quota."""

MEMORY_MIN_BYTES = 6 * 1024 * 1024
"""Docker takes no smaller limit."""

LOG_CONFIG = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "5"}}

ALL_CAPABILITIES = (
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
)
"""In the order of the kernel's numbers; those after are parts of SYS_ADMIN, and new to Docker."""

Options = dict[str, Any]


class Machine(Struct, frozen=True, kw_only=True):
    """What the host allows, where that changes what is asked for."""

    missing_capabilities: frozenset[str] = frozenset()
    """Those that even root has not: asking Docker for them fails."""
    oom_score_adj_min: int = -1000
    seccomp_profiles: Mapping[str, str] = field(default_factory=dict)
    """The text of Localhost profiles, by their path."""


class SandboxPlace(Struct, frozen=True, kw_only=True):
    """Where a sandbox goes."""

    image: str
    network: str
    cgroup_parent: str = ""
    """The cgroup around the whole pod, where it has limits of its own."""
    machine: Machine = Machine()


class ContainerPlace(Struct, frozen=True, kw_only=True):
    """What a container joins, and what is known of its image."""

    sandbox_id: str
    shares_processes: bool
    host_pid: bool
    host_ipc: bool
    target_id: str = ""
    """The container whose processes an ephemeral one sees."""
    image_user: str = ""
    cgroup_parent: str = ""
    machine: Machine = Machine()


def sandbox_options(config: SandboxConfig, place: SandboxPlace, identity: Identity) -> Options:
    """The body of Docker's create call for a sandbox."""
    host: Options = {
        "NetworkMode": "host" if config.spec.host_network else place.network,
        "IpcMode": "host" if config.spec.host_ipc else "shareable",
        "LogConfig": {"Type": "none"},
        "OomScoreAdj": max(-998, place.machine.oom_score_adj_min),
        "ReadonlyRootfs": True,
        "SecurityOpt": ["no-new-privileges"],
        "CpuShares": CPU_SHARES_MIN,
        "CgroupParent": place.cgroup_parent,
    }
    options: Options = {
        "Image": place.image,
        "Labels": dict(identity.sandbox_labels(config)),
        "HostConfig": host,
    }
    if config.spec.host_pid:
        host["PidMode"] = "host"
    if config.spec.host_network:
        host["UTSMode"] = "host"
    else:
        options["Hostname"] = config.hostname
        host["DnsSearch"] = ["."]
        _publish(options, host, config.ports)
        if config.ip:
            options["NetworkingConfig"] = {
                "EndpointsConfig": {place.network: {"IPAMConfig": {"IPv4Address": config.ip}}}
            }
    security = config.spec.security_context
    if security is not None and security.sysctls:
        host["Sysctls"] = {one.name: one.value for one in security.sysctls}
    return options


def _publish(options: Options, host: Options, ports: tuple[PortMapping, ...]) -> None:
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        name = f"{port.container_port}/{port.protocol.lower()}"
        binding = {"HostIp": port.host_ip, "HostPort": str(port.host_port)}
        bindings.setdefault(name, []).append(binding)
    if bindings:
        options["ExposedPorts"] = {name: {} for name in bindings}
        host["PortBindings"] = bindings


def container_options(
    config: ContainerConfig, place: ContainerPlace, identity: Identity
) -> Options:
    """The body of Docker's create call for a container."""
    host: Options = {"LogConfig": LOG_CONFIG, "NetworkMode": f"container:{place.sandbox_id}"}
    options: Options = {
        "Image": config.image,
        "Labels": dict(identity.container_labels(config)),
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": host,
    }
    for add in _CONTAINER:
        add(config, place, options, host)
    return options


def update_options(resources: ResourceRequirements) -> Options:
    """The body of Docker's update call."""
    return limits(resources)


def limits(resources: ResourceRequirements) -> Options:
    """What cgroups are told: shares from the request, quota and memory from the limits."""
    made: Options = {"CpuShares": CPU_SHARES_MIN}
    cpu = resources.requests.get("cpu", resources.limits.get("cpu"))
    if cpu is not None:
        made["CpuShares"] = max(CPU_SHARES_MIN, quantities.milli(cpu) * 1024 // 1000)
    cpu_limit = resources.limits.get("cpu")
    if cpu_limit is not None and not quantities.is_zero(cpu_limit):
        quota = quantities.milli(cpu_limit) * CPU_PERIOD_US // 1000
        made["CpuPeriod"] = CPU_PERIOD_US
        made["CpuQuota"] = max(CPU_QUOTA_MIN_US, quota)
    memory = resources.limits.get("memory")
    if memory is not None and not quantities.is_zero(memory):
        # Memory and swap together no more than the memory: no swap, as Kubernetes has it.
        made["Memory"] = max(MEMORY_MIN_BYTES, quantities.value(memory))
        made["MemorySwap"] = made["Memory"]
    return made


def user_of(config: ContainerConfig, image_user: str) -> str:
    """UID[:GID] as Docker takes it; empty where the image decides."""
    user = _first("run_as_user", config)
    group = _first("run_as_group", config)
    name = str(user) if user is not None else ""
    if group is not None:
        name = f"{name or image_user.partition(':')[0] or '0'}:{group}"
    return name


def localhost_profile(config: ContainerConfig) -> str:
    """The name of the filter of system calls that lies on this host; empty for none of them."""
    profile = _first("seccomp_profile", config)
    if profile is None or profile.type != "Localhost":
        return ""
    return str(profile.localhost_profile or "")


def is_to_be_non_root(config: ContainerConfig) -> bool:
    """Whether the container may not run as root."""
    return bool(_first("run_as_non_root", config))


def _first(name: str, config: ContainerConfig) -> Any:
    """A field of the container's security context, else of the pod's."""
    for context in (config.security, config.pod_security):
        value = getattr(context, name, None) if context is not None else None
        if value is not None:
            return value
    return None


def _process(config: ContainerConfig, place: ContainerPlace, options: Options, _: Options) -> None:
    if config.command:
        options["Entrypoint"] = list(config.command)
    if config.args:
        options["Cmd"] = list(config.args)
    options["Env"] = [f"{name}={value}" for name, value in config.env]
    if config.working_dir:
        options["WorkingDir"] = config.working_dir
    if config.stop_signal:
        options["StopSignal"] = config.stop_signal
    user = user_of(config, place.image_user)
    if user:
        options["User"] = user


def _streams(config: ContainerConfig, _: ContainerPlace, options: Options, __: Options) -> None:
    options["Tty"] = config.tty
    options["OpenStdin"] = config.stdin
    options["StdinOnce"] = config.stdin and config.stdin_once


def _namespaces(config: ContainerConfig, place: ContainerPlace, _: Options, host: Options) -> None:
    host["IpcMode"] = "host" if place.host_ipc else f"container:{place.sandbox_id}"
    if place.host_pid:
        host["PidMode"] = "host"
    elif place.target_id:
        host["PidMode"] = f"container:{place.target_id}"
    elif place.shares_processes:
        host["PidMode"] = f"container:{place.sandbox_id}"


def _resources(config: ContainerConfig, place: ContainerPlace, _: Options, host: Options) -> None:
    host.update(limits(config.resources))
    host["CgroupParent"] = place.cgroup_parent
    host["OomScoreAdj"] = max(config.oom_score_adj, place.machine.oom_score_adj_min)


def _mounts(config: ContainerConfig, _: ContainerPlace, __: Options, host: Options) -> None:
    host["Mounts"] = [_mount(one) for one in config.mounts]


_PROPAGATIONS = {"None": "rprivate", "HostToContainer": "rslave", "Bidirectional": "rshared"}


def _mount(one: Mount) -> Options:
    return {
        "Type": "bind",
        "Source": one.host_path,
        "Target": one.container_path,
        "ReadOnly": one.read_only,
        "BindOptions": {"Propagation": _PROPAGATIONS[one.propagation]},
    }


def _groups(config: ContainerConfig, _: ContainerPlace, __: Options, host: Options) -> None:
    pod: PodSecurityContext | None = config.pod_security
    if pod is None:
        return
    groups = [*pod.supplemental_groups]
    if pod.fs_group is not None:
        groups.append(pod.fs_group)
    if groups:
        host["GroupAdd"] = [str(one) for one in groups]


def _capabilities(
    config: ContainerConfig, place: ContainerPlace, _: Options, host: Options
) -> None:
    wanted = config.security.capabilities if config.security is not None else None
    if wanted is None:
        return
    added = [one.removeprefix("CAP_") for one in wanted.add]
    missing = place.machine.missing_capabilities
    if missing and "ALL" in added:
        added = [one for one in ALL_CAPABILITIES if one not in missing]
    host["CapAdd"] = added
    host["CapDrop"] = [one.removeprefix("CAP_") for one in wanted.drop]


def _privileges(config: ContainerConfig, place: ContainerPlace, _: Options, host: Options) -> None:
    security: SecurityContext | None = config.security
    told = [*_seccomp(_first("seccomp_profile", config), place.machine), *_modules(config)]
    host["SecurityOpt"] = told
    if security is None:
        return
    if security.allow_privilege_escalation is False:
        told.append("no-new-privileges")
    host["ReadonlyRootfs"] = bool(security.read_only_root_filesystem)
    if security.proc_mount == "Unmasked":
        host["MaskedPaths"], host["ReadonlyPaths"] = [], []
    if security.privileged:
        _privileged(host, place.machine)


def _modules(config: ContainerConfig) -> list[str]:
    """What AppArmor and SELinux are told."""
    told = []
    profile = _first("app_armor_profile", config)
    if profile is not None and profile.type == "Unconfined":
        told.append("apparmor=unconfined")
    elif profile is not None and profile.type == "Localhost":
        told.append(f"apparmor={profile.localhost_profile}")
    labels = _first("se_linux_options", config)
    for name in ("user", "role", "type", "level") if labels is not None else ():
        if getattr(labels, name):
            told.append(f"label={name}:{getattr(labels, name)}")
    return told


def _privileged(host: Options, machine: Machine) -> None:
    """Docker's --privileged, or all that comes with it where a capability is missing."""
    if not machine.missing_capabilities:
        host["Privileged"] = True
        return
    host["CapAdd"] = [one for one in ALL_CAPABILITIES if one not in machine.missing_capabilities]
    host["CapDrop"] = []
    host["SecurityOpt"] = ["seccomp=unconfined", "apparmor=unconfined"]
    host["MaskedPaths"], host["ReadonlyPaths"] = [], []
    host["DeviceCgroupRules"] = ["a *:* rwm"]


def _seccomp(profile: SeccompProfile | None, machine: Machine) -> tuple[str, ...]:
    if profile is None or profile.type == "Unconfined":
        return ("seccomp=unconfined",)
    if profile.type == "Localhost":
        text = machine.seccomp_profiles.get(profile.localhost_profile or "")
        return (f"seccomp={json.dumps(json.loads(text))}",) if text else ()
    return ()


_Add = Callable[[ContainerConfig, ContainerPlace, Options, Options], None]

_CONTAINER: tuple[_Add, ...] = (
    _process,
    _streams,
    _namespaces,
    _resources,
    _mounts,
    _groups,
    _capabilities,
    _privileges,
)
