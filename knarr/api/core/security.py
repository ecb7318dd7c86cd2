"""The types of security in core/v1."""

from knarr.api.structs import ApiStruct


class AppArmorProfile(ApiStruct):
    """Which AppArmor profile confines a container."""

    localhost_profile: str | None = None
    """Name of a profile of the node, for Localhost."""
    type: str
    """RuntimeDefault, Localhost or Unconfined."""


class Capabilities(ApiStruct):
    """Rights of root that are given or taken one by one."""

    add: tuple[str, ...] = ()
    """Capabilities to give."""
    drop: tuple[str, ...] = ()
    """Capabilities to take; ALL for all of them."""


class SELinuxOptions(ApiStruct):
    """Labels of SELinux."""

    level: str = ""
    """Level label."""
    role: str = ""
    """Role label."""
    type: str = ""
    """Type label."""
    user: str = ""
    """User label."""


class SeccompProfile(ApiStruct):
    """Which seccomp profile filters a container's system calls."""

    localhost_profile: str | None = None
    """File of a profile below the kubelet's folder, for Localhost."""
    type: str
    """RuntimeDefault, Localhost or Unconfined."""


class Sysctl(ApiStruct):
    """A setting of the kernel for the pod."""

    name: str
    """Name of the setting."""
    value: str
    """Its value."""


class WindowsSecurityContextOptions(ApiStruct):
    """Rights of a container on Windows."""

    gmsa_credential_spec: str | None = None
    """The credential spec itself."""
    gmsa_credential_spec_name: str | None = None
    """Name of a credential spec."""
    host_process: bool | None = None
    """Whether it runs on the host itself."""
    run_as_user_name: str | None = None
    """User it runs as."""


class PodSecurityContext(ApiStruct):
    """Rights of a pod, and defaults for its containers."""

    app_armor_profile: AppArmorProfile | None = None
    """AppArmor profile of the containers."""
    fs_group: int | None = None
    """Group that owns the volumes."""
    fs_group_change_policy: str | None = None
    """Always, or OnRootMismatch to leave a volume alone whose root is right already."""
    run_as_group: int | None = None
    """Group the containers run as."""
    run_as_non_root: bool | None = None
    """Whether containers that would run as root are refused."""
    run_as_user: int | None = None
    """User the containers run as."""
    se_linux_change_policy: str | None = None
    """How volumes get their SELinux labels: MountOption or Recursive."""
    se_linux_options: SELinuxOptions | None = None
    """SELinux labels of the containers."""
    seccomp_profile: SeccompProfile | None = None
    """Seccomp profile of the containers."""
    supplemental_groups: tuple[int, ...] = ()
    """Further groups of the containers' processes."""
    supplemental_groups_policy: str | None = None
    """Merge with the image's groups, or Strict."""
    sysctls: tuple[Sysctl, ...] = ()
    """Settings of the kernel."""
    windows_options: WindowsSecurityContextOptions | None = None
    """Rights on Windows."""


class SecurityContext(ApiStruct):
    """Rights of a container."""

    allow_privilege_escalation: bool | None = None
    """Whether a process may gain more rights than its parent. True when absent."""
    app_armor_profile: AppArmorProfile | None = None
    """AppArmor profile."""
    capabilities: Capabilities | None = None
    """Rights of root given or taken one by one."""
    privileged: bool | None = None
    """Whether it has all rights of root on the host."""
    proc_mount: str | None = None
    """Default or Unmasked."""
    read_only_root_filesystem: bool | None = None
    """Whether its own file system cannot be written to."""
    run_as_group: int | None = None
    """Group it runs as."""
    run_as_non_root: bool | None = None
    """Whether it is refused when it would run as root."""
    run_as_user: int | None = None
    """User it runs as; the image's own when absent."""
    se_linux_options: SELinuxOptions | None = None
    """SELinux labels."""
    seccomp_profile: SeccompProfile | None = None
    """Seccomp profile."""
    windows_options: WindowsSecurityContextOptions | None = None
    """Rights on Windows."""
