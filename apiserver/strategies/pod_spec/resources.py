"""Rules for what containers and pods request and may use at most."""

from collections.abc import Collection, Iterator, Mapping

from knarr.api import names, quantities
from knarr.api.core.resources import ContainerResizePolicy, ResourceClaim, ResourceRequirements
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
from knarr.api.scalars import Quantity

HUGE_PAGES = "hugepages-"
"""What the names of huge page resources start with; their page size follows."""

_COMPUTE = frozenset({"cpu", "memory", "ephemeral-storage"})
_COUNTED = frozenset(
    {
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    }
)
_STANDARD = (
    _COMPUTE
    | _COUNTED
    | {"storage", "requests.storage"}
    | {f"{side}.{name}" for side in ("requests", "limits") for name in _COMPUTE}
)


def is_huge_page(name: str) -> bool:
    """Whether the resource is memory in large pages."""
    return name.startswith(HUGE_PAGES)


def is_native(name: str) -> bool:
    """Whether Kubernetes itself gives the resource its meaning."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """Whether the resource is one that a node's owner made up: `example.com/gpu`."""
    return (
        not is_native(name)
        and not name.startswith("requests.")
        and not names.qualified_name(f"requests.{name}")
    )


def is_overcommit_allowed(name: str) -> bool:
    """Whether more than is requested may be used."""
    return is_native(name) and not is_huge_page(name)


def is_standard(name: str) -> bool:
    """Whether the name may stand without a prefix."""
    return name in _STANDARD or is_huge_page(name)


def is_standard_for_containers(name: str) -> bool:
    """Whether a container can ask for it."""
    return name in _COMPUTE or is_huge_page(name)


def validate_resource_name(name: str, path: str) -> Iterator[FieldError]:
    """A resource's name: standard, or with a prefix."""
    broken = broken_names(path, name, names.qualified_name(name))
    yield from broken
    if not broken and "/" not in name and not is_standard(name):
        yield invalid(path, name, "must be a standard resource type or fully qualified")


def validate_container_resource_name(name: str, path: str) -> Iterator[FieldError]:
    """The name of a resource that a container asks for."""
    yield from validate_resource_name(name, path)
    if "/" not in name:
        if not is_standard_for_containers(name):
            yield invalid(path, name, "must be a standard resource for containers")
    elif not is_native(name) and not is_extended(name):
        yield invalid(path, name, "doesn't follow extended resource name standard")


def validate_amount(name: str, amount: Quantity, path: str) -> Iterator[FieldError]:
    """An amount of a resource: not negative, whole where halves make no sense."""
    yield from validate_not_negative(amount, path)
    if (name in _COUNTED or is_extended(name)) and not quantities.is_whole(amount):
        yield invalid(path, amount, "must be an integer")


def validate_not_negative(amount: Quantity, path: str) -> Iterator[FieldError]:
    """An amount that is not negative."""
    if quantities.parse(amount).nanos < 0:
        yield invalid(path, amount, "must be greater than or equal to 0")


def validate_requirements(
    requirements: ResourceRequirements,
    path: str,
    *,
    claim_names: Collection[str] = (),
) -> Iterator[FieldError]:
    """Requests, limits and claims of a container."""
    limits, requests = requirements.limits, requirements.requests
    if limits or requests:
        yield from _validate_limits(limits, f"{path}.limits")
        yield from _validate_requests(requests, limits, path)
        asked = [*limits, *requests]
        if any(map(is_huge_page, asked)) and not {"cpu", "memory"} & set(asked):
            yield forbidden(path, "HugePages require cpu or memory")
    if requirements.claims:
        yield from _validate_claims(requirements.claims, claim_names, f"{path}.claims")


def _validate_limits(limits: Mapping[str, Quantity], path: str) -> Iterator[FieldError]:
    for name in sorted(limits):
        at = f"{path}[{name}]"
        yield from validate_container_resource_name(name, at)
        yield from validate_amount(name, limits[name], at)
        yield from _validate_huge_pages(name, limits[name], at)


def _validate_requests(
    requests: Mapping[str, Quantity], limits: Mapping[str, Quantity], path: str
) -> Iterator[FieldError]:
    for name in sorted(requests):
        amount = requests[name]
        at = f"{path}.requests[{name}]"
        yield from validate_container_resource_name(name, at)
        yield from validate_amount(name, amount, at)
        limit = limits.get(name)
        if limit is None:
            if not is_overcommit_allowed(name):
                yield required(
                    f"{path}.limits", "Limit must be set for non overcommitable resources"
                )
        elif difference := quantities.compare(amount, limit):
            if not is_overcommit_allowed(name):
                detail = f"must be equal to {name} limit of {limit}"
                yield invalid(f"{path}.requests", amount, detail)
            elif difference > 0:
                detail = f"must be less than or equal to {name} limit of {limit}"
                yield invalid(f"{path}.requests", amount, detail)
        yield from _validate_huge_pages(name, amount, at)


def _validate_huge_pages(name: str, amount: Quantity, path: str) -> Iterator[FieldError]:
    if not is_huge_page(name):
        return
    try:
        size = quantities.parse(name.removeprefix(HUGE_PAGES)).nanos
    except quantities.QuantityError as error:
        yield invalid(path, amount, str(error))
        return
    if size <= 0 or quantities.parse(amount).nanos % size:
        yield invalid(path, amount, f"{amount} is not positive integer multiple of {name}")


def _validate_claims(
    claims: tuple[ResourceClaim, ...], claim_names: Collection[str], path: str
) -> Iterator[FieldError]:
    seen: set[tuple[str, str]] = set()
    for i, claim in enumerate(claims):
        at = f"{path}[{i}]"
        if not claim.name:
            yield required(at)
            continue
        if (claim.name, claim.request) in seen:
            told = f"{claim.name}/{claim.request}" if claim.request else claim.name
            yield duplicate(at, told)
        seen.add((claim.name, claim.request))
        if claim.name not in claim_names:
            known = f": {', '.join(sorted(claim_names))}" if claim_names else " which is empty"
            yield not_found(
                at, claim.name, f"must be one of the names in pod.spec.resourceClaims{known}"
            )


def validate_resize_policies(
    policies: tuple[ContainerResizePolicy, ...], path: str, *, restart_policy: str
) -> Iterator[FieldError]:
    """Whether a container restarts when what it may use changes."""
    seen: set[str] = set()
    for i, policy in enumerate(policies):
        if policy.resource_name in seen:
            yield duplicate(f"{path}[{i}]", policy.resource_name)
        seen.add(policy.resource_name)
        if not policy.resource_name:
            yield required(path)
        elif policy.resource_name not in ("cpu", "memory"):
            yield not_supported(path, policy.resource_name, ("cpu", "memory"))
        if not policy.restart_policy:
            yield required(path)
        elif policy.restart_policy not in ("NotRequired", "RestartContainer"):
            known = ("NotRequired", "RestartContainer")
            yield not_supported(path, policy.restart_policy, known)
        if restart_policy == "Never" and policy.restart_policy != "NotRequired":
            detail = "must be 'NotRequired' when `restartPolicy` is 'Never'"
            yield invalid(path, policy.restart_policy, detail)
