"""Tells of pods that fit nowhere, and makes room for them: conditions, nominations, evictions."""

from collections.abc import Mapping
from typing import Any

import structlog

from knarr.api.core.pod import Pod
from knarr.api.errors import ApiError, ConflictError, NotFoundError
from knarr.api.keys import Key
from knarr.api.meta.options import DeleteOptions, Preconditions
from knarr.api.pods import condition_of
from knarr.api.times import to_time
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.daemon.clock import Clock
from scheduler.plugins.default_preemption import PREEMPTED, is_preempted
from scheduler.snapshot import Placed

log = structlog.get_logger()

UNSCHEDULABLE = "Unschedulable"
"""The reason in the condition PodScheduled of a pod that fits nowhere."""


class Reporter:
    """Writes what the scheduler has to say about pods."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def tell_unfit(self, pod: Pod, message: str, nomination: str | None) -> None:
        """Set the condition PodScheduled, and the node that a pod may hope for."""
        status: dict[str, Any] = {}
        condition = self._unscheduled(pod, message)
        if condition is not None:
            status["conditions"] = [condition]
        if nomination is not None and nomination != pod.status.nominated_node_name:
            status["nominatedNodeName"] = nomination or None
        if status:
            await self._patch(pod, status)

    async def evict(
        self, victim: Placed, preemptor: Pod, node_name: str, recorder: EventRecorder
    ) -> bool:
        """Ask a pod to make room; answer whether it will."""
        pod = victim.pod
        try:
            if not is_preempted(victim) and pod.metadata.deletion_timestamp is None:
                await self._client.patch(
                    Pod,
                    victim.key,
                    {"status": {"conditions": [self._target(preemptor)]}},
                    patch_format="strategic",
                    subresource="status",
                )
            options = DeleteOptions(preconditions=Preconditions(uid=pod.metadata.uid))
            await self._client.delete(Pod, victim.key, options)
        except (NotFoundError, ConflictError):
            return True  # It is gone, or another pod has its name.
        except ApiError as error:
            log.warning("victim not evicted", key=str(victim.key), error=str(error))
            return False
        recorder.event(
            pod, "Preempted", f"Preempted by pod {preemptor.metadata.uid} on node {node_name}"
        )
        return True

    def _unscheduled(self, pod: Pod, message: str) -> Mapping[str, Any] | None:
        before = condition_of(pod, "PodScheduled")
        generation = pod.metadata.generation
        if (
            before is not None
            and (before.status, before.reason, before.message) == ("False", UNSCHEDULABLE, message)
            and before.observed_generation == generation
        ):
            return None
        since = before.last_transition_time if before and before.status == "False" else None
        return {
            "type": "PodScheduled",
            "status": "False",
            "reason": UNSCHEDULABLE,
            "message": message,
            "lastTransitionTime": since or to_time(self._clock.now()),
            "observedGeneration": generation,
        }

    def _target(self, preemptor: Pod) -> Mapping[str, Any]:
        name = preemptor.spec.scheduler_name
        return {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": PREEMPTED,
            "message": f"{name}: preempting to accommodate a higher priority pod",
            "lastTransitionTime": to_time(self._clock.now()),
        }

    async def _patch(self, pod: Pod, status: Mapping[str, Any]) -> None:
        key = Key(pod.metadata.namespace, pod.metadata.name)
        body = {"metadata": {"uid": pod.metadata.uid}, "status": status}
        try:
            await self._client.patch(Pod, key, body, patch_format="strategic", subresource="status")
        except ApiError as error:
            log.debug("status not written", key=str(key), error=str(error))
