"""Watches Endpoints, the Services they belong to, and the slices that mirror them."""

from collections.abc import Iterable

from controller_manager.endpointslice.packing import MANAGED_BY, SERVICE_NAME
from controller_manager.endpointslicemirroring.decide import MANAGER, decide
from controller_manager.refusals import is_namespace_ending
from knarr.api.core.endpoints import Endpoints
from knarr.api.core.service import Service
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed

_BY_SERVICE = "mirrored-service"


class EndpointSliceMirroringController:
    """Keeps the mirrors of Endpoints."""

    name = "endpointslicemirroring"

    def __init__(
        self,
        client: Client,
        endpoints: Informer[Endpoints],
        services: Informer[Service],
        slices: Informer[EndpointSlice],
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._endpoints = endpoints
        self._services = services
        self._slices = slices
        slices.index(_BY_SERVICE, lambda each: map(str, _mirrors(each)))
        feed(self.queue, endpoints)
        feed(self.queue, services)
        feed(self.queue, slices, each(_mirrors))

    async def reconcile(self, key: Key) -> float | None:
        """Make the mirrors of one Endpoints object match it."""
        endpoints = self._endpoints.objects.get(key)
        service = self._services.objects.get(key)
        slices = self._slices.by(_BY_SERVICE, str(key))
        try:
            return await carry_out(decide(endpoints, service, slices), self._client, self._slices)
        except ApiError as error:
            if is_namespace_ending(error):
                return None
            raise


def _mirrors(endpoint_slice: EndpointSlice) -> Iterable[Key]:
    """The Endpoints that a slice mirrors, if it is a mirror."""
    labels = endpoint_slice.metadata.labels
    if labels.get(MANAGED_BY) != MANAGER:
        return ()
    return (Key(endpoint_slice.metadata.namespace, labels.get(SERVICE_NAME, "")),)
