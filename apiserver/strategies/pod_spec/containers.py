"""Rules for the containers of a pod, of all three sorts."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from apiserver.strategies.pod_spec import env, mounts, probes, resources, security
from knarr.api import names
from knarr.api.core.container import (
    Container,
    ContainerPort,
    ContainerRestartRule,
    EphemeralContainer,
)
from knarr.api.core.volume import Volume
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
)

PROTOCOLS = ("SCTP", "TCP", "UDP")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
RESTART_POLICIES = ("Always", "Never", "OnFailure")
RESTART_RULES_MAX = 20
EXIT_CODES_MAX = 255

_MESSAGE_POLICIES = ("FallbackToLogsOnError", "File")
AnyContainer = Container | EphemeralContainer


class Surroundings(Struct, frozen=True):
    """What the rules of a container must know of its pod."""

    volumes: Mapping[str, Volume]
    claim_names: frozenset[str]
    grace_s: int
    restart_policy: str
    os_name: str


def validate_containers(
    containers: tuple[Container, ...], around: Surroundings, path: str
) -> Iterator[FieldError]:
    """The containers that make up the pod."""
    if not containers:
        yield required(path)
        return
    seen: set[str] = set()
    for i, container in enumerate(containers):
        at = f"{path}[{i}]"
        yield from _validate_any(container, around, at)
        if container.name in seen:
            yield duplicate(f"{at}.name", container.name)
        seen.add(container.name)
        yield from _validate_running(container, around, at)
        yield from _validate_restart(container, at)
    yield from _validate_host_ports(containers, path)


def _validate_running(
    container: Container, around: Surroundings, path: str
) -> Iterator[FieldError]:
    grace_s = around.grace_s
    yield from probes.validate_lifecycle(
        container.lifecycle, grace_s, f"{path}.lifecycle", os_name=around.os_name
    )
    yield from probes.validate_liveness(container.liveness_probe, grace_s, f"{path}.livenessProbe")
    yield from probes.validate_readiness(
        container.readiness_probe, grace_s, f"{path}.readinessProbe"
    )
    yield from probes.validate_startup(container.startup_probe, grace_s, f"{path}.startupProbe")


def validate_init_containers(
    containers: tuple[Container, ...],
    regular: tuple[Container, ...],
    around: Surroundings,
    path: str,
) -> Iterator[FieldError]:
    """The containers that run before the others, or beside them when they restart always."""
    seen = {container.name for container in regular}
    for i, container in enumerate(containers):
        at = f"{path}[{i}]"
        yield from _validate_any(container, around, at)
        yield from _validate_restart(container, at)
        if container.name in seen:
            yield duplicate(f"{at}.name", container.name)
        elif container.name:
            seen.add(container.name)
        yield from _validate_host_ports((container,), path)
        if container.restart_policy == "Always":
            yield from _validate_running(container, around, at)
        else:
            yield from _forbid_running(container, at)


def _forbid_running(container: Container, path: str) -> Iterator[FieldError]:
    for name, given in (
        ("lifecycle", container.lifecycle),
        ("livenessProbe", container.liveness_probe),
        ("readinessProbe", container.readiness_probe),
        ("startupProbe", container.startup_probe),
    ):
        if given is not None:
            detail = "may not be set for init containers without restartPolicy=Always"
            yield forbidden(f"{path}.{name}", detail)


def validate_ephemeral_containers(
    containers: tuple[EphemeralContainer, ...],
    init: tuple[Container, ...],
    regular: tuple[Container, ...],
    around: Surroundings,
    path: str,
) -> Iterator[FieldError]:
    """The containers that are put into a running pod to look around."""
    others = {container.name for container in (*regular, *init)}
    seen = set(others)
    for i, container in enumerate(containers):
        at = f"{path}[{i}]"
        yield from _validate_any(container, around, at)
        if container.name in seen:
            yield duplicate(f"{at}.name", container.name)
        seen.add(container.name)
        target = container.target_container_name
        if target and target not in others:
            yield not_found(f"{at}.targetContainerName", target)
        for wire in _given_in_vain(container):
            yield forbidden(f"{at}.{wire}", "cannot be set for an Ephemeral Container")
        for j, mount in enumerate(container.volume_mounts):
            for wire, value in (("subPath", mount.sub_path), ("subPathExpr", mount.sub_path_expr)):
                if value:
                    detail = "cannot be set for an Ephemeral Container"
                    yield forbidden(f"{at}.volumeMounts[{j}].{wire}", detail)


def _given_in_vain(container: EphemeralContainer) -> Iterator[str]:
    for wire, given in (
        ("ports", container.ports),
        ("resources", container.resources.limits or container.resources.requests),
        ("lifecycle", container.lifecycle),
        ("livenessProbe", container.liveness_probe),
        ("readinessProbe", container.readiness_probe),
        ("startupProbe", container.startup_probe),
        ("resizePolicy", container.resize_policy),
        ("restartPolicy", container.restart_policy),
    ):
        if given:
            yield wire


def _validate_any(container: AnyContainer, around: Surroundings, path: str) -> Iterator[FieldError]:
    if not container.name:
        yield required(f"{path}.name")
    else:
        yield from broken_names(f"{path}.name", container.name, names.dns_label(container.name))
    if not container.image:
        yield required(f"{path}.image")
    yield from _validate_choice(
        container.termination_message_policy, _MESSAGE_POLICIES, f"{path}.terminationMessagePolicy"
    )
    yield from _validate_ports(container.ports, f"{path}.ports")
    yield from env.validate_env(container.env, f"{path}.env")
    yield from env.validate_env_from(container.env_from, f"{path}.envFrom")
    yield from mounts.validate_mounts(container, around.volumes, f"{path}.volumeMounts")
    yield from mounts.validate_devices(container, around.volumes, f"{path}.volumeDevices")
    yield from _validate_choice(
        container.image_pull_policy, PULL_POLICIES, f"{path}.imagePullPolicy"
    )
    yield from resources.validate_requirements(
        container.resources, f"{path}.resources", claim_names=around.claim_names
    )
    yield from resources.validate_resize_policies(
        container.resize_policy, f"{path}.resizePolicy", restart_policy=around.restart_policy
    )
    yield from security.validate_container(container.security_context, f"{path}.securityContext")


def _validate_choice(value: str, known: tuple[str, ...], path: str) -> Iterator[FieldError]:
    if not value:
        yield required(path)
    elif value not in known:
        yield not_supported(path, value, known)


def _validate_ports(ports: tuple[ContainerPort, ...], path: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for i, port in enumerate(ports):
        at = f"{path}[{i}]"
        if port.name:
            broken = names.port_name(port.name)
            yield from broken_names(f"{at}.name", port.name, broken)
            if port.name in seen:
                yield duplicate(f"{at}.name", port.name)
            if not broken:
                seen.add(port.name)
        number = port.container_port
        if number == 0:
            yield required(f"{at}.containerPort")
        else:
            yield from broken_names(f"{at}.containerPort", number, names.port_number(number))
        if port.host_port:
            broken = names.port_number(port.host_port)
            yield from broken_names(f"{at}.hostPort", port.host_port, broken)
        yield from _validate_choice(port.protocol, PROTOCOLS, f"{at}.protocol")


def _validate_host_ports(containers: Iterable[Container], path: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for i, container in enumerate(containers):
        for j, port in enumerate(container.ports):
            if not port.host_port:
                continue
            taken = f"{port.protocol}/{port.host_ip}/{port.host_port}"
            if taken in seen:
                yield duplicate(f"{path}[{i}].ports[{j}].hostPort", taken)
            seen.add(taken)


def _validate_restart(container: Container, path: str) -> Iterator[FieldError]:
    policy, rules = container.restart_policy, container.restart_policy_rules
    if policy is None:
        if rules:
            detail = "must specify restartPolicy when restart rules are used"
            yield required(f"{path}.restartPolicy", detail)
    elif policy not in RESTART_POLICIES:
        yield not_supported(f"{path}.restartPolicy", policy, RESTART_POLICIES)
    if len(rules) > RESTART_RULES_MAX:
        yield FieldError(
            "FieldValueTooLong",
            f"{path}.restartPolicyRules",
            None,
            f"may not be more than {RESTART_RULES_MAX} bytes",
        )
    for i, rule in enumerate(rules):
        yield from _validate_restart_rule(rule, f"{path}.restartPolicyRules[{i}]")


def _validate_restart_rule(rule: ContainerRestartRule, path: str) -> Iterator[FieldError]:
    if rule.action not in ("Restart", "RestartAllContainers"):
        known = ("Restart", "RestartAllContainers")
        yield not_supported(f"{path}.action", rule.action, known)
    if rule.exit_codes is None:
        yield required(f"{path}.exitCodes", "must be specified")
        return
    at = f"{path}.exitCodes"
    if rule.exit_codes.operator not in ("In", "NotIn"):
        yield not_supported(f"{at}.operator", rule.exit_codes.operator, ("In", "NotIn"))
    values = rule.exit_codes.values
    if not values:
        yield invalid(f"{at}.values", values, "must specify at least one value")
    elif len(values) > EXIT_CODES_MAX:
        yield invalid(f"{at}.values", values, f"must have at most {EXIT_CODES_MAX} items")


def validate_image_spaces(containers: tuple[Container, ...], path: str) -> Iterator[FieldError]:
    """What holds for images of pods but, for old times' sake, not for those of templates."""
    for i, container in enumerate(containers):
        if container.image != container.image.strip():
            detail = "must not have leading or trailing whitespace"
            yield invalid(f"{path}[{i}].image", container.image, detail)
