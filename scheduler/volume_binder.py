"""Carries out what was decided of a pod's volumes, before the pod itself is bound."""

import asyncio
from collections.abc import Iterable

from msgspec.structs import replace

from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.references import ObjectReference
from knarr.api.keys import Key
from knarr.client.client import Client
from knarr.client.informers import Informers
from knarr.client.objects import key_of
from scheduler.plugins.volume_binding import VolumePlan
from scheduler.storage import SELECTED_NODE, Storage, is_bound

BOUND_BY = "pv.kubernetes.io/bound-by-controller"
"""The annotation of a volume whose claim was found for it, not named by a user."""

BIND_MAX_S = 600.0
"""A volume that is not there after so long lets the pod be tried again. Kubernetes' default."""


class VolumesNotBoundError(Exception):
    """The volumes could not be had on the node; the pod must be tried again."""


class VolumeBinder:
    """Binds claims to volumes, or has volumes made, and waits until that is done."""

    def __init__(self, client: Client, informers: Informers, storage: Storage) -> None:
        self._client = client
        self._storage = storage
        self._waiters: dict[Key, list[asyncio.Future[None]]] = {}
        informers.of(PersistentVolumeClaim).handle(self._claim_changed)

    def promise(self, plan: VolumePlan) -> None:
        """Keep others off the volumes of a plan."""
        for key, name in plan.take.items():
            self._storage.promised[name] = key

    def take_back(self, plan: VolumePlan) -> None:
        """Let others have the volumes of a plan."""
        for name in plan.take.values():
            self._storage.promised.pop(name, None)

    async def bind(self, plan: VolumePlan, node_name: str) -> None:
        """Carry out a plan. Raise VolumesNotBoundError, ApiError."""
        for key, name in plan.take.items():
            await self._take(key, name)
        for key in plan.provision:
            change = {"metadata": {"annotations": {SELECTED_NODE: node_name}}}
            await self._client.patch(PersistentVolumeClaim, key, change)
        try:
            async with asyncio.timeout(BIND_MAX_S):
                for key in (*plan.take, *plan.provision):
                    await self._bound(key, node_name, provisions=key in plan.provision)
        except TimeoutError:
            raise VolumesNotBoundError(f"volumes not bound within {BIND_MAX_S:.0f} s") from None

    async def _take(self, key: Key, name: str) -> None:
        volume = self._storage.volumes.get(name)
        claim = self._storage.claims.get(key)
        if volume is None or claim is None:
            raise VolumesNotBoundError(f"volume {name} or claim {key} is gone")
        if volume.spec.claim_ref is not None and volume.spec.claim_ref.uid:
            return
        reference = ObjectReference(
            kind="PersistentVolumeClaim",
            api_version="v1",
            namespace=key.namespace,
            name=key.name,
            uid=claim.metadata.uid,
            resource_version=claim.metadata.resource_version,
        )
        annotations = {**volume.metadata.annotations, BOUND_BY: "yes"}
        taken: PersistentVolume = replace(
            volume,
            metadata=replace(volume.metadata, annotations=annotations),
            spec=replace(volume.spec, claim_ref=reference),
        )
        await self._client.update(taken)

    async def _bound(self, key: Key, node_name: str, *, provisions: bool) -> None:
        """Wait until a claim is bound. Raise VolumesNotBoundError if that will not be."""
        announced = False
        while True:
            claim = self._storage.claims.get(key)
            if claim is None:
                raise VolumesNotBoundError(f"claim {key} is gone")
            if is_bound(claim):
                return
            chosen = claim.metadata.annotations.get(SELECTED_NODE)
            if provisions and announced and chosen != node_name:
                raise VolumesNotBoundError(f"no volume for claim {key} can be made on {node_name}")
            announced = announced or chosen == node_name
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.setdefault(key, []).append(waiter)
            await waiter

    def _claim_changed(
        self, old: PersistentVolumeClaim | None, new: PersistentVolumeClaim | None
    ) -> None:
        either = new if new is not None else old
        assert either is not None, "an event is about something"
        _wake(self._waiters.pop(key_of(either), ()))


def _wake(waiters: Iterable[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
