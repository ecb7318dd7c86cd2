"""TODO."""

from knarr.api.structs import ApiStruct


class AppArmorProfile(ApiStruct):
    """TODO."""

    localhost_profile: str | None = None
    """TODO."""
    type: str
    """TODO."""


class Capabilities(ApiStruct):
    """TODO."""

    add: tuple[str, ...] = ()
    """TODO."""
    drop: tuple[str, ...] = ()
    """TODO."""


class SELinuxOptions(ApiStruct):
    """TODO."""

    level: str = ""
    """TODO."""
    role: str = ""
    """TODO."""
    type: str = ""
    """TODO."""
    user: str = ""
    """TODO."""


class SeccompProfile(ApiStruct):
    """TODO."""

    localhost_profile: str | None = None
    """TODO."""
    type: str
    """TODO."""


class Sysctl(ApiStruct):
    """TODO."""

    name: str
    """TODO."""
    value: str
    """TODO."""


class WindowsSecurityContextOptions(ApiStruct):
    """TODO."""

    gmsa_credential_spec: str | None = None
    """TODO."""
    gmsa_credential_spec_name: str | None = None
    """TODO."""
    host_process: bool | None = None
    """TODO."""
    run_as_user_name: str | None = None
    """TODO."""


class PodSecurityContext(ApiStruct):
    """TODO."""

    app_armor_profile: AppArmorProfile | None = None
    """TODO."""
    fs_group: int | None = None
    """TODO."""
    fs_group_change_policy: str | None = None
    """TODO."""
    run_as_group: int | None = None
    """TODO."""
    run_as_non_root: bool | None = None
    """TODO."""
    run_as_user: int | None = None
    """TODO."""
    se_linux_change_policy: str | None = None
    """TODO."""
    se_linux_options: SELinuxOptions | None = None
    """TODO."""
    seccomp_profile: SeccompProfile | None = None
    """TODO."""
    supplemental_groups: tuple[int, ...] = ()
    """TODO."""
    supplemental_groups_policy: str | None = None
    """TODO."""
    sysctls: tuple[Sysctl, ...] = ()
    """TODO."""
    windows_options: WindowsSecurityContextOptions | None = None
    """TODO."""


class SecurityContext(ApiStruct):
    """TODO."""

    allow_privilege_escalation: bool | None = None
    """TODO."""
    app_armor_profile: AppArmorProfile | None = None
    """TODO."""
    capabilities: Capabilities | None = None
    """TODO."""
    privileged: bool | None = None
    """TODO."""
    proc_mount: str | None = None
    """TODO."""
    read_only_root_filesystem: bool | None = None
    """TODO."""
    run_as_group: int | None = None
    """TODO."""
    run_as_non_root: bool | None = None
    """TODO."""
    run_as_user: int | None = None
    """TODO."""
    se_linux_options: SELinuxOptions | None = None
    """TODO."""
    seccomp_profile: SeccompProfile | None = None
    """TODO."""
    windows_options: WindowsSecurityContextOptions | None = None
    """TODO."""
