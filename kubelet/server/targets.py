"""Finds the container that a request means."""

from knarr.api.core.pod import Pod
from knarr.api.errors import BadRequestError, NotFoundError
from knarr.proto import node_pb2 as pb
from kubelet.runtime.runtime import Container
from kubelet.static.manifest import is_static
from kubelet.sync.host import Host
from kubelet.sync.lifecycle import latest, previous
from kubelet.sync.manager import PodManager


class Targets:
    """The pods of this node, as requests name them."""

    def __init__(self, host: Host, manager: PodManager) -> None:
        self._host = host
        self._manager = manager

    def pod(self, namespace: str, name: str, uid: str = "") -> Pod:
        """The pod of that name. Raise NotFoundError."""
        for pod in self._manager.pods():
            meta = pod.metadata
            same = uid in ("", meta.uid) or is_static(pod)  # The API knows it by its mirror's.
            if same and (meta.namespace, meta.name) == (namespace, name):
                return pod
        raise NotFoundError(f'pods "{name}" not found')

    async def container(self, target: pb.ContainerTarget, *, before: bool = False) -> Container:
        """The newest attempt of a container, or the one before it.

        Raise BadRequestError with Kubernetes' words when there is none yet.
        """
        pod = self.pod(target.namespace, target.pod, target.pod_uid)
        name = target.container or _only(pod)
        observed = await self._host.runtime.observe(pod.metadata.uid)
        found = latest(observed).get(name) if observed is not None else None
        if before:
            found = previous(observed, name) if observed is not None else None
            if found is None:
                raise BadRequestError(
                    f'previous terminated container "{name}" in pod "{target.pod}" not found'
                )
            return found
        if found is None:
            raise BadRequestError(
                f'container "{name}" in pod "{target.pod}" is waiting to start: '
                f"{_why_waiting(pod, name)}"
            )
        return found

    async def running(self, target: pb.ContainerTarget) -> Container:
        """A container that runs. Raise BadRequestError."""
        found = await self.container(target)
        if found.phase != "running":
            raise BadRequestError(f"container {found.name} is not running")
        return found


def _only(pod: Pod) -> str:
    return pod.spec.containers[0].name if pod.spec.containers else ""


def _why_waiting(pod: Pod, name: str) -> str:
    statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    for status in statuses:
        if status.name == name and status.state.waiting is not None:
            return status.state.waiting.reason
    return "ContainerCreating"
