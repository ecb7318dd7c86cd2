"""The last two measurements of each node, taken when somebody asks.

Nobody measures while nobody asks. Whoever asks first waits a second, for it
takes two measurements to know a rate; who asks within seconds of another gets
the same answer.
"""

import asyncio
from collections.abc import Mapping

import msgspec
import structlog
from msgspec import Struct

from apiserver.nodes.connection import NodeConnections
from apiserver.usage.rates import Sample, sample_of
from knarr.api.core.node import Node
from knarr.api.errors import ApiError
from knarr.daemon.clock import Clock

log = structlog.get_logger()

FRESH_S = 10.0
"""A measurement this young is as good as a new one; metrics servers measure every 15 seconds."""

STALE_S = 120.0
"""A rate over more than this says little about now."""

WINDOW_MIN_S = 1.0
"""Between the two measurements of somebody who is the first to ask."""

ASKED_AT_ONCE_MAX = 32
"""Kubelets asked side by side."""

PATIENCE_S = 5.0
"""A kubelet slower than this is left out."""


class Pair(Struct, frozen=True):
    """Two measurements of a node, the later one as of now."""

    before: Sample
    after: Sample

    @property
    def window_s(self) -> float:
        """How far apart they are."""
        return self.after.at - self.before.at


class Samples:
    """Asks kubelets, and remembers what they said."""

    def __init__(self, nodes: NodeConnections, clock: Clock) -> None:
        self._nodes = nodes
        self._clock = clock
        self._pairs: dict[str, Pair] = {}
        self._places = asyncio.Semaphore(ASKED_AT_ONCE_MAX)
        self._asking: dict[str, asyncio.Lock] = {}

    async def of(self, nodes: Mapping[str, Node], pods: Mapping[str, set[str]]) -> dict[str, Pair]:
        """The measurements of these nodes by name, but for those that do not answer.

        `pods` names by node the uids of those that are to be in both.
        """
        async with asyncio.TaskGroup() as group:
            tasks = {
                name: group.create_task(self._pair(node, pods.get(name, set())), name="measure")
                for name, node in nodes.items()
            }
        found = {name: task.result() for name, task in tasks.items()}
        return {name: pair for name, pair in found.items() if pair is not None}

    def forget(self, name: str) -> None:
        """Drop what is known of a node that is gone."""
        self._pairs.pop(name, None)
        self._asking.pop(name, None)

    async def _pair(self, node: Node, pods: set[str]) -> Pair | None:
        name = node.metadata.name
        async with self._asking.setdefault(name, asyncio.Lock()):
            known = self._pairs.get(name)
            age_s = self._now() - known.after.at if known is not None else STALE_S
            if known is not None and age_s < FRESH_S and pods <= known.before.pods.keys():
                return known
            before = known.after if known is not None and age_s < STALE_S else None
            after = await self._measured(node)
            if after is None:
                return None
            new = pods & after.pods.keys()
            if before is None or age_s < WINDOW_MIN_S or not new <= before.pods.keys():
                await asyncio.sleep(WINDOW_MIN_S)
                before, after = after, await self._measured(node)
            if after is None:
                return None
            pair = self._pairs[name] = Pair(before, after)
            return pair

    async def _measured(self, node: Node) -> Sample | None:
        try:
            async with self._places, asyncio.timeout(PATIENCE_S):
                summary = await self._nodes.of(node).stats()
                return sample_of(summary, self._now())
        except (ApiError, TimeoutError, msgspec.MsgspecError) as error:
            log.debug("node not measured", node=node.metadata.name, error=str(error))
            return None

    def _now(self) -> float:
        return self._clock.now().timestamp()
