"""The types of container in core/v1."""

from typing import Annotated

from knarr.api.core.env import EnvFromSource, EnvVar
from knarr.api.core.probe import Lifecycle, Probe
from knarr.api.core.resources import ContainerResizePolicy, ResourceRequirements
from knarr.api.core.security import SecurityContext
from knarr.api.core.volume import VolumeDevice, VolumeMount
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct, Defaulted, ListMap, ListSet, PatchMerge


class ContainerPort(ApiStruct):
    """A port on which a container listens; it informs, and names the port."""

    container_port: Int32
    """Number of the port inside the pod."""
    host_ip: str = ""
    """Address of the host on which `hostPort` is opened; all of them when empty."""
    host_port: Int32 = 0
    """Port of the host that leads to this one; 0 for none."""
    name: str = ""
    """Name by which Services and probes may call the port, unique within the pod."""
    protocol: Annotated[str, Defaulted("TCP")] = ""
    """TCP, UDP or SCTP. The server fills in TCP."""


class ContainerRestartRuleOnExitCodes(ApiStruct):
    """Tells exit codes apart."""

    operator: str
    """In or NotIn."""
    values: Annotated[tuple[Int32, ...], ListSet()] = ()
    """The exit codes."""


class ContainerRestartRule(ApiStruct):
    """What to do when a container ends in a certain way."""

    action: str
    """Restart, or RestartAllContainers."""
    exit_codes: ContainerRestartRuleOnExitCodes | None = None
    """The exit codes the rule is about."""


class Container(ApiStruct):
    """A program of a pod: image, command, environment, limits and checks."""

    args: tuple[str, ...] = ()
    """Arguments of the command; the image's own when empty. `$(NAME)` stands for a variable."""
    command: tuple[str, ...] = ()
    """Program to run; the image's entry point when empty. `$(NAME)` stands for a variable."""
    env: Annotated[tuple[EnvVar, ...], ListMap("name"), PatchMerge("name")] = ()
    """Environment variables, in order: later ones may refer to earlier ones."""
    env_from: tuple[EnvFromSource, ...] = ()
    """ConfigMaps and Secrets all of whose keys become variables; `env` wins over them."""
    image: str = ""
    """Name of the image, such as nginx:1.27."""
    image_pull_policy: str = ""
    """Always, IfNotPresent or Never.

    The server fills in Always for the tag latest, else IfNotPresent.
    """
    lifecycle: Lifecycle | None = None
    """Hooks after the start and before the end."""
    liveness_probe: Probe | None = None
    """Check whose failure has the container started again."""
    name: str
    """Name of the container, unique within the pod."""
    ports: Annotated[
        tuple[ContainerPort, ...], ListMap("containerPort", "protocol"), PatchMerge("containerPort")
    ] = ()
    """Ports it listens on."""
    readiness_probe: Probe | None = None
    """Check whose failure takes the pod out of its Services."""
    resize_policy: tuple[ContainerResizePolicy, ...] = ()
    """Whether a change of a resource in place needs a restart."""
    resources: ResourceRequirements = ResourceRequirements()
    """Processor, memory and other resources it asks for and may use."""
    restart_policy: str | None = None
    """When this container is started again, in place of the pod's policy.

    An init container with Always stays beside the others: a sidecar.
    """
    restart_policy_rules: tuple[ContainerRestartRule, ...] = ()
    """Rules looked at before the policy when the container ends; the first that fits counts."""
    security_context: SecurityContext | None = None
    """Rights of the container; they win over those of the pod."""
    startup_probe: Probe | None = None
    """Check that must pass once before the other two begin."""
    stdin: bool = False
    """Whether its input is kept open for attach."""
    stdin_once: bool = False
    """Whether input ends with the first attach session."""
    termination_message_path: str = ""
    """File in which the container may leave its last words.

    The server fills in /dev/termination-log.
    """
    termination_message_policy: str = ""
    """File, or FallbackToLogsOnError to take the end of the log where the file is empty."""
    tty: bool = False
    """Whether it gets a terminal."""
    volume_devices: Annotated[
        tuple[VolumeDevice, ...], ListMap("devicePath"), PatchMerge("devicePath")
    ] = ()
    """Block devices it gets."""
    volume_mounts: Annotated[
        tuple[VolumeMount, ...], ListMap("mountPath"), PatchMerge("mountPath")
    ] = ()
    """Volumes it sees, and where."""
    working_dir: str = ""
    """Folder the command starts in; the image's own when empty."""


class EphemeralContainer(ApiStruct):
    """A container added to a running pod for looking into it. It is never started again."""

    args: tuple[str, ...] = ()
    """Arguments of the command; the image's own when empty. `$(NAME)` stands for a variable."""
    command: tuple[str, ...] = ()
    """Program to run; the image's entry point when empty. `$(NAME)` stands for a variable."""
    env: Annotated[tuple[EnvVar, ...], ListMap("name"), PatchMerge("name")] = ()
    """Environment variables, in order: later ones may refer to earlier ones."""
    env_from: tuple[EnvFromSource, ...] = ()
    """ConfigMaps and Secrets all of whose keys become variables; `env` wins over them."""
    image: str = ""
    """Name of the image, such as nginx:1.27."""
    image_pull_policy: str = ""
    """Always, IfNotPresent or Never.

    The server fills in Always for the tag latest, else IfNotPresent.
    """
    lifecycle: Lifecycle | None = None
    """Hooks after the start and before the end."""
    liveness_probe: Probe | None = None
    """Check whose failure has the container started again."""
    name: str
    """Name of the container, unique within the pod."""
    ports: Annotated[
        tuple[ContainerPort, ...], ListMap("containerPort", "protocol"), PatchMerge("containerPort")
    ] = ()
    """Ports it listens on."""
    readiness_probe: Probe | None = None
    """Check whose failure takes the pod out of its Services."""
    resize_policy: tuple[ContainerResizePolicy, ...] = ()
    """Whether a change of a resource in place needs a restart."""
    resources: ResourceRequirements = ResourceRequirements()
    """Processor, memory and other resources it asks for and may use."""
    restart_policy: str | None = None
    """When this container is started again, in place of the pod's policy.

    An init container with Always stays beside the others: a sidecar.
    """
    restart_policy_rules: tuple[ContainerRestartRule, ...] = ()
    """Rules looked at before the policy when the container ends; the first that fits counts."""
    security_context: SecurityContext | None = None
    """Rights of the container; they win over those of the pod."""
    startup_probe: Probe | None = None
    """Check that must pass once before the other two begin."""
    stdin: bool = False
    """Whether its input is kept open for attach."""
    stdin_once: bool = False
    """Whether input ends with the first attach session."""
    target_container_name: str = ""
    """Container whose processes this one sees."""
    termination_message_path: str = ""
    """File in which the container may leave its last words.

    The server fills in /dev/termination-log.
    """
    termination_message_policy: str = ""
    """File, or FallbackToLogsOnError to take the end of the log where the file is empty."""
    tty: bool = False
    """Whether it gets a terminal."""
    volume_devices: Annotated[
        tuple[VolumeDevice, ...], ListMap("devicePath"), PatchMerge("devicePath")
    ] = ()
    """Block devices it gets."""
    volume_mounts: Annotated[
        tuple[VolumeMount, ...], ListMap("mountPath"), PatchMerge("mountPath")
    ] = ()
    """Volumes it sees, and where."""
    working_dir: str = ""
    """Folder the command starts in; the image's own when empty."""
