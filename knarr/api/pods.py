"""What every part says about pods: active, ready, available, terminating, over."""

from datetime import datetime, timedelta

from knarr.api.core.pod import Pod
from knarr.api.core.pod_status import PodCondition
from knarr.api.times import parse


def condition_of(pod: Pod, condition_type: str) -> PodCondition | None:
    """The condition of this type, or None."""
    for condition in pod.status.conditions:
        if condition.type == condition_type:
            return condition
    return None


def is_over(pod: Pod) -> bool:
    """Whether the pod ran to its end, well or not: nothing of it runs again."""
    return pod.status.phase in ("Succeeded", "Failed")


def is_active(pod: Pod) -> bool:
    """Whether the pod counts as one that runs or is to run: neither over nor being deleted."""
    return pod.metadata.deletion_timestamp is None and not is_over(pod)


def is_terminating(pod: Pod) -> bool:
    """Whether the pod is being deleted and is not over yet."""
    return pod.metadata.deletion_timestamp is not None and not is_over(pod)


def is_ready(pod: Pod) -> bool:
    """Whether the pod says that it can serve."""
    ready = condition_of(pod, "Ready")
    return ready is not None and ready.status == "True"


def ready_since(pod: Pod) -> datetime | None:
    """The moment the pod became ready; None when it is not, or does not say since when."""
    ready = condition_of(pod, "Ready")
    if ready is None or ready.status != "True" or ready.last_transition_time is None:
        return None
    return parse(ready.last_transition_time)


def available_at(pod: Pod, min_ready_s: int) -> datetime | None:
    """The moment from which a ready pod counts as available; None when it is not ready."""
    since = ready_since(pod)
    return None if since is None else since + timedelta(seconds=min_ready_s)


def is_available(pod: Pod, min_ready_s: int, now: datetime) -> bool:
    """Whether the pod has been ready for `min_ready_s` seconds."""
    if min_ready_s == 0:
        return is_ready(pod)
    at = available_at(pod, min_ready_s)
    return at is not None and at <= now
