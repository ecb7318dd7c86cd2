"""Watches Services, their pods, and the nodes these run on."""

from controller_manager.endpointslice.decide import decide
from controller_manager.refusals import is_namespace_ending
from controller_manager.service_pods import ServicePods
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.core.service import Service
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed, owner

ZONE = "topology.kubernetes.io/zone"
"""The label of a node that says where it stands."""


class EndpointSliceController:
    """Keeps the EndpointSlices of Services."""

    name = "endpointslice"

    def __init__(
        self,
        client: Client,
        services: Informer[Service],
        pods: Informer[Pod],
        nodes: Informer[Node],
        slices: Informer[EndpointSlice],
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._services = services
        self._nodes = nodes
        self._slices = slices
        self._relation = ServicePods(services, pods)
        self._pods = pods
        feed(self.queue, services)
        feed(self.queue, pods, each(self._relation.services_of))
        feed(self.queue, slices, owner("Service"))
        nodes.handle(self._node_changed)

    async def reconcile(self, key: Key) -> float | None:
        """Make the slices of one Service list its pods."""
        service = self._services.objects.get(key)
        if service is None or service.metadata.deletion_timestamp is not None:
            return None  # The garbage collector takes the slices.
        pods = self._relation.pods_of(service)
        slices = self._slices.owned_by(service.metadata.uid)
        plan = decide(service, pods, slices, zones=self._zones(pods))
        try:
            return await carry_out(plan, self._client, self._slices)
        except ApiError as error:
            if is_namespace_ending(error):
                return None
            raise

    def _zones(self, pods: list[Pod]) -> dict[str, str]:
        nodes = self._nodes.objects
        names = {pod.spec.node_name for pod in pods}
        found = (nodes[Key("", name)] for name in sorted(names) if Key("", name) in nodes)
        return {node.metadata.name: node.metadata.labels.get(ZONE, "") for node in found}

    def _node_changed(self, old: Node | None, new: Node | None) -> None:
        """Look again at the Services of a node's pods when the node comes, goes or moves."""
        if _zone_of(old) == _zone_of(new) or not self._pods.is_listed:
            return
        node = new or old
        assert node is not None, "a change has an object before or after"
        for pod in self._pods.on_node(node.metadata.name):
            for key in self._relation.services_of(pod):
                self.queue.add(key)


def _zone_of(node: Node | None) -> str | None:
    return None if node is None else node.metadata.labels.get(ZONE, "")
