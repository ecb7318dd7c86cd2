"""The cluster as the scheduler sees it, in arrays, changed node by node and pod by pod.

Pods that are assumed, that is decided but not yet seen bound, count like bound
ones. Every change of a node or of what is on it is noted in a log of slots,
so that whoever computed something for all nodes computes it again for the
changed ones only.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.core.scheduling import Taint
from knarr.api.keys import Key
from knarr.api.policy.pod_disruption_budget import PodDisruptionBudget
from scheduler.arrays import SLOTS_MIN, Bools, Ints, Slots, grown
from scheduler.counting import Counting
from scheduler.devices.inventory import Inventory
from scheduler.labels import Labels
from scheduler.requests import amounts_of
from scheduler.shape import ANY_ADDRESS, HostPort, Shape
from scheduler.storage import Storage
from scheduler.workloads import Workloads

CHANGES_MAX = 8192
"""Changes remembered; who looks more seldom computes everything again."""


class Placed(Struct):
    """A pod on a node, bound or assumed."""

    key: Key
    pod: Pod
    shape: Shape
    node_name: str


class Snapshot:
    """All nodes and the pods on them."""

    def __init__(self) -> None:
        self.length = SLOTS_MIN
        self.alive: Bools = np.zeros(SLOTS_MIN, dtype=bool)
        self.unschedulable: Bools = np.zeros(SLOTS_MIN, dtype=bool)
        self.taints: NDArray[np.int32] = np.zeros(SLOTS_MIN, dtype=np.int32)
        """The number of each node's list of taints in `taint_lists`."""
        self.taint_lists: list[tuple[Taint, ...]] = [()]
        self.pods_max: Ints = np.zeros(SLOTS_MIN, dtype=np.int64)
        self.pods: Ints = np.zeros(SLOTS_MIN, dtype=np.int64)
        self.nonzero_cpu: Ints = np.zeros(SLOTS_MIN, dtype=np.int64)
        self.nonzero_memory: Ints = np.zeros(SLOTS_MIN, dtype=np.int64)
        self.names: list[str] = [""] * SLOTS_MIN
        self.nodes: list[Node | None] = [None] * SLOTS_MIN
        self.node_count = 0
        self.labels = Labels(SLOTS_MIN)
        self.namespace_labels: dict[str, Mapping[str, str]] = {}
        self.counting = Counting(SLOTS_MIN, lambda name: self.namespace_labels.get(name, {}))
        self.images: dict[str, dict[int, int]] = {}
        """The size of each image on the slots that have it."""
        self.changes = Changes()
        """Of nodes and of the pods on them."""
        self.node_changes = Changes()
        """Of nodes alone."""
        self.workloads = Workloads()
        self.storage = Storage()
        self.devices = Inventory()
        self.budgets: dict[Key, PodDisruptionBudget] = {}
        self._slots: dict[str, int] = {}
        self._free: list[int] = []
        self._allocatable: dict[str, Ints] = {}
        self._requested: dict[str, Ints] = {}
        self._taint_numbers: dict[tuple[tuple[str, str, str], ...], int] = {(): 0}
        self._pods: dict[Key, Placed] = {}
        self._pods_by_node: dict[str, dict[Key, Placed]] = {}
        self._ports: dict[tuple[str, int], dict[str, dict[int, int]]] = {}
        self.claims: dict[Key, dict[int, int]] = {}
        """How many pods use each claim on each slot."""

    # ---- nodes

    def slot_of(self, node_name: str) -> int | None:
        """The slot of a node, None when it is not there."""
        return self._slots.get(node_name)

    def all_slots(self) -> Slots:
        """Every slot in use."""
        return np.flatnonzero(self.alive)

    def put_node(self, node: Node) -> int:
        """Add a node or take in its new state; answer its slot."""
        name = node.metadata.name
        slot = self._slots.get(name)
        is_fresh = slot is None
        if slot is None:
            slot = self._slots[name] = self._take_slot()
            self.names[slot] = name
            self.alive[slot] = True
            self.node_count += 1
        self._read_node(slot, node)
        self.changes.note(slot)
        self.node_changes.note(slot)
        if is_fresh:
            for placed in self._pods_by_node.get(name, {}).values():
                self._count(placed, slot, 1)
        return slot

    def remove_node(self, name: str) -> None:
        """Forget a node; its pods are remembered in case it comes back."""
        slot = self._slots.pop(name)
        for placed in self._pods_by_node.get(name, {}).values():
            self._count(placed, slot, -1)
        self._forget_images(slot, self.nodes[slot])
        self.labels.remove(slot)
        for amounts in self._allocatable.values():
            amounts[slot] = 0
        self.alive[slot] = self.unschedulable[slot] = False
        self.taints[slot] = self.pods_max[slot] = 0
        self.names[slot], self.nodes[slot] = "", None
        self.node_count -= 1
        self._free.append(slot)
        self.changes.note(slot)
        self.node_changes.note(slot)

    def allocatable(self, resource: str) -> Ints:
        """How much of a resource each node has."""
        return self._column(self._allocatable, resource)

    def requested(self, resource: str) -> Ints:
        """How much of a resource the pods on each node ask for."""
        return self._column(self._requested, resource)

    def put_namespace(self, name: str, labels: Mapping[str, str] | None) -> None:
        """Note the labels of a namespace, None when it is gone."""
        before = self.namespace_labels.get(name)
        if labels is None:
            self.namespace_labels.pop(name, None)
        else:
            self.namespace_labels[name] = labels
        if (before or {}) != (labels or {}):
            self.counting.relabel()

    # ---- pods

    def put_pod(self, key: Key, pod: Pod, shape: Shape, node_name: str) -> None:
        """Place a pod, or take in that it changed."""
        before = self._pods.get(key)
        if before is not None:
            if before.shape is shape and before.node_name == node_name:
                before.pod = pod
                return
            self.remove_pod(key)
        placed = self._pods[key] = Placed(key, pod, shape, node_name)
        self._pods_by_node.setdefault(node_name, {})[key] = placed
        slot = self._slots.get(node_name)
        if slot is not None:
            self._count(placed, slot, 1)
            self.changes.note(slot)

    def remove_pod(self, key: Key) -> Placed | None:
        """Take a pod off its node; answer what was there."""
        placed = self._pods.pop(key, None)
        if placed is None:
            return None
        on_node = self._pods_by_node[placed.node_name]
        del on_node[key]
        if not on_node:
            del self._pods_by_node[placed.node_name]
        slot = self._slots.get(placed.node_name)
        if slot is not None:
            self._count(placed, slot, -1)
            self.changes.note(slot)
        return placed

    def pod(self, key: Key) -> Placed | None:
        """The pod of this name, if it has a node."""
        return self._pods.get(key)

    def pods_on(self, slot: int) -> Iterable[Placed]:
        """The pods on a slot."""
        return self._pods_by_node.get(self.names[slot], {}).values()

    def placed(self) -> Iterable[Placed]:
        """All pods that have a node."""
        return self._pods.values()

    def slots_with_port(self, wanted: HostPort) -> Iterator[int]:
        """The slots on which a host port is taken that clashes with the wanted one."""
        by_address = self._ports.get((wanted.protocol, wanted.port), {})
        for address, slots in by_address.items():
            if ANY_ADDRESS in (address, wanted.address) or address == wanted.address:
                yield from slots

    def room(self, slot: int, shape: Shape) -> int:
        """How many pods of a shape a node has resources for, one at least."""
        free = [self.pods_max[slot] - self.pods[slot]]
        for resource, amount in shape.requests.items():
            if amount:
                left = self.allocatable(resource)[slot] - self.requested(resource)[slot]
                free.append(left // amount)
        return max(int(min(free)), 1)

    # ---- inside

    def _take_slot(self) -> int:
        if self._free:
            return self._free.pop()
        if len(self._slots) == self.length:
            self._grow()
        return len(self._slots)

    def _grow(self) -> None:
        old, self.length = self.length, self.length * 2
        for name in (
            "alive",
            "unschedulable",
            "taints",
            "pods_max",
            "pods",
            "nonzero_cpu",
            "nonzero_memory",
        ):
            setattr(self, name, grown(getattr(self, name), self.length))
        for columns in (self._allocatable, self._requested):
            for resource, column in columns.items():
                columns[resource] = grown(column, self.length)
        self.names.extend([""] * old)
        self.nodes.extend([None] * old)
        self.labels.grow(self.length)
        self.counting.grow(self.length)

    def _column(self, columns: dict[str, Ints], resource: str) -> Ints:
        column = columns.get(resource)
        if column is None:
            column = columns[resource] = np.zeros(self.length, dtype=np.int64)
        return column

    def _read_node(self, slot: int, node: Node) -> None:
        before = self.nodes[slot]
        self.nodes[slot] = node
        if before is None or before.status.allocatable != node.status.allocatable:
            self._read_allocatable(slot, node)
        if before is None or before.metadata.labels != node.metadata.labels:
            self.labels.put(slot, node.metadata.labels)
        if before is None or before.status.images != node.status.images:
            self._forget_images(slot, before)
            self._read_images(slot, node)
        self.unschedulable[slot] = node.spec.unschedulable
        self.taints[slot] = self._taint_number(node.spec.taints)

    def _read_allocatable(self, slot: int, node: Node) -> None:
        amounts = amounts_of(node.status.allocatable)
        self.pods_max[slot] = amounts.pop("pods", 0)
        for resource in (*amounts, *self._allocatable):
            self.allocatable(resource)[slot] = amounts.get(resource, 0)

    def _taint_number(self, taints: tuple[Taint, ...]) -> int:
        signature = tuple((taint.key, taint.value, taint.effect) for taint in taints)
        number = self._taint_numbers.get(signature)
        if number is None:
            number = self._taint_numbers[signature] = len(self.taint_lists)
            self.taint_lists.append(taints)
        return number

    def _read_images(self, slot: int, node: Node) -> None:
        for image in node.status.images:
            for name in image.names:
                self.images.setdefault(name, {})[slot] = image.size_bytes

    def _forget_images(self, slot: int, node: Node | None) -> None:
        names = [name for image in node.status.images for name in image.names] if node else ()
        for name in names:
            sizes = self.images.get(name, {})
            sizes.pop(slot, None)
            if not sizes:
                self.images.pop(name, None)

    def _count(self, placed: Placed, slot: int, by: int) -> None:
        """Add (1) or take away (-1) what a pod is and asks for."""
        shape = placed.shape
        self.pods[slot] += by
        for resource, amount in shape.requests.items():
            self.requested(resource)[slot] += by * amount
        self.nonzero_cpu[slot] += by * shape.nonzero.get("cpu", 0)
        self.nonzero_memory[slot] += by * shape.nonzero.get("memory", 0)
        self.counting.change(shape, slot, by)
        for port in shape.host_ports:
            by_address = self._ports.setdefault((port.protocol, port.port), {})
            _tally(by_address.setdefault(port.address, {}), slot, by)
        for claim in shape.claims:
            _tally(self.claims.setdefault(Key(shape.namespace, claim), {}), slot, by)


def _tally(counts: dict[int, int], slot: int, by: int) -> None:
    left = counts.get(slot, 0) + by
    if left:
        counts[slot] = left
    else:
        del counts[slot]


class Changes:
    """Which slots changed, in order; the newest `CHANGES_MAX` of them."""

    def __init__(self) -> None:
        self._slots: list[int] = []
        self._dropped = 0

    @property
    def position(self) -> int:
        """How many changes there were."""
        return self._dropped + len(self._slots)

    def note(self, slot: int) -> None:
        """Note that a slot changed."""
        self._slots.append(slot)
        if len(self._slots) >= 2 * CHANGES_MAX:
            del self._slots[:CHANGES_MAX]
            self._dropped += CHANGES_MAX

    def since(self, position: int) -> Slots | None:
        """The slots that changed after a position, each once; None when that is too long ago."""
        first = position - self._dropped
        if first < 0:
            return None
        return np.array(sorted(set(self._slots[first:])), dtype=np.intp)
