"""Why a pod fits nowhere, in Kubernetes' words."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from scheduler.arrays import Slots
from scheduler.plugins.node_affinity import only_nodes
from scheduler.profile import Profile
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot


class Diagnosis(Struct, frozen=True):
    """What the filters said of all nodes."""

    node_count: int
    reasons: Mapping[str, int]
    plugins: frozenset[str]
    """Those that rejected a node."""
    hopeful: Slots
    """Nodes that might fit if pods were removed from them."""
    passed: Slots
    """Nodes that nothing rejected."""

    def also(self, other: "Diagnosis") -> "Diagnosis":
        """Add what was found of nodes that passed here."""
        return Diagnosis(
            self.node_count,
            Counter(self.reasons) + Counter(other.reasons),
            self.plugins | other.plugins,
            np.union1d(self.hopeful, other.hopeful),
            np.setdiff1d(self.passed, other.hopeful),
        )

    def words(self) -> str:
        """0/5 nodes are available: 2 Insufficient cpu, 3 Too many pods."""
        return words(self.node_count, self.reasons)


def words(node_count: int, reasons: Mapping[str, int]) -> str:
    """Count the reasons, in the order of their text."""
    told = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items() if count))
    return (
        f"0/{node_count} nodes are available: {told}."
        if told
        else (f"0/{node_count} nodes are available:")
    )


def diagnose(
    snapshot: Snapshot, profile: Profile, shape: Shape, slots: Slots | None = None
) -> Diagnosis:
    """Ask every filter about all nodes (or some) and count what the first to reject each says."""
    slots = snapshot.all_slots() if slots is None else slots
    reasons: Counter[str] = Counter()
    plugins = set()
    left = np.ones(len(slots), dtype=bool)
    hopeful = np.zeros(len(slots), dtype=bool)
    names = only_nodes(shape)
    if names is not None and any(each.name == "NodeAffinity" for each in profile.filters):
        named = [snapshot.slot_of(name) for name in names]
        left = np.isin(slots, [slot for slot in named if slot is not None])
        reasons["node(s) didn't satisfy plugin(s) [NodeAffinity]"] += int((~left).sum())
        plugins.add("NodeAffinity")
    for plugin in profile.filters:
        if not plugin.concerns(shape) or not left.any():
            continue
        rejected = np.zeros(len(slots), dtype=bool)
        final = np.zeros(len(slots), dtype=bool)
        for rejection in plugin.filter(snapshot, shape, slots):
            fresh = rejection.nodes & left
            reasons[rejection.reason] += int(fresh.sum())
            rejected |= fresh
            if rejection.is_final:
                final |= fresh
        if rejected.any():
            plugins.add(plugin.name)
            hopeful |= rejected & ~final
            left &= ~rejected
    return Diagnosis(snapshot.node_count, reasons, frozenset(plugins), slots[hopeful], slots[left])
