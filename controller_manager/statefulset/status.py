"""What a StatefulSet says of itself, counted from its pods."""

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from controller_manager.statefulset.identity import revision_name
from knarr.api.apps.stateful_set import StatefulSet, StatefulSetStatus
from knarr.api.core.pod import Pod
from knarr.api.pods import is_available, is_ready


def is_running_and_ready(pod: Pod) -> bool:
    """Whether the pod runs and can serve."""
    return pod.status.phase == "Running" and is_ready(pod)


def is_terminating(pod: Pod) -> bool:
    """Whether the pod is being deleted, over or not: its name is still taken."""
    return pod.metadata.deletion_timestamp is not None


def is_usable(pod: Pod, min_ready_s: int, now: datetime) -> bool:
    """Whether the pod runs and has been ready for long enough."""
    return pod.status.phase == "Running" and is_available(pod, min_ready_s, now)


def counted(
    stateful_set: StatefulSet,
    pods: Iterable[Pod],
    *,
    current: str,
    update: str,
    now: datetime,
) -> StatefulSetStatus:
    """The status with the counts of the pods and the names of the revisions."""
    pods = tuple(pods)
    alive = [revision_name(pod) for pod in pods if not is_terminating(pod)]
    status = replace(
        stateful_set.status,
        observed_generation=stateful_set.metadata.generation,
        replicas=len(pods),
        ready_replicas=sum(map(is_running_and_ready, pods)),
        available_replicas=sum(
            is_usable(pod, stateful_set.spec.min_ready_seconds, now) for pod in pods
        ),
        current_replicas=alive.count(current),
        updated_replicas=alive.count(update),
        current_revision=current,
        update_revision=update,
        collision_count=stateful_set.status.collision_count or 0,
    )
    return _with_update_complete(stateful_set, status)


def _with_update_complete(
    stateful_set: StatefulSet, status: StatefulSetStatus
) -> StatefulSetStatus:
    """Once all pods are of the new revision and ready, it is the current one."""
    wanted = stateful_set.spec.replicas
    if (
        stateful_set.spec.update_strategy.type == "RollingUpdate"
        and status.updated_replicas == status.replicas == status.ready_replicas == wanted
    ):
        return replace(
            status,
            current_replicas=status.updated_replicas,
            current_revision=status.update_revision,
        )
    return status
