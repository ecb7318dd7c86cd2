"""Watches nodes come and go."""

from collections.abc import Sequence

from controller_manager.nodeipam.decide import decide, needs_ranges
from controller_manager.nodeipam.ranges import Ranges
from knarr.api.core.node import Node
from knarr.api.keys import Key
from knarr.client.carry_out import Recorder, carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed


class NodeIpamController:
    """Gives nodes ranges of pod addresses; without ranges of its own it leaves that to others."""

    name = "node-ipam"

    def __init__(
        self, client: Client, nodes: Informer[Node], recorder: Recorder, ranges: Sequence[Ranges]
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._nodes = nodes
        self._recorder = recorder
        self._ranges = ranges
        if ranges:
            nodes.handle(self._changed)
            feed(self.queue, nodes)

    async def reconcile(self, key: Key) -> float | None:
        """Give one node its ranges."""
        node = self._nodes.objects.get(key)
        if node is None or not needs_ranges(node):
            return None
        cidrs = self._take()
        plan = decide(node, cidrs)
        try:
            return await carry_out(plan, self._client, self._nodes, recorder=self._recorder)
        finally:
            # Another may have been faster, or the node is gone: what it did not get is free.
            written = self._nodes.objects.get(key)
            if cidrs is not None and (written is None or written.spec.pod_cidrs != cidrs):
                self._give_back(cidrs)

    def _take(self) -> tuple[str, ...] | None:
        taken: list[str] = []
        for ranges in self._ranges:
            one = ranges.take()
            if one is None:
                self._give_back(tuple(taken))
                return None
            taken.append(one)
        return tuple(taken)

    def _give_back(self, cidrs: Sequence[str]) -> None:
        for ranges, cidr in zip(self._ranges, cidrs, strict=False):
            ranges.give_back(cidr)

    def _changed(self, old: Node | None, new: Node | None) -> None:
        """Keep the books: what a node has is taken until it is gone."""
        for ranges in self._ranges:
            for cidr in _cidrs(old) if new is None else ():
                ranges.give_back(cidr)
            for cidr in _cidrs(new):
                ranges.occupy(cidr)


def _cidrs(node: Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    return node.spec.pod_cidrs or ((node.spec.pod_cidr,) if node.spec.pod_cidr else ())
