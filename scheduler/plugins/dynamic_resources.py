"""DynamicResources: a pod goes where the devices it claims are, or can be had."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct

from knarr.api.keys import Key
from knarr.api.owners import controller_of
from knarr.api.resource.dynamic_resources import AllocationResult, ResourceClaim
from scheduler.arrays import Slots
from scheduler.devices.allocate import allocate
from scheduler.devices.inventory import ALL_NODES, claim_names
from scheduler.devices.offer import offered
from scheduler.node_selection import selected
from scheduler.plugins.plugin import EventKind, Happening, Refusal, Rejection
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot

ELSEWHERE = "resourceclaim not available on the node"
NONE_FREE = "cannot allocate all claims"
IN_USE = "resourceclaim in use"

USERS_MAX = 256
"""So many pods may share a claim."""


class DevicePlan(Struct, frozen=True):
    """What becomes of a pod's claims on the node it got."""

    allocate: Mapping[Key, AllocationResult]
    """Claims that are given devices."""
    reserve: tuple[Key, ...]
    """All claims of the pod; the pod is noted in each."""


class DynamicResources:
    """Rejects nodes away from a pod's devices, and those where they cannot be had."""

    name = "DynamicResources"
    is_local = False
    wakes: frozenset[EventKind] = frozenset(("devices changed", "node added", "node changed"))

    def refuse(self, snapshot: Snapshot, shape: Shape) -> Refusal | None:
        """Refuse a pod with a claim that is missing or not its own, or that wants the unknown."""
        for used_as, name, claim in _claims(snapshot, shape):
            trouble = _trouble(shape, used_as, name, claim)
            if not trouble and claim is not None:
                trouble = _unknown_class(snapshot, claim)
            if trouble:
                return Refusal(trouble)
        return None

    def concerns(self, shape: Shape) -> bool:
        """Whether the pods claim devices."""
        return bool(shape.pod.spec.resource_claims)

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Reject nodes from which devices cannot be used, and those with too few of them."""
        elsewhere = np.zeros(len(slots), dtype=bool)
        in_use = np.zeros(len(slots), dtype=bool)
        open_: list[ResourceClaim] = []
        for _, name, claim in _claims(snapshot, shape):
            key = Key(shape.namespace, name)
            allocation = snapshot.devices.allocation_of(key)
            if claim is None:
                continue
            if allocation is None:
                open_.append(claim)
            elif allocation.node_selector is not None:
                elsewhere |= ~selected(snapshot, allocation.node_selector, slots)
            users = {each.uid for each in claim.status.reserved_for}
            in_use |= len(users) >= USERS_MAX and shape.pod.metadata.uid not in users
        none_free = np.zeros(len(slots), dtype=bool)
        if open_:
            for number in np.flatnonzero(~elsewhere & ~in_use):
                none_free[number] = _found(snapshot, open_, int(slots[number])) is None
        return (
            Rejection(elsewhere, ELSEWHERE, is_final=True),
            Rejection(in_use & ~elsewhere, IN_USE, is_final=True),
            Rejection(none_free, NONE_FREE, is_final=True),
        )

    def helps(self, snapshot: Snapshot, shape: Shape, happening: Happening) -> bool:
        """Whether the pod is not refused now."""
        return self.refuse(snapshot, shape) is None


def plan_devices(snapshot: Snapshot, shape: Shape, slot: int) -> DevicePlan:
    """Which devices the claims of a pod are to have on a node that was found to do."""
    keys = [Key(shape.namespace, name) for _, name, _ in _claims(snapshot, shape)]
    open_ = {
        key: snapshot.devices.claims[key]
        for key in keys
        if snapshot.devices.allocation_of(key) is None
    }
    found = _found(snapshot, list(open_.values()), slot)
    assert found is not None, "the node was found to do"
    return DevicePlan(dict(zip(open_, found, strict=True)), tuple(keys))


def idle_claim(snapshot: Snapshot, shape: Shape) -> Key | None:
    """A claim of the pod that has devices on some nodes only, and no other user."""
    for _, name, claim in _claims(snapshot, shape):
        allocation = claim.status.allocation if claim is not None else None
        if claim is None or allocation is None or allocation.node_selector is None:
            continue
        if all(each.uid == shape.pod.metadata.uid for each in claim.status.reserved_for):
            return Key(shape.namespace, name)
    return None


def _found(
    snapshot: Snapshot, claims: Sequence[ResourceClaim], slot: int
) -> list[AllocationResult] | None:
    inventory, name = snapshot.devices, snapshot.names[slot]
    if not inventory.slices_by_node.get(ALL_NODES) and not inventory.slices_by_node.get(name):
        devices = []
    else:
        devices = offered(inventory, name, snapshot.labels.of(slot))
    return allocate(inventory, name, devices, claims)


def _claims(snapshot: Snapshot, shape: Shape) -> Iterator[tuple[str, str, ResourceClaim | None]]:
    for used_as, name in claim_names(shape.pod):
        yield used_as, name, snapshot.devices.claims.get(Key(shape.namespace, name))


def _trouble(shape: Shape, used_as: str, name: str, claim: ResourceClaim | None) -> str:
    """Why a claim can be of no use to a pod at present."""
    if not name:
        return f"pod claim {used_as} not created yet"
    if claim is None:
        return f'resourceclaim "{name}" not found'
    if claim.metadata.deletion_timestamp is not None:
        return f'resourceclaim "{name}" is being deleted'
    templates = {each.name for each in shape.pod.spec.resource_claims if each.resource_claim_name}
    owner = controller_of(claim)
    if used_as not in templates and (owner is None or owner.uid != shape.pod.metadata.uid):
        pod = f"{shape.namespace}/{shape.pod.metadata.name}"
        return (
            f"ResourceClaim {shape.namespace}/{name} was not created for pod {pod} "
            "(pod is not owner)"
        )
    return ""


def _unknown_class(snapshot: Snapshot, claim: ResourceClaim) -> str:
    if snapshot.devices.allocation_of(Key(claim.metadata.namespace, claim.metadata.name)):
        return ""
    for request in claim.spec.devices.requests if claim.spec.devices is not None else ():
        wishes = (*((request.exactly,) if request.exactly else ()), *request.first_available)
        for each in wishes:
            if each.device_class_name not in snapshot.devices.classes:
                return (
                    f"request {request.name}: device class {each.device_class_name} does not exist"
                )
    return ""
