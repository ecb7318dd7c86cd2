"""Refuses what would use more of a namespace than its quotas allow, and counts the rest."""

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec.structs import replace

from apiserver.admission.admission import Admission, Attributes, View
from apiserver.admission.refusal import refusal
from knarr.api import quantities, quota_usage
from knarr.api.core.pod import Pod
from knarr.api.core.resource_quota import ResourceQuota
from knarr.api.errors import ConflictError
from knarr.api.quota_usage import Usage
from knarr.api.scalars import Quantity

TRIES_MAX = 20
"""Attempts at counting where others count too."""

_ZERO = Quantity("0")
_COUNTED_ON_UPDATE = frozenset({"services", "persistentvolumeclaims"})
"""Resources whose changes can use more; of all others only creates do."""


class ResourceQuotas(Admission):
    """Holds every quota of the namespace against what is made."""

    subresources: ClassVar[frozenset[str]] = frozenset({""})

    async def validate(self, attributes: Attributes, view: View) -> None:
        """Refuse what is too much; else count it."""
        if not attributes.namespace or attributes.kind.plural == "resourcequotas":
            return
        quotas: list[ResourceQuota] = list(view.list(ResourceQuota, attributes.namespace))
        if not quotas:
            return
        more = _more(attributes)
        if not more:
            return
        for quota in sorted(quotas, key=lambda each: each.metadata.name):
            if quota_usage.concerns(quota.spec, attributes.object):
                await self._count(attributes, view, quota, more)

    async def _count(
        self, attributes: Attributes, view: View, quota: ResourceQuota, more: Usage
    ) -> None:
        found: ResourceQuota | None = quota
        for _ in range(TRIES_MAX):
            if found is None:
                return
            changed = _counted(attributes, found, more)
            if changed is None or attributes.dry_run or await view.write_status(changed):
                return
            meta = found.metadata
            found = await view.get_live(ResourceQuota, meta.namespace, meta.name)
        raise ConflictError(f"the quota {quota.metadata.name} changes too often to be counted")


def _more(attributes: Attributes) -> Usage:
    """What the request adds to what is used."""
    resource = attributes.kind.resource
    used = quota_usage.usage(resource, attributes.object)
    if attributes.old is None:
        return {name: amount for name, amount in used.items() if not quantities.is_zero(amount)}
    if resource not in _COUNTED_ON_UPDATE:
        return {}
    before = quota_usage.usage(resource, attributes.old)
    more: Usage = {}
    for name, amount in used.items():
        added = quantities.sub(amount, before.get(name, _ZERO))
        if quantities.compare(added, _ZERO) > 0:
            more[name] = added
    return more


def _counted(attributes: Attributes, quota: ResourceQuota, more: Usage) -> ResourceQuota | None:
    """The quota with the addition counted, None when it does not count it. Raise ForbiddenError."""
    hard = quota.status.hard
    name = quota.metadata.name
    if not hard and quota.spec.hard:
        told = ",".join(sorted(set(quota.spec.hard) & set(more)))
        if told:
            raise refusal(attributes, f"status unknown for quota: {name}, resources: {told}")
        return None
    _check_stated(attributes, quota)
    counted = {each: amount for each, amount in more.items() if each in hard}
    if not counted:
        return None
    used = quota.status.used
    after = {
        each: quantities.add(used.get(each, _ZERO), amount) for each, amount in counted.items()
    }
    exceeded = [each for each in sorted(after) if quantities.compare(after[each], hard[each]) > 0]
    if exceeded:
        raise refusal(
            attributes,
            f"exceeded quota: {name}, requested: {_told(counted, exceeded)}, "
            f"used: {_told(used, exceeded)}, limited: {_told(hard, exceeded)}",
        )
    return replace(quota, status=replace(quota.status, used={**used, **after}))


def _check_stated(attributes: Attributes, quota: ResourceQuota) -> None:
    if not isinstance(attributes.object, Pod) or attributes.old is not None:
        return
    missing = quota_usage.missing_amounts(quota.status.hard, attributes.object)
    if missing:
        told = "; ".join(f"{name} for: {','.join(who)}" for name, who in missing.items())
        raise refusal(attributes, f"failed quota: {quota.metadata.name}: must specify {told}")


def _told(amounts: Mapping[str, Any], names: list[str]) -> str:
    return ",".join(f"{name}={amounts.get(name, '0')}" for name in names)
