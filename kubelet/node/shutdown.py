"""Ends the pods of a node that is about to lose its power: the ordinary ones, then the critical."""

import asyncio
from collections.abc import Sequence

import structlog
from msgspec import Struct

from knarr.api.core.pod import Pod
from knarr.api.pods import is_over
from kubelet.eviction.rank import is_critical
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


async def end_all(manager: PodManager, options: ShutdownOptions) -> None:
    """End every pod, within the time there is."""
    active = [pod for pod in manager.pods() if not is_over(pod)]
    ordinary = [pod for pod in active if not is_critical(pod)]
    critical = [pod for pod in active if is_critical(pod)]
    await _end(manager, ordinary, options.grace_s - options.critical_grace_s)
    await _end(manager, critical, options.critical_grace_s)


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
