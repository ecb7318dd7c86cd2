"""How much of a quota is used."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from knarr.api import quantities, quota_usage
from knarr.api.core.resource_quota import ResourceQuota, ResourceQuotaStatus
from knarr.api.kind import Kind
from knarr.api.plan import Plan
from knarr.api.scalars import Quantity

ZERO = Quantity("0")


def is_counted(kind: Kind, hard: Mapping[str, Quantity]) -> bool:
    """Whether any of a quota's limits is about objects of this kind."""
    resource = kind.resource
    if f"count/{resource}" in hard or resource in hard:
        return True
    plain = [name for name in hard if not name.startswith("count/")]
    if resource == "services":
        return any(name.startswith("services.") for name in plain)
    if resource == "persistentvolumeclaims":
        return any("storage" in name for name in plain)
    return resource == "pods" and any(
        name in ("cpu", "memory", "ephemeral-storage") or name.startswith(("requests.", "limits."))
        for name in plain
    )


def decide(quota: ResourceQuota, objects: Iterable[tuple[Kind, Any]]) -> Plan:
    """Count the objects of the quota's namespace, those of kinds it counts."""
    hard = quota.spec.hard
    used = dict.fromkeys(hard, ZERO)
    for kind, obj in objects:
        if not quota_usage.concerns(quota.spec, obj):
            continue
        for name, amount in quota_usage.usage(kind.resource, obj).items():
            if name in used:
                used[name] = quantities.add(used[name], amount)
    status = ResourceQuotaStatus(hard=hard, used=used)
    if _same(status, quota.status):
        return Plan()
    return Plan(status=replace(quota, status=status))


def _same(one: ResourceQuotaStatus, other: ResourceQuotaStatus) -> bool:
    """Whether both say the same, however they spell the amounts."""
    return dict(one.hard) == dict(other.hard) and (
        one.used.keys() == other.used.keys()
        and all(not quantities.compare(one.used[name], other.used[name]) for name in one.used)
    )
