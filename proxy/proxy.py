"""Watches Services and their endpoints and has a mode carry the connections.

A change touches the one Service it concerns.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import structlog
from msgspec.structs import replace

from knarr.api.core.node import Node
from knarr.api.core.service import Service
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.keys import Key
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed
from proxy.health_checks import HealthChecks
from proxy.mode import Mode
from proxy.model import SERVICE_NAME, Backend, Place, ServicePort, service_ports

log = structlog.get_logger()

ZONE = "topology.kubernetes.io/zone"
"""The label of a node that tells its zone."""

_OTHER_PROXY = "service.kubernetes.io/service-proxy-name"


class Proxy:
    """Keeps one host's way to the Services."""

    def __init__(
        self,
        services: Informer[Service],
        slices: Informer[EndpointSlice],
        mode: Mode,
        node_name: str,
        checks: HealthChecks | None = None,
        own: Mapping[Key, Backend] | None = None,
        *,
        nodes: Informer[Node] | None = None,
        stays: bool = False,
    ) -> None:
        self._nodes = nodes
        """Where we learn which zone we are in."""
        self._stays = stays
        """Whether connections are carried on while we are gone, as by rules in the kernel."""
        self._own = own or {}
        """Services that lead to one place of this host, whatever their endpoints say."""
        self._checks = checks or HealthChecks()
        self._services = services
        self._slices = slices
        self._mode = mode
        self._place = Place(node_name)
        self._queue: WorkQueue[Key] = WorkQueue("proxy")
        self.synced = asyncio.Event()
        """Set once all Services of the start are carried."""

    async def run(self) -> None:
        """Carry connections until cancelled; then leave nothing behind, unless that stays."""
        self._slices.index("service", _service_names)
        await self._services.listed()
        await self._slices.listed()
        if self._nodes is not None:
            self._nodes.handle(self._node_changed)
        try:
            wanted = {key: self._ports(key) for key in self._services.objects}
            await self._mode.replace(wanted)
            for key, ports in wanted.items():
                await self._checks.change(key, ports)
            self.synced.set()
            feed(self._queue, self._services)
            feed(self._queue, self._slices, each(_service_keys))
            while True:
                async with self._queue.take() as key:
                    await self._change(key)
        finally:
            self._queue.close()
            await self._checks.close()
            if not self._stays:
                await self._mode.close()

    def _node_changed(self, _old: Node | None, new: Node | None) -> None:
        """Lead to others where our zone is another one."""
        if new is None or new.metadata.name != self._place.node_name:
            return
        zone = new.metadata.labels.get(ZONE, "")
        if zone == self._place.zone:
            return
        self._place = Place(self._place.node_name, zone)
        for key in self._services.objects:
            self._queue.add(key)

    async def _change(self, key: Key) -> None:
        ports = self._ports(key)
        await self._checks.change(key, ports)
        try:
            await self._mode.change(key, ports)
        except OSError as error:
            # Somebody may have thrown our rules away: then no change fits any more.
            log.warning("telling all Services anew", service=str(key), error=str(error))
            await self._tell_all(key)
        else:
            self._queue.forget(key)

    async def _tell_all(self, key: Key) -> None:
        try:
            await self._mode.replace({one: self._ports(one) for one in self._services.objects})
        except OSError as error:
            log.warning("service not carried yet", service=str(key), error=str(error))
            self._queue.retry(key)
        else:
            self._queue.forget(key)

    def _ports(self, key: Key) -> Sequence[ServicePort]:
        service = self._services.objects.get(key)
        if service is None or _OTHER_PROXY in service.metadata.labels:
            return ()
        slices = self._slices.by("service", str(key))
        ports = service_ports(service, slices, self._place)
        own = self._own.get(key)
        if own is None:
            return ports
        return [replace(one, backends=(own,), local_backends=(own,)) for one in ports]


def _service_keys(one: EndpointSlice) -> Iterable[Key]:
    name = one.metadata.labels.get(SERVICE_NAME)
    return (Key(one.metadata.namespace, name),) if name else ()


def _service_names(one: EndpointSlice) -> Iterable[str]:
    return (str(key) for key in _service_keys(one))
