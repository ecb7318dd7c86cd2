"""What a DaemonSet says of itself, counted from its pods and the nodes that want one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from controller_manager.revisions import REVISION_LABEL
from knarr.api.apps.daemon_set import DaemonSet, DaemonSetStatus
from knarr.api.core.pod import Pod
from knarr.api.pods import is_available, is_ready


def oldest_first(pods: Iterable[Pod]) -> list[Pod]:
    """Pods that are on their node first, then the older ones."""
    return sorted(
        pods,
        key=lambda pod: (
            not pod.spec.node_name,
            pod.metadata.creation_timestamp or "",
            pod.metadata.name,
        ),
    )


def is_updated(pod: Pod, revision_hash: str) -> bool:
    """Whether the pod was made from the template as it is."""
    return pod.metadata.labels.get(REVISION_LABEL) == revision_hash


def counted(
    daemon_set: DaemonSet,
    pods_by_node: Mapping[str, Sequence[Pod]],
    wanted: frozenset[str],
    revision_hash: str,
    now: datetime,
) -> DaemonSetStatus:
    """The status with its counts; `wanted` are the nodes that are to have a pod."""
    min_ready_s = daemon_set.spec.min_ready_seconds
    first = [oldest_first(pods)[0] for node, pods in pods_by_node.items() if node in wanted]
    available = sum(is_available(pod, min_ready_s, now) for pod in first)
    return replace(
        daemon_set.status,
        observed_generation=daemon_set.metadata.generation,
        desired_number_scheduled=len(wanted),
        current_number_scheduled=len(first),
        number_misscheduled=sum(node not in wanted for node in pods_by_node),
        number_ready=sum(map(is_ready, first)),
        number_available=available,
        number_unavailable=len(wanted) - available,
        updated_number_scheduled=sum(is_updated(pod, revision_hash) for pod in first),
    )
