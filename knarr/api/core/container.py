"""TODO."""

from typing import Annotated

from knarr.api.core.env import EnvFromSource, EnvVar
from knarr.api.core.probe import Lifecycle, Probe
from knarr.api.core.resources import ContainerResizePolicy, ResourceRequirements
from knarr.api.core.security import SecurityContext
from knarr.api.core.volume import VolumeDevice, VolumeMount
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct, Defaulted, ListMap, ListSet, PatchMerge


class ContainerPort(ApiStruct):
    """TODO."""

    container_port: Int32
    """TODO."""
    host_ip: str = ""
    """TODO."""
    host_port: Int32 = 0
    """TODO."""
    name: str = ""
    """TODO."""
    protocol: Annotated[str, Defaulted("TCP")] = ""
    """TODO."""


class ContainerRestartRuleOnExitCodes(ApiStruct):
    """TODO."""

    operator: str
    """TODO."""
    values: Annotated[tuple[Int32, ...], ListSet()] = ()
    """TODO."""


class ContainerRestartRule(ApiStruct):
    """TODO."""

    action: str
    """TODO."""
    exit_codes: ContainerRestartRuleOnExitCodes | None = None
    """TODO."""


class Container(ApiStruct):
    """TODO."""

    args: tuple[str, ...] = ()
    """TODO."""
    command: tuple[str, ...] = ()
    """TODO."""
    env: Annotated[tuple[EnvVar, ...], ListMap("name"), PatchMerge("name")] = ()
    """TODO."""
    env_from: tuple[EnvFromSource, ...] = ()
    """TODO."""
    image: str = ""
    """TODO."""
    image_pull_policy: str = ""
    """TODO."""
    lifecycle: Lifecycle | None = None
    """TODO."""
    liveness_probe: Probe | None = None
    """TODO."""
    name: str
    """TODO."""
    ports: Annotated[
        tuple[ContainerPort, ...], ListMap("containerPort", "protocol"), PatchMerge("containerPort")
    ] = ()
    """TODO."""
    readiness_probe: Probe | None = None
    """TODO."""
    resize_policy: tuple[ContainerResizePolicy, ...] = ()
    """TODO."""
    resources: ResourceRequirements = ResourceRequirements()
    """TODO."""
    restart_policy: str | None = None
    """TODO."""
    restart_policy_rules: tuple[ContainerRestartRule, ...] = ()
    """TODO."""
    security_context: SecurityContext | None = None
    """TODO."""
    startup_probe: Probe | None = None
    """TODO."""
    stdin: bool = False
    """TODO."""
    stdin_once: bool = False
    """TODO."""
    termination_message_path: str = ""
    """TODO."""
    termination_message_policy: str = ""
    """TODO."""
    tty: bool = False
    """TODO."""
    volume_devices: Annotated[
        tuple[VolumeDevice, ...], ListMap("devicePath"), PatchMerge("devicePath")
    ] = ()
    """TODO."""
    volume_mounts: Annotated[
        tuple[VolumeMount, ...], ListMap("mountPath"), PatchMerge("mountPath")
    ] = ()
    """TODO."""
    working_dir: str = ""
    """TODO."""


class EphemeralContainer(ApiStruct):
    """TODO."""

    args: tuple[str, ...] = ()
    """TODO."""
    command: tuple[str, ...] = ()
    """TODO."""
    env: Annotated[tuple[EnvVar, ...], ListMap("name"), PatchMerge("name")] = ()
    """TODO."""
    env_from: tuple[EnvFromSource, ...] = ()
    """TODO."""
    image: str = ""
    """TODO."""
    image_pull_policy: str = ""
    """TODO."""
    lifecycle: Lifecycle | None = None
    """TODO."""
    liveness_probe: Probe | None = None
    """TODO."""
    name: str
    """TODO."""
    ports: Annotated[
        tuple[ContainerPort, ...], ListMap("containerPort", "protocol"), PatchMerge("containerPort")
    ] = ()
    """TODO."""
    readiness_probe: Probe | None = None
    """TODO."""
    resize_policy: tuple[ContainerResizePolicy, ...] = ()
    """TODO."""
    resources: ResourceRequirements = ResourceRequirements()
    """TODO."""
    restart_policy: str | None = None
    """TODO."""
    restart_policy_rules: tuple[ContainerRestartRule, ...] = ()
    """TODO."""
    security_context: SecurityContext | None = None
    """TODO."""
    startup_probe: Probe | None = None
    """TODO."""
    stdin: bool = False
    """TODO."""
    stdin_once: bool = False
    """TODO."""
    target_container_name: str = ""
    """TODO."""
    termination_message_path: str = ""
    """TODO."""
    termination_message_policy: str = ""
    """TODO."""
    tty: bool = False
    """TODO."""
    volume_devices: Annotated[
        tuple[VolumeDevice, ...], ListMap("devicePath"), PatchMerge("devicePath")
    ] = ()
    """TODO."""
    volume_mounts: Annotated[
        tuple[VolumeMount, ...], ListMap("mountPath"), PatchMerge("mountPath")
    ] = ()
    """TODO."""
    working_dir: str = ""
    """TODO."""
