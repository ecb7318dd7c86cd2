"""What is legal in a pod spec and yet hardly meant."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apiserver.strategies.address_warnings import ip_warnings
from knarr.api import quantities
from knarr.api.core.affinity import NodeSelectorTerm
from knarr.api.core.container import Container, ContainerPort
from knarr.api.core.pod import PodSpec
from knarr.api.core.resources import VolumeResourceRequirements
from knarr.api.core.volume import Volume
from knarr.api.field_errors import show
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity

_OLD_LABELS = {
    "beta.kubernetes.io/arch": ("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": ("v1.14", "kubernetes.io/os"),
    "failure-domain.beta.kubernetes.io/region": ("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": ("v1.17", "topology.kubernetes.io/zone"),
    "beta.kubernetes.io/instance-type": ("v1.17", "node.kubernetes.io/instance-type"),
}


_OLD_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": ("v1.16", "priorityClassName"),
    "security.alpha.kubernetes.io/sysctls": ("v1.11", "sysctls"),
    "security.alpha.kubernetes.io/unsafe-sysctls": ("v1.11", "sysctls"),
}
_OLD_SECCOMP = "seccomp.security.alpha.kubernetes.io/pod"
_OLD_SECCOMP_OF = "container.seccomp.security.alpha.kubernetes.io/"
_OLD_APP_ARMOR_OF = "container.apparmor.security.beta.kubernetes.io/"


def pod_warnings(
    spec: PodSpec, metadata: ObjectMeta, path: str, *, of_template: bool = False
) -> Iterator[str]:
    """Labels that have better names, things said twice, fields and annotations that do nothing.

    `path` is where metadata and spec stand, with a dot: nothing for a pod, `spec.template.`.
    """
    at = f"{path}spec"
    noted = metadata.annotations
    yield from _node_labels(spec, at)
    yield from _spread(spec, at)
    yield from _affinity(spec, at)
    for key, (since, better) in _OLD_ANNOTATIONS.items():
        if key in noted:
            yield _non_functional(path, key, since, better)
    for i, volume in enumerate(spec.volumes):
        yield from _volume(volume, f"{at}.volumes[{i}]")
    yield from _token_paths(spec, f"{at}.volumes")
    yield from _addresses(spec, at)
    yield from _pull_secrets(spec, at)
    yield from fraction_warnings(spec.overhead, f"{at}.overhead")
    context = spec.security_context
    if (context is None or context.seccomp_profile is None) and _OLD_SECCOMP in noted:
        yield _non_functional(path, _OLD_SECCOMP, "v1.27", "seccompProfile")
    containers = _with_paths(spec, at)
    for container, where in containers:
        yield from _old_profiles(container, spec, noted, path, of_template=of_template)
        yield from _container(container, where)
    yield from _ports(containers)
    grace = spec.termination_grace_period_seconds
    if grace is not None and grace < 0:
        yield (
            f"{at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid "
            "and will be treated as 1"
        )


def _non_functional(path: str, key: str, since: str, better: str) -> str:
    return (
        f"{path}metadata.annotations[{key}]: non-functional in {since}+; "
        f'use the "{better}" field instead'
    )


def old_label(key: str) -> str:
    """What is said of a node's label that has a better name; nothing of others."""
    if key not in _OLD_LABELS:
        return ""
    since, better = _OLD_LABELS[key]
    return f'deprecated since {since}; use "{better}" instead'


def _node_labels(spec: PodSpec, path: str) -> Iterator[str]:
    for label in sorted(spec.node_selector):
        if told := old_label(label):
            yield f"{path}.nodeSelector[{label}]: {told}"
    nodes = spec.affinity.node_affinity if spec.affinity is not None else None
    if nodes is None:
        return
    at = f"{path}.affinity.nodeAffinity"
    required = nodes.required_during_scheduling_ignored_during_execution
    terms = required.node_selector_terms if required is not None else ()
    where = f"{at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    for i, term in enumerate(terms):
        yield from node_term_warnings(term, f"{where}[{i}]")
    where = f"{at}.preferredDuringSchedulingIgnoredDuringExecution"
    for i, weighted in enumerate(nodes.preferred_during_scheduling_ignored_during_execution):
        yield from node_term_warnings(weighted.preference, f"{where}[{i}].preference")


def node_term_warnings(term: NodeSelectorTerm, path: str) -> Iterator[str]:
    """Labels of nodes that have better names."""
    for i, expression in enumerate(term.match_expressions):
        if told := old_label(expression.key):
            yield f"{path}.matchExpressions[{i}].key: {expression.key} is {told}"


def _spread(spec: PodSpec, path: str) -> Iterator[str]:
    for i, constraint in enumerate(spec.topology_spread_constraints):
        at = f"{path}.topologySpreadConstraints[{i}]"
        if told := old_label(constraint.topology_key):
            yield f"{at}.topologyKey: {constraint.topology_key} is {told}"
        if constraint.label_selector is None:
            yield f"{at}.labelSelector: {_NO_POD}"


_NO_POD = "a null labelSelector results in matching no pod"


def _affinity(spec: PodSpec, path: str) -> Iterator[str]:
    if spec.affinity is None:
        return
    for name, affinity in (
        ("podAffinity", spec.affinity.pod_affinity),
        ("podAntiAffinity", spec.affinity.pod_anti_affinity),
    ):
        if affinity is None:
            continue
        at = f"{path}.affinity.{name}"
        required = affinity.required_during_scheduling_ignored_during_execution
        for i, term in enumerate(required):
            if term.label_selector is None:
                where = f"{at}.requiredDuringSchedulingIgnoredDuringExecution[{i}]"
                yield f"{where}.labelSelector: {_NO_POD}"
        preferred = affinity.preferred_during_scheduling_ignored_during_execution
        for i, weighted in enumerate(preferred):
            if weighted.pod_affinity_term.label_selector is None:
                where = f"{at}.preferredDuringSchedulingIgnoredDuringExecution[{i}]"
                yield f"{where}.podAffinityTerm.labelSelector: {_NO_POD}"


def _old_profiles(
    container: Container,
    spec: PodSpec,
    noted: Mapping[str, str],
    path: str,
    *,
    of_template: bool,
) -> Iterator[str]:
    own, whole = container.security_context, spec.security_context
    key = _OLD_SECCOMP_OF + container.name
    if key in noted and (own is None or own.seccomp_profile is None):
        yield _non_functional(path, key, "v1.27", "seccompProfile")
    key = _OLD_APP_ARMOR_OF + container.name
    has_field = any(
        each is not None and each.app_armor_profile is not None for each in (own, whole)
    )
    if of_template and key in noted and not has_field:
        yield (
            f"{path}metadata.annotations[{key}]: deprecated since v1.30; "
            'use the "appArmorProfile" field instead'
        )


def _token_paths(spec: PodSpec, path: str) -> Iterator[str]:
    projected = [
        (i, source)
        for i, volume in enumerate(spec.volumes)
        if volume.projected is not None
        for source in volume.projected.sources
    ]
    taken = {
        source.service_account_token.path
        for _, source in projected
        if source.service_account_token is not None
    }
    for i, source in projected if taken else ():
        for name, given in (
            ("configMap", source.config_map),
            ("secrets", source.secret),
            ("downwardAPI", source.downward_api),
        ):
            items: Sequence[Any] = () if given is None else given.items
            for j, item in enumerate(items):
                if item.path in taken:
                    at = f"{path}[{i}].projected.sources.{name}[{j}]"
                    yield f"{at}: has duplicated path with ServiceAccountToken {show(item.path)}"


def _with_paths(spec: PodSpec, path: str) -> list[tuple[Container, str]]:
    return [
        *((one, f"{path}.initContainers[{i}]") for i, one in enumerate(spec.init_containers)),
        *((one, f"{path}.containers[{i}]") for i, one in enumerate(spec.containers)),
    ]


def _addresses(spec: PodSpec, path: str) -> Iterator[str]:
    servers = spec.dns_config.nameservers if spec.dns_config is not None else ()
    for i, server in enumerate(servers):
        yield from ip_warnings(server, f"{path}.dnsConfig.nameservers[{i}]")
    for i, alias in enumerate(spec.host_aliases):
        yield from ip_warnings(alias.ip, f"{path}.hostAliases[{i}].ip")
    seen: set[str] = set()
    for i, alias in enumerate(spec.host_aliases):
        if alias.ip in seen:
            yield f"{path}.hostAliases[{i}].ip: duplicate ip {show(alias.ip)}"
        seen.add(alias.ip)


def _pull_secrets(spec: PodSpec, path: str) -> Iterator[str]:
    seen: set[str] = set()
    empty: list[str] = []
    for i, secret in enumerate(spec.image_pull_secrets):
        at = f"{path}.imagePullSecrets[{i}].name"
        if not secret.name:
            empty.append(f"{at}: invalid empty name {show(secret.name)}")
        if secret.name in seen:
            yield f"{at}: duplicate name {show(secret.name)}"
        seen.add(secret.name)
    yield from empty


_DEAD_VOLUMES = (
    ("photonPersistentDisk", "photon_persistent_disk", "v1.11", "non-functional in v1.16+"),
    ("gitRepo", "git_repo", "v1.11", "and disabled by default in v1.33+"),
    ("scaleIO", "scale_io", "v1.16", "non-functional in v1.22+"),
    ("flocker", "flocker", "v1.22", "non-functional in v1.25+"),
    ("storageOS", "storageos", "v1.22", "non-functional in v1.25+"),
    ("quobyte", "quobyte", "v1.22", "non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "v1.25", "non-functional in v1.26+"),
    ("cephfs", "cephfs", "v1.28", "non-functional in v1.31+"),
    ("rbd", "rbd", "v1.28", "non-functional in v1.31+"),
)


def dead_volume_warnings(source: Any, path: str) -> Iterator[str]:
    """Kinds of volumes, of pods and of persistent volumes, that nothing mounts any more."""
    for word, field, since, what in _DEAD_VOLUMES:
        if getattr(source, field, None) is not None:
            yield f"{path}.{word}: deprecated in {since}, {what}"


def _volume(volume: Volume, path: str) -> Iterator[str]:
    yield from dead_volume_warnings(volume, path)
    if volume.ephemeral is not None and volume.ephemeral.volume_claim_template is not None:
        claim = volume.ephemeral.volume_claim_template.spec
        yield from claim_warnings(claim.resources, f"{path}.ephemeral.volumeClaimTemplate.spec")
    if volume.projected is not None:
        given = [
            any(getattr(one, field) is not None for field in one.__struct_fields__)
            for one in volume.projected.sources
        ]
        if given and not all(given):
            yield f"volume {show(volume.name)} (Projected) has no sources provided"


def fraction_warnings(amounts: Mapping[str, Quantity], path: str, *, of: str = "") -> Iterator[str]:
    """Amounts of bytes that are not whole; of memory and scratch space unless told `of` what."""
    for name in (of,) if of else ("memory", "ephemeral-storage"):
        amount = amounts.get(name)
        if amount is not None and not quantities.is_whole(amount):
            yield (
                f"{path}[{name}]: fractional byte value {show(amount)} "
                "is invalid, must be an integer"
            )


def claim_warnings(resources: VolumeResourceRequirements, path: str) -> Iterator[str]:
    """What a claim asks for that cannot be."""
    for side, amounts in (("requests", resources.requests), ("limits", resources.limits)):
        yield from fraction_warnings(amounts, f"{path}.resources.{side}", of="storage")


def _container(container: Container, path: str) -> Iterator[str]:
    for name in ("memory", "ephemeral-storage"):
        for side in ("limits", "requests"):
            amounts = getattr(container.resources, side)
            yield from fraction_warnings(amounts, f"{path}.resources.{side}", of=name)
    seen: set[str] = set()
    for i, variable in enumerate(container.env):
        builds_on = f"$({variable.name})"
        kept = builds_on in variable.value and builds_on != variable.value
        if variable.name in seen and (variable.value_from is not None or not kept):
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
