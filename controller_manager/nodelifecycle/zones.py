"""How fast the nodes of a zone may lose their pods.

One silent node is a broken node; a zone of silent nodes is a broken network,
and to restart everything elsewhere would make it worse.
"""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct, field

RATE = 0.1
"""Nodes a second whose pods may be driven away: Kubernetes' --node-eviction-rate."""

SECONDARY_RATE = 0.01
"""The same in a large zone of which much is silent."""

UNHEALTHY_ZONE_THRESHOLD = 0.55
"""A zone is disrupted from this share of silent nodes on."""

LARGE_ZONE_NODES = 50
"""Below this many nodes a disrupted zone is left alone altogether."""

_ZONE = "topology.kubernetes.io/zone"
_REGION = "topology.kubernetes.io/region"


def zone_of(labels: Mapping[str, str]) -> str:
    """Where a node stands, by its labels."""
    return f"{labels.get(_REGION, '')}:{labels.get(_ZONE, '')}"


class Zones(Struct):
    """The nodes of each zone, counted as they come, go and fall silent."""

    rate: float = RATE
    _nodes: dict[str, tuple[str, bool]] = field(default_factory=dict)
    _healthy: Counter[str] = field(default_factory=Counter)
    _silent: Counter[str] = field(default_factory=Counter)
    _next_s: dict[str, float] = field(default_factory=dict)

    def put(self, node: str, zone: str, *, healthy: bool) -> None:
        """Count a node, in the place of what it was before."""
        self.remove(node)
        self._nodes[node] = (zone, healthy)
        (self._healthy if healthy else self._silent)[zone] += 1

    def remove(self, node: str) -> None:
        """Count a node no more."""
        zone, healthy = self._nodes.pop(node, ("", True))
        counter = self._healthy if healthy else self._silent
        counter[zone] -= 1
        if counter[zone] <= 0:
            del counter[zone]

    def wait_s(self, node: str, now_s: float) -> float | None:
        """Seconds until the node's turn to lose its pods has come; None: it does not come."""
        zone, _ = self._nodes[node]
        if not self._rate_of(zone):
            return None
        return max(0.0, self._next_s.get(zone, now_s) - now_s)

    def take_turn(self, node: str, now_s: float) -> None:
        """Note that the node's pods are driven away now."""
        zone, _ = self._nodes[node]
        rate = self._rate_of(zone)
        if rate:
            self._next_s[zone] = now_s + 1 / rate

    def _rate_of(self, zone: str) -> float:
        if not self._healthy.total() and len(self._nodes) > 1:
            return 0.0  # All are silent: it is we who are cut off.
        healthy, silent = self._healthy[zone], self._silent[zone]
        total = healthy + silent
        is_partly_silent = silent > 2 and silent / total >= UNHEALTHY_ZONE_THRESHOLD
        if not healthy or not is_partly_silent:
            return self.rate
        return min(self.rate, SECONDARY_RATE) if total > LARGE_ZONE_NODES else 0.0
