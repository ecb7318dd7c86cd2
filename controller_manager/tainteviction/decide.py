"""When a pod has to leave its node."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from knarr.api.core.pod import Pod
from knarr.api.core.scheduling import Taint
from knarr.api.plan import Notice, Patch, Plan
from knarr.api.times import to_time
from knarr.api.tolerations import tolerates


def decide(pod: Pod, taints: Sequence[Taint], *, since: datetime, now: datetime) -> Plan:
    """Delete the pod once it tolerates its node's `taints` (NoExecute) no longer.

    `since` is when they were first seen together.
    """
    if pod.metadata.deletion_timestamp is not None:
        return Plan()
    tolerated_s = _tolerated_s(pod, taints)
    if tolerated_s is None:
        return Plan()
    left_s = (since + timedelta(seconds=tolerated_s) - now).total_seconds()
    if left_s > 0:
        return Plan(again_after_s=left_s)
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint",
        "lastTransitionTime": to_time(now),
    }
    body = {"status": {"conditions": [condition]}}
    message = f"Marking for deletion Pod {pod.metadata.namespace}/{pod.metadata.name}"
    return Plan(
        patch=(Patch(pod, body, format="strategic", subresource="status"),),
        delete=(pod,),
        notices=(Notice(pod, "TaintManagerEviction", message),),
    )


def _tolerated_s(pod: Pod, taints: Sequence[Taint]) -> float | None:
    """For how many seconds the pod puts up with all the taints; None for ever."""
    shortest: float | None = None
    for taint in taints:
        used = [each for each in pod.spec.tolerations if tolerates(each, taint)]
        if not used:
            return 0.0
        for each in used:
            if each.toleration_seconds is not None:
                bounded = float(max(0, each.toleration_seconds))
                shortest = bounded if shortest is None else min(shortest, bounded)
    return shortest
