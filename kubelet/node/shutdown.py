"""Ends the pods of a node that is about to lose its power: the least important ones first."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from msgspec import Struct

from knarr.api.core.pod import Pod
from knarr.api.pods import is_over
from kubelet.eviction.rank import CRITICAL_PRIORITY
from kubelet.status.pod_status import Ending
from kubelet.sync.manager import PodManager

log = structlog.get_logger()

MESSAGE = "Pod was terminated in response to imminent node shutdown."

GRACE_DEFAULT_S = 30


class ShutdownOptions(Struct, frozen=True, kw_only=True):
    """How long it may take; nothing is ended when that is nothing."""

    grace_s: float = 0.0
    """For all pods together."""
    critical_grace_s: float = 0.0
    """That part of it which is kept for critical pods."""
    by_priority: Mapping[int, float] = {}
    """Instead of both: seconds for pods from a priority on, up to the next one named."""

    @property
    def groups(self) -> Sequence[tuple[int, float]]:
        """From which priority on, and for how long; in the order in which they end."""
        if self.by_priority:
            return sorted(self.by_priority.items())
        if self.grace_s <= 0:
            return ()
        ordinary_s = self.grace_s - self.critical_grace_s
        return ((0, ordinary_s), (CRITICAL_PRIORITY, self.critical_grace_s))

    @property
    def total_s(self) -> float:
        """How long all of it may take."""
        return sum(seconds for _, seconds in self.groups)


async def end_all(manager: PodManager, options: ShutdownOptions) -> None:
    """End every pod, within the time there is."""
    active = [pod for pod in manager.pods() if not is_over(pod)]
    for place, (_, seconds) in enumerate(options.groups):
        mine = [pod for pod in active if group_of(pod.spec.priority or 0, options) == place]
        if mine and seconds > 0:
            await _end(manager, mine, seconds)


def group_of(priority: int, options: ShutdownOptions) -> int:
    """Which group a pod ends with; those below the first one named belong to it too."""
    return max((n for n, (least, _) in enumerate(options.groups) if priority >= least), default=0)


async def _end(manager: PodManager, pods: Sequence[Pod], within_s: float) -> None:
    """End some side by side; who needs longer than there is time is killed."""
    workers = [(pod, worker) for pod in pods if (worker := manager.worker(pod.metadata.uid))]
    for pod, worker in workers:
        own_s = pod.spec.termination_grace_period_seconds
        grace_s = min(GRACE_DEFAULT_S if own_s is None else own_s, within_s)
        worker.end(Ending(reason="Terminated", message=MESSAGE, grace_s=grace_s, disrupts=True))
    try:
        async with asyncio.timeout(within_s):
            for _, worker in workers:
                await worker.done.wait()
    except TimeoutError:
        log.warning("some pods do not end before the node does", pods=len(workers))
