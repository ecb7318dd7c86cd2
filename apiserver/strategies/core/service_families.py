"""Which address families a service has, in a cluster whose services have one or both.

`with_families` fills in what users leave out; the errors here are the ones
that keep a service from getting an address, so they stand before all others.
"""

import ipaddress
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from knarr.api import names
from knarr.api.core.service import Service, ServiceSpec
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    duplicate,
    invalid,
    not_supported,
    required,
)

CONFIGURED: tuple[str, ...] = ("IPv4",)
"""The families of a cluster's services where nobody says otherwise, the usual one first."""
HEADLESS = "None"

_FAMILIES = ("IPv4", "IPv6")
_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_SINGLE, _REQUIRED = "SingleStack", "RequireDualStack"


def is_headless(spec: ServiceSpec) -> bool:
    """Whether the service asks for no address of its own."""
    return spec.cluster_ip == HEADLESS


def with_families(service: Service, configured: tuple[str, ...] = CONFIGURED) -> Service:
    """The service with families and policy, as far as they follow from what it says."""
    spec = service.spec
    if spec.type == "ExternalName":
        return service
    families, policy = spec.ip_families, spec.ip_family_policy
    if is_headless(spec) and not spec.selector:
        families = families or configured[:1]
        if len(families) < 2 and policy != _SINGLE:
            families = (*families, "IPv6" if families[0] == "IPv4" else "IPv4")
        policy = policy or _REQUIRED
    else:
        families = families or _families_of(spec.cluster_ips) or configured[:1]
        policy = policy or _SINGLE
        if policy != _SINGLE and len(families) < 2:
            families = (*families, *(one for one in configured if one not in families))
    if families == spec.ip_families and policy == spec.ip_family_policy:
        return service
    return replace(service, spec=replace(spec, ip_families=families, ip_family_policy=policy))


def trimmed(spec: ServiceSpec, old: ServiceSpec) -> ServiceSpec:
    """A service that is to have one family from now on loses the second one of both lists."""
    if spec.ip_family_policy != _SINGLE or old.ip_family_policy in (None, _SINGLE):
        return spec
    if len(spec.cluster_ips) == 2 and spec.cluster_ips == old.cluster_ips:
        spec = replace(spec, cluster_ips=spec.cluster_ips[:1])
    if len(spec.ip_families) == 2 and spec.ip_families == old.ip_families:
        spec = replace(spec, ip_families=spec.ip_families[:1])
    return spec


def _families_of(addresses: Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(f"IPv{ipaddress.ip_address(address).version}" for address in addresses)
    except ValueError:
        return ()


def validate_addresses(
    spec: ServiceSpec, path: str, configured: Sequence[str] = CONFIGURED
) -> list[FieldError]:
    """What keeps the service from getting an address: bad ones, or families the cluster lacks."""
    if spec.type == "ExternalName":
        return []
    return list(_validate_related(spec, path)) or list(_validate_configured(spec, path, configured))


def _validate_related(spec: ServiceSpec, path: str) -> Iterator[FieldError]:
    at = f"{path}.clusterIPs"
    addresses = spec.cluster_ips
    yield from _validate_first(spec, at)
    yield from _validate_families(spec, path)
    broken = list(_validate_each(addresses, at))
    yield from broken
    if len(addresses) > 2:
        yield invalid(at, addresses, "may only hold up to 2 values")
    if broken or is_headless(spec):
        return
    families = _families_of(addresses)
    if len(addresses) > 1 and len(set(families)) < 2:
        yield invalid(at, addresses, "may specify no more than one IP for each IP family")
    for i, (family, wanted) in enumerate(zip(families, spec.ip_families, strict=False)):
        if family != wanted:
            detail = f"expected an {wanted} value as indicated by `ipFamilies[{i}]`"
            yield invalid(f"{at}[{i}]", addresses[i], detail)


def _validate_first(spec: ServiceSpec, path: str) -> Iterator[FieldError]:
    if not spec.cluster_ip:
        if spec.cluster_ips:
            detail = "must be empty when `clusterIP` is not specified"
            yield invalid(path, spec.cluster_ips, detail)
    elif not spec.cluster_ips:
        yield required(path)
    elif spec.cluster_ips[0] != spec.cluster_ip:
        yield invalid(path, spec.cluster_ips, "first value must match `clusterIP`")


def _validate_families(spec: ServiceSpec, path: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for i, family in enumerate(spec.ip_families):
        if family not in _FAMILIES:
            yield not_supported(f"{path}.ipFamilies[{i}]", family, _FAMILIES)
        if family in seen:
            yield duplicate(f"{path}.ipFamilies[{i}]", family)
        seen.add(family)
    policy = spec.ip_family_policy
    if policy is not None and policy not in _POLICIES:
        yield not_supported(f"{path}.ipFamilyPolicy", policy, _POLICIES)


def _validate_each(addresses: Sequence[str], path: str) -> Iterator[FieldError]:
    for i, address in enumerate(addresses):
        if i == 0 and address == HEADLESS:
            if len(addresses) > 1:
                yield invalid(path, addresses, "'None' must be the first and only value")
            continue
        yield from broken_names(f"{path}[{i}]", address, names.ip_address(address))


def _validate_configured(
    spec: ServiceSpec, path: str, configured: Sequence[str]
) -> Iterator[FieldError]:
    settling = list(_validate_single(spec, path, configured))
    if settling or (is_headless(spec) and not spec.selector):
        yield from settling
        return
    if spec.ip_family_policy == _REQUIRED and len(configured) < 2:
        detail = "this cluster is not configured for dual-stack services"
        yield invalid(f"{path}.ipFamilyPolicy", spec.ip_family_policy, detail)
    for i, family in enumerate(spec.ip_families):
        if family not in configured:
            yield invalid(f"{path}.ipFamilies[{i}]", family, "not configured on this cluster")


def _validate_single(
    spec: ServiceSpec, path: str, configured: Sequence[str]
) -> Iterator[FieldError]:
    if spec.ip_family_policy in (None, _SINGLE):
        detail = "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
        at = f"{path}.ipFamilyPolicy"
        if len(spec.cluster_ips) == 2:
            yield invalid(at, _SINGLE, f"{detail} cluster IPs are specified")
        if len(spec.ip_families) == 2:
            yield invalid(at, _SINGLE, f"{detail} IP families are specified")
    for i, family in enumerate(_families_of(spec.cluster_ips)):
        if family not in configured:
            detail = f"{family} is not configured on this cluster"
            yield invalid(f"{path}.clusterIPs[{i}]", spec.cluster_ips, detail)
