"""Which container of which pod on which node a request is about."""

from msgspec import Struct

from apiserver.nodes.connection import NodeConnection, NodeConnections
from apiserver.registry.core import Core
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.errors import BadRequestError, NotFoundError
from knarr.api.meta.status import StatusDetails
from knarr.proto import node_pb2 as pb


class Target(Struct, frozen=True):
    """A container, and the pod it is in."""

    pod: Pod
    container: str

    @property
    def message(self) -> pb.ContainerTarget:
        """The target as a kubelet is told."""
        meta = self.pod.metadata
        return pb.ContainerTarget(
            namespace=meta.namespace,
            pod=meta.name,
            pod_uid=meta.uid,
            container=self.container,
        )


class Targets:
    """Looks pods and nodes up."""

    def __init__(self, core: Core, nodes: NodeConnections) -> None:
        self._core = core
        self._nodes = nodes

    async def pod(self, namespace: str, name: str) -> Pod:
        """The pod of that name. Raise NotFoundError."""
        pod = await self._core.get_live(Pod, namespace, name)
        if not isinstance(pod, Pod):
            raise _not_found("pods", name)
        return pod

    async def container(self, namespace: str, name: str, container: str) -> Target:
        """A container of a pod. Raise BadRequestError where it is not clear which."""
        pod = await self.pod(namespace, name)
        return Target(pod, container_of(pod, container))

    async def node(self, name: str) -> NodeConnection:
        """The connection to a node. Raise NotFoundError, ServiceUnavailableError."""
        node = await self._core.get_live(Node, "", name)
        if not isinstance(node, Node):
            raise _not_found("nodes", name)
        return self._nodes.of(node)

    async def host(self, pod: Pod) -> NodeConnection:
        """The connection to the node of a pod. Raise BadRequestError when it has none."""
        if not pod.spec.node_name:
            raise BadRequestError(f"pod {pod.metadata.name} does not have a host assigned")
        return await self.node(pod.spec.node_name)


def _not_found(plural: str, name: str) -> NotFoundError:
    details = StatusDetails(name=name, kind=plural)
    return NotFoundError(f'{plural} "{name}" not found', details=details)


DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


def container_of(pod: Pod, wanted: str) -> str:
    """The container meant: the one named, else the only one. Raise BadRequestError."""
    spec, name = pod.spec, pod.metadata.name
    known = [one.name for one in (*spec.containers, *spec.init_containers)]
    known += [one.name for one in spec.ephemeral_containers]
    if wanted:
        if wanted not in known:
            raise BadRequestError(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(spec.containers) == 1:
        return spec.containers[0].name
    main = " ".join(one.name for one in spec.containers)
    choice = f"choose one of: [{main}]"
    if spec.init_containers:
        inits = " ".join(one.name for one in spec.init_containers)
        choice += f" or one of the init containers: [{inits}]"
    raise BadRequestError(f"a container name must be specified for pod {name}, {choice}")
