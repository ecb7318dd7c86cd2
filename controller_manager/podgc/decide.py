"""Which pods nobody will ever end or remove."""

from collections.abc import Iterable
from datetime import datetime

from knarr.api.core.pod import Pod
from knarr.api.meta.options import DeleteOptions
from knarr.api.plan import Patch, Plan
from knarr.api.pods import is_over
from knarr.api.times import to_time

NODE_GONE_S = 40.0
"""A node must be gone for so long before its pods are: it may only be registering anew."""

AT_ONCE = DeleteOptions(grace_period_seconds=0)


def decide(pod: Pod, *, node_gone_s: float | None, now: datetime) -> Plan:
    """Remove the pod of a node that has been gone for `node_gone_s` seconds (None: it is there)."""
    if pod.spec.node_name:
        if node_gone_s is None:
            return Plan()
        if node_gone_s < NODE_GONE_S:
            return Plan(again_after_s=NODE_GONE_S - node_gone_s)
        return Plan(patch=_disrupted(pod, now), delete=(pod,), delete_options=AT_ONCE)
    if pod.metadata.deletion_timestamp is not None:
        return Plan(delete=(pod,), delete_options=AT_ONCE)  # No kubelet will end it.
    return Plan()


def _disrupted(pod: Pod, now: datetime) -> tuple[Patch, ...]:
    """Say why before it goes: a Job may not want to count this as a failure."""
    if is_over(pod):
        return ()
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "DeletionByPodGC",
        "message": "PodGC: node no longer exists",
        "lastTransitionTime": to_time(now),
    }
    body = {"status": {"phase": "Failed", "conditions": [condition]}}
    return (Patch(pod, body, format="strategic", subresource="status"),)


def decide_surplus(over: Iterable[Pod], *, threshold: int) -> Plan:
    """Remove the oldest of the pods that are over, as far as they are more than `threshold`."""
    pods = sorted(over, key=lambda pod: (pod.metadata.creation_timestamp or "", pod.metadata.name))
    surplus = pods[: max(0, len(pods) - threshold)]
    return Plan(delete=tuple(surplus), delete_options=AT_ONCE)
