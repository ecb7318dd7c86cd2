"""What is written of a node and the ranges it gets."""

from collections.abc import Sequence

from knarr.api.core.node import Node
from knarr.api.plan import Notice, Patch, Plan


def needs_ranges(node: Node) -> bool:
    """Whether a node waits for ranges."""
    return not node.spec.pod_cidr and node.metadata.deletion_timestamp is None


def decide(node: Node, cidrs: Sequence[str] | None) -> Plan:
    """Give the node these ranges; None: there are none left."""
    if cidrs is None:
        name = node.metadata.name
        message = f"Node {name} status is now: CIDRNotAvailable"
        return Plan(notices=(Notice(node, "CIDRNotAvailable", message),), again_after_s=30.0)
    spec = {"podCIDR": cidrs[0], "podCIDRs": list(cidrs)}
    return Plan(patch=(Patch(node, {"spec": spec}, "strategic"),))
