"""Has Services and names answer on this machine, in loopback mode.

Service addresses are addresses of this machine: the proxy listens at them, and
the name server at that of the Service `kube-dns`. Where we may not have port
53, names are answered at another port of the same address, which is written
down for those who ask there themselves; resolvers of pods do not.
"""

import asyncio
from contextlib import suppress
from random import Random

import structlog

from dns.corefile import DEFAULT, PORT, parse
from dns.dns import Dns, DnsOptions
from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.errors import AlreadyExistsError, InvalidError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informers import Informers
from knarr.daemon.clock import Clock
from proxy.proxy import Proxy
from proxy.userspace.mode import UserspaceMode

log = structlog.get_logger()

KUBE_DNS = Key("kube-system", "kube-dns")

DNS_PORTS = (PORT, 1053, 0)
"""Where names are answered: where resolvers ask, else where anybody may listen."""

OTHER_PROXY = "service.kubernetes.io/service-proxy-name"
"""The label of Services that are not the proxy's to carry."""


class LoopbackNetwork:
    """The proxy and the name server of a cluster on this machine."""

    def __init__(
        self,
        client: Client,
        informers: Informers,
        clock: Clock,
        chance: Random,
        *,
        dns_address: str,
        node_name: str,
        node_address: str,
    ) -> None:
        self._client = client
        self._dns_address = dns_address
        self._events = EventRecorder(client, component="kube-proxy", clock=clock, host=node_name)
        self._services = informers.of(Service)
        self._proxy = Proxy(
            self._services,
            informers.of(EndpointSlice),
            UserspaceMode([node_address], self._warn),
            node_name,
        )
        options = DnsOptions(blocks=parse(DEFAULT), addresses=(dns_address,), ports=DNS_PORTS)
        self._dns = Dns(options, informers, clock, chance)

    async def run(self) -> None:
        """Carry and answer until cancelled."""
        await self._make_service()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._events.run(), name="proxy-events")
            group.create_task(self._proxy.run(), name="proxy")
            group.create_task(self._dns.run(), name="dns")

    async def ready(self) -> str:
        """Wait until Services are carried and names answered; answer HOST:PORT of the latter."""
        await self._proxy.synced.wait()
        await self._dns.ready.wait()
        address, port = self._dns.places[0]
        if port != PORT:
            log.warning("names are not answered at port 53, which needs privilege", port=port)
        return f"{address}:{port}"

    def _warn(self, key: Key, message: str) -> None:
        service = self._services.objects.get(key)
        if service is not None:
            self._events.event(service, "ServiceNotCarried", message, "Warning")

    async def _make_service(self) -> None:
        service = Service(
            metadata=ObjectMeta(
                name=KUBE_DNS.name,
                namespace=KUBE_DNS.namespace,
                labels={
                    "k8s-app": "kube-dns",
                    "kubernetes.io/cluster-service": "true",
                    "kubernetes.io/name": "CoreDNS",
                    OTHER_PROXY: "knarr-dns",
                },
            ),
            spec=ServiceSpec(
                cluster_ip=self._dns_address,
                ports=(
                    ServicePort(name="dns", port=PORT, protocol="UDP"),
                    ServicePort(name="dns-tcp", port=PORT, protocol="TCP"),
                ),
            ),
        )
        with suppress(AlreadyExistsError):
            try:
                await self._client.create(service)
            except InvalidError as error:
                log.warning("no Service kube-dns", error=str(error))
