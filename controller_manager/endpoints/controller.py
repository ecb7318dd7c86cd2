"""Watches Services and their pods for the sake of Endpoints."""

from collections.abc import Iterable

from controller_manager.endpoints.decide import MANAGED_BY, MANAGER, decide
from controller_manager.refusals import is_namespace_ending
from controller_manager.service_pods import ServicePods
from knarr.api.core.endpoints import Endpoints
from knarr.api.core.pod import Pod
from knarr.api.core.service import Service
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.objects import key_of
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed


class EndpointsController:
    """Keeps the Endpoints of Services."""

    name = "endpoints"

    def __init__(
        self,
        client: Client,
        services: Informer[Service],
        pods: Informer[Pod],
        endpoints: Informer[Endpoints],
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._services = services
        self._endpoints = endpoints
        self._relation = ServicePods(services, pods)
        feed(self.queue, services)
        feed(self.queue, pods, each(self._relation.services_of))
        feed(self.queue, endpoints, each(_ours))

    async def reconcile(self, key: Key) -> float | None:
        """Make the Endpoints of one Service list its pods."""
        service = self._services.objects.get(key)
        pods = [] if service is None else self._relation.pods_of(service)
        plan = decide(service, pods, self._endpoints.objects.get(key))
        try:
            return await carry_out(plan, self._client, self._endpoints)
        except ApiError as error:
            if is_namespace_ending(error):
                return None
            raise


def _ours(endpoints: Endpoints) -> Iterable[Key]:
    """Endpoints that people write by hand are none of our business."""
    is_ours = endpoints.metadata.labels.get(MANAGED_BY) == MANAGER
    return (key_of(endpoints),) if is_ours else ()
