"""Lets nothing onto a new node before it says that it is ready."""

from typing import ClassVar

from msgspec.structs import replace

from apiserver.admission.admission import Admission, Attributes, Interest, Operation, View
from knarr.api.core.node import Node, NodeSpec
from knarr.api.core.scheduling import Taint

NOT_READY = Taint(key="node.kubernetes.io/not-ready", effect="NoSchedule")
"""What a new node carries until the node lifecycle controller takes it away."""


class TaintNodesByCondition(Admission):
    """Taints new nodes."""

    operations: ClassVar[frozenset[Operation]] = frozenset({"CREATE"})
    interests: ClassVar[frozenset[Interest]] = frozenset({("", "nodes")})

    async def admit(self, attributes: Attributes, view: View) -> Node:
        """Add the taint."""
        node: Node = attributes.object
        spec = node.spec or NodeSpec()
        for taint in spec.taints:
            if (taint.key, taint.effect) == (NOT_READY.key, NOT_READY.effect):
                return node
        return replace(node, spec=replace(spec, taints=(*spec.taints, NOT_READY)))
