"""What is legal in a pod spec and yet hardly meant."""

from collections.abc import Iterator, Sequence

from knarr.api import quantities
from knarr.api.core.container import Container, ContainerPort
from knarr.api.core.pod import PodSpec
from knarr.api.core.volume import Volume
from knarr.api.field_errors import show

_OLD_LABELS = {
    "beta.kubernetes.io/arch": ("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": ("v1.14", "kubernetes.io/os"),
    "failure-domain.beta.kubernetes.io/region": ("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": ("v1.17", "topology.kubernetes.io/zone"),
    "beta.kubernetes.io/instance-type": ("v1.17", "node.kubernetes.io/instance-type"),
}


def pod_spec_warnings(
    spec: PodSpec, path: str, *, old: PodSpec | None = None, of_template: bool = False
) -> Iterator[str]:
    """Labels that have better names, things said twice, fields that do nothing."""
    for label in sorted(spec.node_selector):
        if label in _OLD_LABELS:
            since, better = _OLD_LABELS[label]
            yield f'{path}.nodeSelector[{label}]: deprecated since {since}; use "{better}" instead'
    yield from _host_aliases(spec, path)
    for i, volume in enumerate(spec.volumes):
        yield from _volume(volume, f"{path}.volumes[{i}]")
    yield from _pull_secrets(spec, path)
    containers = _with_paths(spec, path)
    for container, at in containers:
        yield from _container(container, at)
    yield from _ports(containers)
    grace = spec.termination_grace_period_seconds
    if grace is not None and grace < 0:
        yield (
            f"{path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid "
            "and will be treated as 1"
        )


def _with_paths(spec: PodSpec, path: str) -> list[tuple[Container, str]]:
    return [
        *((one, f"{path}.initContainers[{i}]") for i, one in enumerate(spec.init_containers)),
        *((one, f"{path}.containers[{i}]") for i, one in enumerate(spec.containers)),
    ]


def _host_aliases(spec: PodSpec, path: str) -> Iterator[str]:
    seen: set[str] = set()
    for i, alias in enumerate(spec.host_aliases):
        if alias.ip in seen:
            yield f"{path}.hostAliases[{i}].ip: duplicate ip {show(alias.ip)}"
        seen.add(alias.ip)


def _pull_secrets(spec: PodSpec, path: str) -> Iterator[str]:
    seen: set[str] = set()
    for i, secret in enumerate(spec.image_pull_secrets):
        at = f"{path}.imagePullSecrets[{i}].name"
        if not secret.name:
            yield f"{path}.imagePullSecrets[{i}]: invalid empty name {show(secret.name)}"
        elif secret.name in seen:
            yield f"{at}: duplicate name {show(secret.name)}"
        seen.add(secret.name)


def _volume(volume: Volume, path: str) -> Iterator[str]:
    if volume.git_repo is not None:
        yield f"{path}.gitRepo: deprecated in v1.11, and disabled by default in v1.33+"
    for word, source in (
        ("cephfs", volume.cephfs),
        ("rbd", volume.rbd),
    ):
        if source is not None:
            yield (f"{path}.{word}: deprecated in v1.28, this feature is non-functional in v1.31+")
    if volume.projected is not None:
        given = [
            any(getattr(one, field) is not None for field in one.__struct_fields__)
            for one in volume.projected.sources
        ]
        if given and not all(given):
            yield f"volume {show(volume.name)} (Projected) has no sources provided"


def _container(container: Container, path: str) -> Iterator[str]:
    for side, amounts in (
        ("limits", container.resources.limits),
        ("requests", container.resources.requests),
    ):
        for name in ("memory", "ephemeral-storage"):
            amount = amounts.get(name)
            if amount is not None and not quantities.is_whole(amount):
                yield (
                    f"{path}.resources.{side}[{name}]: fractional byte value {show(amount)} "
                    "is invalid, must be an integer"
                )
    seen: set[str] = set()
    for i, variable in enumerate(container.env):
        if variable.name in seen:
            yield (
                f"{path}.env[{i}]: hides previous definition of {show(variable.name)}, "
                "which may be dropped when using apply"
            )
        seen.add(variable.name)


def _ports(containers: Sequence[tuple[Container, str]]) -> Iterator[str]:
    seen: dict[tuple[int, str], list[tuple[str, ContainerPort]]] = {}
    for container, path in containers:
        for i, port in enumerate(container.ports):
            at = f"{path}.ports[{i}]"
            if port.host_ip and not port.host_port:
                yield (
                    f"{at}: hostIP set without hostPort: {{Name:{port.name} "
                    f"HostPort:{port.host_port} ContainerPort:{port.container_port} "
                    f"Protocol:{port.protocol} HostIP:{port.host_ip}}}"
                )
            others = seen.setdefault((port.container_port, port.protocol), [])
            for where, other in others:
                how = _clash(port, other)
                if how:
                    yield f"{at}: {how} port definition with {where}"
            others.append((at, port))


def _clash(port: ContainerPort, other: ContainerPort) -> str:
    if (port.host_ip, port.host_port) == (other.host_ip, other.host_port):
        return "duplicate"
    if not port.host_port or not other.host_port:
        return "overlapping"
    if port.host_port == other.host_port and bool(port.host_ip) != bool(other.host_ip):
        return "dangerously ambiguous"
    return ""
