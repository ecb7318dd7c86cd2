"""Rules for what containers may do to their host: users, profiles, capabilities, sysctls."""

import re
from collections.abc import Iterator
from typing import Any

from apiserver.strategies.pod_spec.paths import validate_descending
from knarr.api import names
from knarr.api.core.container import Container
from knarr.api.core.pod import PodSpec
from knarr.api.core.security import (
    AppArmorProfile,
    PodSecurityContext,
    SeccompProfile,
    SecurityContext,
    WindowsSecurityContextOptions,
)
from knarr.api.field_errors import (
    FieldError,
    Told,
    broken_names,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)
from knarr.api.structs import ApiStruct, wire_name

ID_MAX = 2**31 - 1
SYSCTL_CHARACTERS_MAX = 253

_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_SYSCTL_PART = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL = rf"({_SYSCTL_PART}[\./])*{_SYSCTL_PART}"
_is_sysctl = re.compile(_SYSCTL).fullmatch


def validate_container(context: SecurityContext | None, path: str) -> Iterator[FieldError]:
    """The security context of one container."""
    if context is None:
        return
    yield from _validate_id(context.run_as_user, f"{path}.runAsUser")
    yield from _validate_id(context.run_as_group, f"{path}.runAsGroup")
    if context.proc_mount is not None and context.proc_mount not in ("Default", "Unmasked"):
        known = ("Default", "Unmasked")
        yield not_supported(f"{path}.procMount", context.proc_mount, known)
    yield from _validate_seccomp(context.seccomp_profile, f"{path}.seccompProfile")
    if context.allow_privilege_escalation is False:
        yield from _validate_no_escalation(context, path)
    yield from _validate_windows(context.windows_options, f"{path}.windowsOptions")
    yield from _validate_app_armor(context.app_armor_profile, f"{path}.appArmorProfile")


def _validate_no_escalation(context: SecurityContext, path: str) -> Iterator[FieldError]:
    shown = _internal(context)
    if context.privileged:
        detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        yield invalid(path, shown, detail)
    if context.capabilities is not None and "CAP_SYS_ADMIN" in context.capabilities.add:
        detail = (
            "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
        )
        yield invalid(path, shown, detail)


_INTERNAL_ORDER = (
    "capabilities",
    "privileged",
    "se_linux_options",
    "windows_options",
    "run_as_user",
    "run_as_group",
    "run_as_non_root",
    "read_only_root_filesystem",
    "allow_privilege_escalation",
    "proc_mount",
    "seccomp_profile",
    "app_armor_profile",
)


def _internal(context: SecurityContext) -> Told:
    """The context as Kubernetes prints it in messages: its names capitalised, nothing left out."""
    return Told(**{_go_name(name): _go_value(getattr(context, name)) for name in _INTERNAL_ORDER})


def _go_name(name: str) -> str:
    wire = wire_name(name)
    return wire[0].upper() + wire[1:]


def _go_value(value: Any) -> Any:
    if isinstance(value, ApiStruct):
        return {_go_name(name): _go_value(getattr(value, name)) for name in value.__struct_fields__}
    return (value or None) if isinstance(value, tuple) else value


def validate_pod(
    context: PodSecurityContext | None, spec: PodSpec, path: str
) -> Iterator[FieldError]:
    """The security context of the whole pod; `path` is where the spec stands."""
    at = f"{path}.securityContext"
    yield from _validate_host_network(spec, path)
    if context is None:
        return
    yield from _validate_id(context.fs_group, f"{at}.fsGroup")
    yield from _validate_id(context.run_as_user, f"{at}.runAsUser")
    yield from _validate_id(context.run_as_group, f"{at}.runAsGroup")
    for i, group in enumerate(context.supplemental_groups):
        yield from _validate_id(group, f"{at}.supplementalGroups[{i}]")
    if spec.share_process_namespace and spec.host_pid:
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        yield invalid(f"{at}.shareProcessNamespace", value=True, detail=detail)
    yield from _validate_sysctls(context, spec, f"{at}.sysctls")
    yield from _validate_policies(context, at)
    yield from _validate_seccomp(context.seccomp_profile, f"{at}.seccompProfile")
    yield from _validate_windows(context.windows_options, f"{at}.windowsOptions")
    yield from _validate_app_armor(context.app_armor_profile, f"{at}.appArmorProfile")


def _validate_host_network(spec: PodSpec, path: str) -> Iterator[FieldError]:
    if not spec.host_network:
        return
    for word, containers in (
        ("containers", spec.containers),
        ("initContainers", spec.init_containers),
    ):
        for i, container in enumerate(containers):
            for j, port in enumerate(container.ports):
                if port.host_port != port.container_port and port.host_port:
                    yield invalid(
                        f"{path}.{word}[{i}].ports[{j}].hostPort",
                        port.host_port,
                        "must match `containerPort` when `hostNetwork` is true",
                    )


def _validate_policies(context: PodSecurityContext, path: str) -> Iterator[FieldError]:
    for name, value, known in (
        ("fsGroupChangePolicy", context.fs_group_change_policy, ("Always", "OnRootMismatch")),
        ("supplementalGroupsPolicy", context.supplemental_groups_policy, ("Merge", "Strict")),
        ("seLinuxChangePolicy", context.se_linux_change_policy, ("MountOption", "Recursive")),
    ):
        if value is not None and value not in known:
            yield not_supported(f"{path}.{name}", value, known)


def _validate_sysctls(
    context: PodSecurityContext, spec: PodSpec, path: str
) -> Iterator[FieldError]:
    seen: set[str] = set()
    for i, sysctl in enumerate(context.sysctls):
        at = f"{path}[{i}].name"
        name = sysctl.name.replace("/", ".")
        if not sysctl.name:
            yield required(at)
        elif len(sysctl.name) > SYSCTL_CHARACTERS_MAX or not _is_sysctl(sysctl.name):
            detail = (
                f"must have at most {SYSCTL_CHARACTERS_MAX} characters and match regex ^{_SYSCTL}$"
            )
            yield invalid(at, sysctl.name, detail)
        elif name in seen:
            yield duplicate(at, sysctl.name)
        seen.add(name)
        if spec.host_network and name.startswith("net."):
            yield invalid(at, sysctl.name, "may not be specified when 'hostNetwork' is true")
        if spec.host_ipc and name.startswith(("kernel.shm", "kernel.msg", "kernel.sem", "fs.mq")):
            yield invalid(at, sysctl.name, "may not be specified when 'hostIPC' is true")


def _validate_id(number: int | None, path: str) -> list[FieldError]:
    if number is None:
        return []
    return broken_names(path, number, names.in_range(number, 0, ID_MAX))


def _validate_seccomp(profile: SeccompProfile | None, path: str) -> Iterator[FieldError]:
    if profile is None:
        return
    if not profile.type:
        yield required(f"{path}.type", "type is required when seccompProfile is set")
    elif profile.type not in _PROFILES:
        yield not_supported(f"{path}.type", profile.type, _PROFILES, in_order=True)
    at = f"{path}.localhostProfile"
    if profile.type == "Localhost":
        if profile.localhost_profile is None:
            yield required(at, "must be set when seccomp type is Localhost ")
        else:
            yield from validate_descending(profile.localhost_profile, at)
    elif profile.localhost_profile is not None:
        yield invalid(at, _go_value(profile), "can only be set when seccomp type is Localhost")


def _validate_app_armor(profile: AppArmorProfile | None, path: str) -> Iterator[FieldError]:
    if profile is None:
        return
    at = f"{path}.localhostProfile"
    local = profile.localhost_profile
    if profile.type not in _PROFILES:
        if profile.type:
            yield not_supported(f"{path}.type", profile.type, _PROFILES, in_order=True)
        else:
            yield required(f"{path}.type", "type is required when appArmorProfile is set")
    if profile.type == "Localhost":
        if not (local or "").strip():
            yield required(at, "must be set when AppArmor type is Localhost")
        elif local is not None and local.strip() != local:
            yield invalid(at, local, "must not be padded with whitespace")
    elif local is not None:
        yield invalid(at, local, "can only be set when AppArmor type is Localhost")


def _validate_windows(
    options: WindowsSecurityContextOptions | None, path: str
) -> Iterator[FieldError]:
    if options is None:
        return
    spec_name = options.gmsa_credential_spec_name
    if spec_name is not None:
        yield from broken_names(
            f"{path}.gmsaCredentialSpecName", spec_name, names.dns_subdomain(spec_name)
        )
    if options.gmsa_credential_spec == "":
        yield invalid(
            f"{path}.gmsaCredentialSpec", "", "gmsaCredentialSpec cannot be an empty string"
        )
    if options.run_as_user_name == "":
        yield invalid(f"{path}.runAsUserName", "", "runAsUserName cannot be an empty string")


def validate_os(spec: PodSpec, path: str) -> Iterator[FieldError]:
    """The operating system, and what makes no sense on it."""
    if spec.os is None:
        return
    known = ("linux", "windows")
    if not spec.os.name:
        yield required(f"{path}.os.name")
    elif spec.os.name not in known:
        yield not_supported(f"{path}.os.name", spec.os.name, known)
    elif spec.os.name == "linux":
        yield from _validate_linux(spec, path)
    else:
        yield from _validate_not_linux(spec, path)


def _validate_linux(spec: PodSpec, path: str) -> Iterator[FieldError]:
    detail = "windows options cannot be set for a linux pod"
    if spec.security_context is not None and spec.security_context.windows_options is not None:
        yield forbidden(f"{path}.securityContext.windowsOptions", detail)
    for container, at in _all_containers(spec, path):
        context = container.security_context
        if context is not None and context.windows_options is not None:
            yield forbidden(f"{at}.securityContext.windowsOptions", detail)


_NOT_OF_WINDOWS_PODS = (
    "app_armor_profile",
    "se_linux_options",
    "host_users",
    "host_pid",
    "host_ipc",
    "seccomp_profile",
    "fs_group",
    "fs_group_change_policy",
    "sysctls",
    "share_process_namespace",
    "run_as_user",
    "run_as_group",
    "supplemental_groups",
    "supplemental_groups_policy",
    "se_linux_change_policy",
)
_NOT_OF_WINDOWS_CONTAINERS = (
    "app_armor_profile",
    "se_linux_options",
    "seccomp_profile",
    "capabilities",
    "read_only_root_filesystem",
    "privileged",
    "allow_privilege_escalation",
    "proc_mount",
    "run_as_user",
    "run_as_group",
)
_SWITCHES = ("host_pid", "host_ipc")
"""Fields for which false is as good as nothing."""


def _validate_not_linux(spec: PodSpec, path: str) -> Iterator[FieldError]:
    detail = "cannot be set for a windows pod"
    for name in _NOT_OF_WINDOWS_PODS:
        is_own = name in PodSpec.__struct_fields__
        value = getattr(spec if is_own else spec.security_context, name, None)
        if value not in (None, ()) and (value or name not in _SWITCHES):
            where = path if is_own else f"{path}.securityContext"
            yield forbidden(f"{where}.{wire_name(name)}", detail)
    for container, at in _all_containers(spec, path):
        for name in _NOT_OF_WINDOWS_CONTAINERS:
            if getattr(container.security_context, name, None) is not None:
                yield forbidden(f"{at}.securityContext.{wire_name(name)}", detail)


def _all_containers(spec: PodSpec, path: str) -> Iterator[tuple[Container, str]]:
    for word, containers in (
        ("initContainers", spec.init_containers),
        ("containers", spec.containers),
    ):
        for i, container in enumerate(containers):
            yield container, f"{path}.{word}[{i}]"
