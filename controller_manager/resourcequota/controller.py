"""Watches quotas and everything that they count."""

from collections.abc import Iterator, Mapping
from typing import Any

from controller_manager.custom_kinds import CustomKinds
from controller_manager.garbagecollector.controller import watched_type
from controller_manager.namespace.controller import content_kinds
from controller_manager.resourcequota.decide import decide, is_counted
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod
from knarr.api.core.resource_quota import ResourceQuota
from knarr.api.core.service import Service
from knarr.api.keys import Key
from knarr.api.kind import Kind
from knarr.api.pods import is_over
from knarr.api.structs import ApiStruct
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.informers import Informers
from knarr.client.objects import key_of, metadata_of
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed

SOON_S = 1.0
"""What comes is counted by admission; that is checked, together with what follows, after this."""


class ResourceQuotaController:
    """Keeps the usage of ResourceQuotas."""

    name = "resourcequota"

    def __init__(self, client: Client, informers: Informers, custom: CustomKinds) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._quotas = informers.of(ResourceQuota)
        self._copies: dict[Kind, Informer[Any]] = {}
        feed(self.queue, self._quotas)
        for kind in content_kinds():
            if kind.plural == "events" or "watch" not in kind.verbs:
                continue
            self._watch(kind, informers.of(_copied_type(kind)))
        custom.follow(self._watch, self._ended)

    def _watch(self, kind: Kind, informer: Informer[Any]) -> None:
        if kind.namespaced:
            self._copies[kind] = informer
            informer.handle(self._changed)

    def _ended(self, kind: Kind) -> None:
        self._copies.pop(kind, None)

    async def reconcile(self, key: Key) -> float | None:
        """Count one quota."""
        quota = self._quotas.objects.get(key)
        if quota is None or quota.metadata.deletion_timestamp is not None:
            return None
        copies = {
            kind: informer
            for kind, informer in self._copies.items()
            if is_counted(kind, quota.spec.hard)
        }
        if not all(informer.is_listed for informer in copies.values()):
            return SOON_S
        plan = decide(quota, _counted(quota, copies))
        return await carry_out(plan, self._client, self._quotas)

    def _changed(self, old: ApiStruct | None, new: ApiStruct | None) -> None:
        """Count again at once when something was given back, soon when something came."""
        obj = new if new is not None else old
        if obj is None or not self._quotas.is_listed:
            return
        quotas = self._quotas.in_namespace(metadata_of(obj).namespace)
        for quota in quotas:
            if old is None:
                self.queue.add_after(key_of(quota), SOON_S)
            elif new is None or _gives_back(old, new):
                self.queue.add(key_of(quota))


def _counted(
    quota: ResourceQuota, copies: Mapping[Kind, Informer[Any]]
) -> Iterator[tuple[Kind, Any]]:
    for kind, informer in copies.items():
        for obj in informer.in_namespace(quota.metadata.namespace):
            yield kind, obj


def _gives_back(old: ApiStruct, new: ApiStruct) -> bool:
    """Whether a change may use less than before."""
    if isinstance(old, Pod) and isinstance(new, Pod):
        return is_over(new) != is_over(old) or new.spec != old.spec
    return isinstance(new, Service | PersistentVolumeClaim)


def _copied_type(kind: Kind) -> type[ApiStruct]:
    """Of these kinds more than the number counts."""
    if kind.type_path and kind.type in (Pod, Service, PersistentVolumeClaim):
        return kind.type
    return watched_type(kind)
