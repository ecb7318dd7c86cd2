"""The rules of a whole pod spec, in the order in which Kubernetes tells them."""

from collections.abc import Iterator

from apiserver.strategies.label_rules import validate_labels
from apiserver.strategies.pod_spec import affinity, dns, resources, scheduling, security
from apiserver.strategies.pod_spec.containers import (
    Surroundings,
    validate_containers,
    validate_ephemeral_containers,
    validate_init_containers,
)
from apiserver.strategies.pod_spec.volumes import validate_volumes
from knarr.api import names
from knarr.api.core.pod import PodResourceClaim, PodSpec
from knarr.api.core.volume import Volume
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)

SECONDS_MAX = 2**31 - 1

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_POD_RESOURCES = ("cpu", "memory")


def validate_pod_spec(spec: PodSpec, path: str) -> Iterator[FieldError]:
    """All rules that hold for pods and for templates of pods."""
    volumes: dict[str, Volume] = {}
    yield from validate_volumes(spec.volumes, f"{path}.volumes", volumes)
    yield from _validate_claims(spec.resource_claims, f"{path}.resourceClaims")
    around = Surroundings(
        volumes=volumes,
        claim_names=frozenset(claim.name for claim in spec.resource_claims),
        grace_s=spec.termination_grace_period_seconds or 0,
        restart_policy=spec.restart_policy,
        os_name=spec.os.name if spec.os is not None else "",
    )
    yield from validate_containers(spec.containers, around, f"{path}.containers")
    yield from validate_init_containers(
        spec.init_containers, spec.containers, around, f"{path}.initContainers"
    )
    yield from validate_ephemeral_containers(
        spec.ephemeral_containers,
        spec.init_containers,
        spec.containers,
        around,
        f"{path}.ephemeralContainers",
    )
    yield from _validate_pod_resources(spec, f"{path}.resources")
    yield from _validate_restart_policy(spec.restart_policy, f"{path}.restartPolicy")
    yield from dns.validate_dns_policy(spec.dns_policy, f"{path}.dnsPolicy")
    yield from validate_labels(spec.node_selector, f"{path}.nodeSelector")
    yield from security.validate_pod(spec.security_context, spec, path)
    yield from affinity.validate_affinity(spec.affinity, f"{path}.affinity")
    yield from dns.validate_dns_config(spec.dns_config, spec.dns_policy, f"{path}.dnsConfig")
    yield from scheduling.validate_readiness_gates(spec.readiness_gates, f"{path}.readinessGates")
    yield from scheduling.validate_scheduling_gates(
        spec.scheduling_gates, f"{path}.schedulingGates"
    )
    yield from scheduling.validate_spread(
        spec.topology_spread_constraints, f"{path}.topologySpreadConstraints"
    )
    yield from _validate_host_users(spec, path)
    yield from _validate_names(spec, path)
    yield from scheduling.validate_tolerations(spec.tolerations, f"{path}.tolerations")
    yield from dns.validate_host_aliases(spec.host_aliases, f"{path}.hostAliases")
    yield from _validate_classes(spec, path)
    yield from security.validate_os(spec, path)


def _validate_claims(claims: tuple[PodResourceClaim, ...], path: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for i, claim in enumerate(claims):
        at = f"{path}[{i}]"
        if not claim.name:
            yield required(f"{at}.name")
        else:
            if claim.name in seen:
                yield duplicate(f"{at}.name", claim.name)
            yield from broken_names(f"{at}.name", claim.name, names.dns_label(claim.name))
            seen.add(claim.name)
        for wire, of in (
            ("resourceClaimName", claim.resource_claim_name),
            ("resourceClaimTemplateName", claim.resource_claim_template_name),
        ):
            if of is not None:
                yield from broken_names(f"{at}.{wire}", of, names.dns_subdomain(of))
        named = claim.resource_claim_name is not None
        templated = claim.resource_claim_template_name is not None
        if named and templated:
            detail = (
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            )
            yield invalid(at, claim.name, detail)
        elif not named and not templated:
            detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            yield invalid(at, claim.name, detail)


def _validate_pod_resources(spec: PodSpec, path: str) -> Iterator[FieldError]:
    if spec.resources is None:
        return
    if spec.resources.claims:
        yield forbidden(f"{path}.claims", "claims cannot be set for Resources at pod-level")
    for side, amounts in (("limits", spec.resources.limits), ("requests", spec.resources.requests)):
        for name in sorted(amounts):
            if name not in _POD_RESOURCES and not resources.is_huge_page(name):
                known = ("cpu", "hugepages-", "memory")
                yield not_supported(f"{path}.{side}[{name}]", name, known)
    yield from resources.validate_requirements(spec.resources, path)


def _validate_restart_policy(policy: str, path: str) -> Iterator[FieldError]:
    if not policy:
        yield required(path)
    elif policy not in _RESTART_POLICIES:
        yield not_supported(path, policy, _RESTART_POLICIES, in_order=True)


def _validate_host_users(spec: PodSpec, path: str) -> Iterator[FieldError]:
    if spec.host_users is not False:
        return
    for name, given in (
        ("hostNetwork", spec.host_network),
        ("hostPID", spec.host_pid),
        ("hostIPC", spec.host_ipc),
    ):
        if given:
            yield forbidden(f"{path}.hostUsers", f"when `{name}` is true")


def _validate_names(spec: PodSpec, path: str) -> Iterator[FieldError]:
    if spec.service_account_name:
        broken = names.dns_subdomain(spec.service_account_name)
        yield from broken_names(f"{path}.serviceAccountName", spec.service_account_name, broken)
    if spec.node_name:
        broken = names.dns_subdomain(spec.node_name)
        yield from broken_names(f"{path}.nodeName", spec.node_name, broken)
    if spec.active_deadline_seconds is not None:
        seconds = spec.active_deadline_seconds
        broken = names.in_range(seconds, 1, SECONDS_MAX)
        yield from broken_names(f"{path}.activeDeadlineSeconds", seconds, broken)
    if spec.hostname_override is not None:
        broken = names.dns_subdomain(spec.hostname_override)
        yield from broken_names(f"{path}.hostnameOverride", spec.hostname_override, broken)
    if spec.hostname:
        broken = names.dns_label(spec.hostname)
        yield from broken_names(f"{path}.hostname", spec.hostname, broken)
    if spec.subdomain:
        broken = names.dns_label(spec.subdomain)
        yield from broken_names(f"{path}.subdomain", spec.subdomain, broken)


def _validate_classes(spec: PodSpec, path: str) -> Iterator[FieldError]:
    if spec.priority_class_name:
        broken = names.dns_subdomain(spec.priority_class_name)
        yield from broken_names(f"{path}.priorityClassName", spec.priority_class_name, broken)
    if spec.runtime_class_name is not None:
        broken = names.dns_subdomain(spec.runtime_class_name)
        yield from broken_names(f"{path}.runtimeClassName", spec.runtime_class_name, broken)
    policies = ("Never", "PreemptLowerPriority")
    if spec.preemption_policy is not None and spec.preemption_policy not in policies:
        yield not_supported(f"{path}.preemptionPolicy", spec.preemption_policy, policies)
    for name in sorted(spec.overhead):
        at = f"{path}.overhead[{name}]"
        yield from resources.validate_container_resource_name(name, at)
        yield from resources.validate_amount(name, spec.overhead[name], at)
