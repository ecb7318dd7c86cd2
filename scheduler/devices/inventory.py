"""What the scheduler knows of devices: slices, classes, claims and what is promised."""

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from knarr.api.resource.dynamic_resources import (
    AllocationResult,
    Device,
    DeviceClass,
    ResourceClaim,
    ResourceSlice,
)

ALL_NODES = ""
"""Stands, instead of a node's name, for slices that not only one node can use."""


class DeviceId(Struct, frozen=True):
    """Which device, among all there are."""

    driver: str
    pool: str
    device: str


class Found(Struct, frozen=True):
    """A device, and the slice that tells of it."""

    id: DeviceId
    device: Device
    slice: ResourceSlice


class Inventory(Struct):
    """Claims, classes and slices by name; slices also by the node they belong to."""

    version: int = 0
    """Rises with every change."""
    claims: dict[Key, ResourceClaim] = field(default_factory=dict)
    classes: dict[str, DeviceClass] = field(default_factory=dict)
    slices: dict[str, ResourceSlice] = field(default_factory=dict)
    slices_by_node: dict[str, dict[str, ResourceSlice]] = field(default_factory=dict)
    promised: dict[Key, AllocationResult] = field(default_factory=dict)
    """What claims of pods just placed will be given; the API does not show it yet."""

    def put_slice(self, name: str, new: ResourceSlice | None) -> None:
        """Take in a slice, None when it is gone."""
        self.version += 1
        old = self.slices.pop(name, None)
        if old is not None:
            self.slices_by_node[_place(old)].pop(name, None)
        if new is not None:
            self.slices[name] = new
            self.slices_by_node.setdefault(_place(new), {})[name] = new

    def put_class(self, name: str, new: DeviceClass | None) -> None:
        """Take in a class, None when it is gone."""
        self.version += 1
        if new is None:
            self.classes.pop(name, None)
        else:
            self.classes[name] = new

    def put_claim(self, key: Key, new: ResourceClaim | None) -> None:
        """Take in a claim, None when it is gone."""
        self.version += 1
        if new is None:
            self.claims.pop(key, None)
        else:
            self.claims[key] = new
        if new is None or new.status.allocation is not None:
            self.promised.pop(key, None)

    def promise(self, promised: Mapping[Key, AllocationResult]) -> None:
        """Keep devices for claims until the API shows that they have them."""
        self.version += 1
        self.promised.update(promised)

    def take_back(self, promised: Mapping[Key, AllocationResult]) -> None:
        """Let others have what was promised."""
        self.version += 1
        for key in promised:
            self.promised.pop(key, None)

    def allocation_of(self, key: Key) -> AllocationResult | None:
        """What a claim has, or will have."""
        claim = self.claims.get(key)
        shown = claim.status.allocation if claim is not None else None
        return shown if shown is not None else self.promised.get(key)

    def in_use(self) -> set[DeviceId]:
        """The devices that claims have; who only administers one leaves it to others."""
        taken = set()
        for key in (*self.claims, *(key for key in self.promised if key not in self.claims)):
            allocation = self.allocation_of(key)
            if allocation is None or allocation.devices is None:
                continue
            for each in allocation.devices.results:
                if not each.admin_access:
                    taken.add(DeviceId(each.driver, each.pool, each.device))
        return taken


def claim_names(pod: Pod) -> Iterator[tuple[str, str]]:
    """What a pod calls its claims, and their names; empty for one that is not made yet."""
    made = {each.name: each.resource_claim_name for each in pod.status.resource_claim_statuses}
    for each in pod.spec.resource_claims:
        if each.resource_claim_name:
            yield each.name, each.resource_claim_name
        elif each.name not in made:
            yield each.name, ""
        elif name := made[each.name]:
            yield each.name, name  # Without a name none was needed.


def _place(slice_: ResourceSlice) -> str:
    return slice_.spec.node_name or ALL_NODES
