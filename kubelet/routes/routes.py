"""Keeps the routes to the other nodes' pods as nodes come and go.

    routes = NodeRoutes(informers.of(Node), "node-1", Links(), forwarding)
    group.create_task(routes.run())
    …
    await routes.remove()      # when the node leaves the cluster for good

`run` leaves the routes when it ends: pods go on while their kubelet starts anew.
"""

import asyncio
from typing import TYPE_CHECKING

import structlog

from knarr.api.core.node import Node
from knarr.api.keys import Key
from knarr.client.informer import Informer
from kubelet.routes.decide import Wanted, address_of, decide
from kubelet.routes.forwarding import Forwarding

if TYPE_CHECKING:  # It is slow to import, and hosts with all nodes on them need none.
    from kubelet.routes.links import Links

log = structlog.get_logger()

CHECK_S = 30.0
"""How often everything is looked at though no node changed: Docker may have started anew."""

AGAIN_S = 2.0
"""When to try again what the kernel refused."""


class NodeRoutes:
    """The routes of one node."""

    def __init__(
        self,
        nodes: Informer[Node],
        node_name: str,
        links: "Links | None",
        forwarding: Forwarding | None = None,
    ) -> None:
        self._nodes = nodes
        self._node_name = node_name
        self._links = links
        """None where all nodes are on this host."""
        self._forwarding = forwarding
        self._changed = asyncio.Event()
        self.done = asyncio.Event()
        """Set once all routes of the start are there."""

    def check(self) -> None:
        """Look at everything again soon; to be called when Docker has started anew."""
        self._changed.set()

    async def run(self) -> None:
        """Keep the routes until cancelled."""
        await self._nodes.listed()
        self._nodes.handle(self._tell)
        while True:
            self._changed.clear()
            wait_s = CHECK_S
            try:
                await self._apply()
                self.done.set()
            except (OSError, TimeoutError) as error:
                log.warning("routes not set", node=self._node_name, error=str(error))
                wait_s = AGAIN_S
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def remove(self) -> None:
        """Leave no route, tunnel or rule of ours."""
        if self._links is not None:
            await self._links.apply(Wanted(), own_cidr="", own_address="")
        if self._forwarding is not None:
            await self._forwarding.remove()

    async def _apply(self) -> None:
        if self._forwarding is not None:
            await self._forwarding.ensure()
        if self._links is None:
            return
        nodes = self._nodes.objects
        own = nodes.get(Key("", self._node_name))
        wanted = decide(nodes.values(), self._node_name, await self._links.networks())
        await self._links.apply(
            wanted,
            own_cidr=own.spec.pod_cidr if own is not None else "",
            own_address=address_of(own) if own is not None else "",
        )

    def _tell(self, old: Node | None, new: Node | None) -> None:
        """Heartbeats change nodes all the time; only few changes concern routes."""
        if old is None or new is None or _place(old) != _place(new):
            self._changed.set()


def _place(node: Node) -> tuple[object, ...]:
    return node.spec.pod_cidr, node.spec.pod_cidrs, node.status.addresses
