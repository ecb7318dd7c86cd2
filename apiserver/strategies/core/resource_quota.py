"""Rules of a ResourceQuota."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.pod_defaults import whole_milli
from apiserver.strategies.pod_spec.resources import (
    is_huge_page,
    validate_amount,
    validate_resource_name,
)
from apiserver.strategies.rules import immutable
from apiserver.strategies.strategy import Context, Strategy
from knarr.api.core.resource_quota import (
    ResourceQuota,
    ResourceQuotaSpec,
    ResourceQuotaStatus,
    ScopedResourceSelectorRequirement,
)
from knarr.api.field_errors import FieldError, invalid, required
from knarr.api.printing.core import resource_quota_row

SCOPES = frozenset(
    {
        "Terminating",
        "NotTerminating",
        "BestEffort",
        "NotBestEffort",
        "PriorityClass",
        "CrossNamespacePodAffinity",
        "VolumeAttributesClass",
    }
)

_CONFLICTS = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
_POD_AMOUNTS = frozenset(
    {
        "pods",
        "cpu",
        "memory",
        "limits.cpu",
        "limits.memory",
        "requests.cpu",
        "requests.memory",
    }
)
_STANDARD = _POD_AMOUNTS | {
    "ephemeral-storage",
    "requests.ephemeral-storage",
    "limits.ephemeral-storage",
    "requests.storage",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
}


class ResourceQuotaRules(Strategy[ResourceQuota]):
    """What holds for a ResourceQuota."""

    has_generation = False

    def default(self, obj: ResourceQuota) -> ResourceQuota:
        """Amounts are whole thousandths."""
        hard = whole_milli(obj.spec.hard)
        if hard is obj.spec.hard:
            return obj
        return replace(obj, spec=replace(obj.spec, hard=hard))

    def prepare_for_create(self, obj: ResourceQuota, context: Context) -> ResourceQuota:
        """Nothing is counted yet."""
        return replace(obj, status=ResourceQuotaStatus())

    def validate(self, obj: ResourceQuota) -> Iterable[FieldError]:
        """Resources that can be counted, scopes that fit them."""
        return _validate_spec(obj.spec, "spec")

    def validate_update(self, obj: ResourceQuota, old: ResourceQuota) -> Iterable[FieldError]:
        """Scopes stay."""
        yield from immutable(sorted(obj.spec.scopes), sorted(old.spec.scopes), "spec.scopes")
        yield from immutable(obj.spec.scope_selector, old.spec.scope_selector, "spec.scopeSelector")

    def validate_status_update(
        self, obj: ResourceQuota, old: ResourceQuota
    ) -> Iterable[FieldError]:
        """What is counted has good names and amounts."""
        for field, amounts in (("hard", obj.status.hard), ("used", obj.status.used)):
            for name in sorted(amounts):
                at = f"status.{field}[{name}]"
                yield from _validate_name(name, at)
                yield from validate_amount(name, amounts[name], at)

    def row(self, obj: ResourceQuota, now: datetime) -> Sequence[Any]:
        """Name, used of the requests, used of the limits, age."""
        return resource_quota_row(obj, now)


def _is_standard(name: str) -> bool:
    return name in _STANDARD or is_huge_page(name.removeprefix("requests."))


def _validate_name(name: str, path: str) -> Iterator[FieldError]:
    if not name.startswith("requests.hugepages-"):
        yield from validate_resource_name(name, path)
    if "/" not in name and not _is_standard(name):
        yield invalid(path, name, "must be a standard resource for quota")


def _validate_spec(spec: ResourceQuotaSpec, path: str) -> Iterator[FieldError]:
    for name in sorted(spec.hard):
        at = f"{path}.hard[{name}]"
        yield from _validate_name(name, at)
        yield from validate_amount(name, spec.hard[name], at)
    for scope in spec.scopes:
        if scope not in SCOPES:
            yield invalid(f"{path}.scopes", spec.scopes, "unsupported scope")
        yield from _validate_scope(scope, spec, f"{path}.scopes", spec.scopes)
    yield from _validate_conflicts(spec.scopes, f"{path}.scopes")
    if spec.scope_selector is not None:
        at = f"{path}.scopeSelector.matchExpressions"
        requirements = spec.scope_selector.match_expressions
        for requirement in requirements:
            yield from _validate_requirement(requirement, spec, at)
        scopes = tuple(requirement.scope_name for requirement in requirements)
        yield from _validate_conflicts(scopes, at)


def _validate_scope(
    scope: str, spec: ResourceQuotaSpec, path: str, shown: object
) -> Iterator[FieldError]:
    for name in sorted(spec.hard):
        if _is_standard(name) and not _fits(scope, name):
            yield invalid(path, shown, "unsupported scope applied to resource")


def _fits(scope: str, name: str) -> bool:
    match scope:
        case "BestEffort":
            return name == "pods"
        case "VolumeAttributesClass":
            return name in ("persistentvolumeclaims", "requests.storage")
        case _:
            return scope not in SCOPES or name in _POD_AMOUNTS


def _validate_conflicts(scopes: tuple[str, ...], path: str) -> Iterator[FieldError]:
    for one, other in _CONFLICTS:
        if one in scopes and other in scopes:
            yield invalid(path, scopes, "conflicting scopes")


def _validate_requirement(
    requirement: ScopedResourceSelectorRequirement, spec: ResourceQuotaSpec, path: str
) -> Iterator[FieldError]:
    scope, operator = requirement.scope_name, requirement.operator
    if scope not in SCOPES:
        yield invalid(f"{path}.scopeName", scope, "unsupported scope")
    yield from _validate_scope(scope, spec, path, spec.scope_selector)
    if scope in SCOPES - {"PriorityClass", "VolumeAttributesClass"} and operator != "Exists":
        detail = (
            "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, "
            "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
            "ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
        )
        yield invalid(f"{path}.operator", operator, detail)
    yield from _validate_values(requirement, path)


def _validate_values(
    requirement: ScopedResourceSelectorRequirement, path: str
) -> Iterator[FieldError]:
    match requirement.operator:
        case "In" | "NotIn":
            if not requirement.values:
                detail = (
                    "must be at least one value when `operator` is 'In' or 'NotIn' "
                    "for scope selector"
                )
                yield required(f"{path}.values", detail)
        case "Exists" | "DoesNotExist":
            if requirement.values:
                detail = (
                    "must be no value when `operator` is 'Exist' or 'DoesNotExist' "
                    "for scope selector"
                )
                yield invalid(f"{path}.values", requirement.values, detail)
        case operator:
            yield invalid(f"{path}.operator", operator, "not a valid selector operator")
