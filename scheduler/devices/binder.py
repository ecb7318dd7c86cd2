"""Writes into claims what they are given and who uses them, before the pod is bound."""

from collections.abc import Mapping

from msgspec.structs import replace

from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from knarr.api.resource.dynamic_resources import (
    AllocationResult,
    ResourceClaim,
    ResourceClaimConsumerReference,
    ResourceClaimStatus,
)
from knarr.api.times import to_time
from knarr.client.client import Client
from knarr.daemon.clock import Clock

FINALIZER = "resource.kubernetes.io/delete-protection"
"""Holds a claim that has devices until nobody uses them."""


class DeviceBinder:
    """Gives claims their devices and notes the pods that use them."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def bind(
        self, pod: Pod, allocations: Mapping[Key, AllocationResult], reserve: tuple[Key, ...]
    ) -> None:
        """Write all of it. Raise ApiError, ConflictError among them where others were faster."""
        for key in reserve:
            claim = await self._client.get(ResourceClaim, key)
            if key in allocations and FINALIZER not in claim.metadata.finalizers:
                finalizers = (*claim.metadata.finalizers, FINALIZER)
                held = replace(claim.metadata, finalizers=finalizers)
                claim = await self._client.update(replace(claim, metadata=held))
            status = self._status(claim, pod, allocations.get(key))
            if status != claim.status:
                await self._client.update(replace(claim, status=status), subresource="status")

    async def deallocate(self, key: Key) -> None:
        """Take its devices from a claim. Raise ApiError."""
        claim = await self._client.get(ResourceClaim, key)
        if len(claim.status.reserved_for) <= 1:
            free = replace(claim.status, allocation=None, reserved_for=())
            await self._client.update(replace(claim, status=free), subresource="status")

    def _status(
        self, claim: ResourceClaim, pod: Pod, allocation: AllocationResult | None
    ) -> ResourceClaimStatus:
        status = claim.status
        if allocation is not None and status.allocation is None:
            now = to_time(self._clock.now())
            status = replace(status, allocation=replace(allocation, allocation_timestamp=now))
        meta = pod.metadata
        if all(each.uid != meta.uid for each in status.reserved_for):
            user = ResourceClaimConsumerReference(resource="pods", name=meta.name, uid=meta.uid)
            status = replace(status, reserved_for=(*status.reserved_for, user))
        return status
