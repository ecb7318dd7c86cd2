"""Has Services and names answer on this machine, in one process with the rest.

loopback   Service addresses are addresses of this machine: the proxy listens at
           them, and the name server at that of the Service `kube-dns`. Where we
           may not have port 53, names are answered at another port of the same
           address, which is written down for those who ask there themselves;
           resolvers of pods do not.
rootless   As with a bridge, in a network of the cluster's own; besides, node ports
           and balancers answer in the machine's.
bridge     The kernel leads Service addresses on, that of `kube-dns` to the name
           server, which listens at some port of 127.0.0.1.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from random import Random

import structlog
from msgspec import Struct

from dns.corefile import DEFAULT, PORT, parse
from dns.dns import Dns, DnsOptions
from knarr.api.core.node import Node
from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.errors import AlreadyExistsError, InvalidError, NotFoundError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informers import Informers
from knarr.cluster.doors import BothModes, Doors
from knarr.daemon.clock import Clock
from kubelet.routes.forwarding import TABLE as NODE_TABLE
from kubelet.routes.forwarding import Forwarding, ForwardingOptions
from kubelet.routes.routes import NodeRoutes
from proxy.mode import Mode
from proxy.model import Backend
from proxy.nftables.mode import NftablesMode
from proxy.nftables.nft import Kernel, why_not
from proxy.proxy import Proxy
from proxy.ruleset import TABLE as PROXY_TABLE
from proxy.ruleset import Family, RulesetOptions
from proxy.userspace.mode import UserspaceMode

log = structlog.get_logger()

KUBE_DNS = Key("kube-system", "kube-dns")

DNS_PORTS = (PORT, 1053, 0)
"""Where names are answered: where resolvers ask, else where anybody may listen."""

HERE = "127.0.0.1"

OTHER_PROXY = "service.kubernetes.io/service-proxy-name"
"""The label of Services that are not the proxy's to carry."""


class NetworkOptions(Struct, frozen=True, kw_only=True):
    """Where Services and names answer."""

    is_loopback: bool
    dns_address: str
    """The address of the Service kube-dns."""
    cluster_cidr: str
    """Where pods are."""
    node_name: str
    cluster_name: str = ""
    doors: Doors | None = None
    """The ways to the machine's network, where the cluster has one of its own."""

    @property
    def suffix(self) -> str:
        """What tells our tables from those of other clusters on this machine."""
        return f"-{self.cluster_name}" if self.cluster_name != "knarr" else ""


class ClusterNetwork:
    """The proxy and the name server of a cluster on this machine."""

    def __init__(
        self,
        client: Client,
        informers: Informers,
        clock: Clock,
        chance: Random,
        options: NetworkOptions,
    ) -> None:
        self._client = client
        self._options = options
        self._events = EventRecorder(
            client, component="kube-proxy", clock=clock, host=options.node_name
        )
        self._services = informers.of(Service)
        self._slices = informers.of(EndpointSlice)
        where = (options.dns_address, DNS_PORTS) if options.is_loopback else (HERE, (0,))
        dns = DnsOptions(blocks=parse(DEFAULT), addresses=(where[0],), ports=where[1])
        self._dns = Dns(dns, informers, clock, chance)
        self._synced = asyncio.Event()
        self._nodes = informers.of(Node)

    async def run(self) -> None:
        """Carry and answer until cancelled."""
        await make_dns_service(
            self._client, self._options.dns_address, is_loopback=self._options.is_loopback
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(self._events.run(), name="proxy-events")
            group.create_task(self._dns.run(), name="dns")
            await self._dns.ready.wait()
            if self._options.doors is not None:
                await self._options.doors.open_names(self._dns.places[0][1])
            proxy = self._proxy()
            if proxy is None:
                self._synced.set()
                return
            group.create_task(proxy.run(), name="proxy")
            if not self._options.is_loopback and self._options.doors is None:
                group.create_task(self._forward(), name="forwarding")
            await proxy.synced.wait()
            self._synced.set()

    async def ready(self) -> str:
        """Wait until Services are carried and names answered; answer HOST:PORT of the latter."""
        await self._synced.wait()
        address, port = self._dns.places[0]
        if self._options.is_loopback and port != PORT:
            log.warning("names are not answered at port 53, which needs privilege", port=port)
        return f"{address}:{port}"

    def _proxy(self) -> Proxy | None:
        """What carries Services; None where we may not."""
        options = self._options
        if options.is_loopback:
            mode: Mode = UserspaceMode([HERE], self._warn)
            return self._made(mode)
        why = why_not()
        if why is not None:
            log.warning("Services are not carried", reason=why)
            return None
        rules = RulesetOptions(
            cluster_cidr=options.cluster_cidr, table=f"{PROXY_TABLE}{options.suffix}"
        )
        mode = NftablesMode([rules], Kernel())
        if options.doors is not None:
            sockets = options.doors.leads_in
            mode = BothModes(mode, UserspaceMode([HERE], self._warn, sockets, only_outside=True))
        own = {KUBE_DNS: Backend(*self._dns.places[0])}
        return self._made(mode, own)

    def _made(self, mode: Mode, own: Mapping[Key, Backend] | None = None) -> Proxy:
        where = self._options.node_name
        return Proxy(self._services, self._slices, mode, where, own=own, nodes=self._nodes)

    async def _forward(self) -> None:
        """Have pods' packets let through between our nodes and from outside."""
        options = ForwardingOptions(
            cluster_cidr=self._options.cluster_cidr, table=f"{NODE_TABLE}{self._options.suffix}"
        )
        routes = NodeRoutes(self._nodes, self._options.node_name, None, Forwarding(options))
        try:
            await routes.run()
        finally:
            await routes.remove()

    def _warn(self, key: Key, message: str) -> None:
        service = self._services.objects.get(key)
        if service is not None:
            self._events.event(service, "ServiceNotCarried", message, "Warning")


async def remove_rules(cluster_cidr: str) -> None:
    """Remove the rules of a proxy and of kubelets that ran apart."""
    if why_not() is not None:
        return
    families: tuple[Family, ...] = ("ip", "ip6")
    await NftablesMode([RulesetOptions(family=one) for one in families], Kernel()).close()
    await Forwarding(ForwardingOptions(cluster_cidr=cluster_cidr)).remove()


async def make_dns_service(client: Client, dns_address: str, *, is_loopback: bool) -> None:
    """Make the Service `kube-dns`, unless it is there."""
    service = Service(
        metadata=ObjectMeta(
            name=KUBE_DNS.name,
            namespace=KUBE_DNS.namespace,
            labels={
                "k8s-app": "kube-dns",
                "kubernetes.io/cluster-service": "true",
                "kubernetes.io/name": "CoreDNS",
                # There the name server has the address itself.
                **({OTHER_PROXY: "knarr-dns"} if is_loopback else {}),
            },
        ),
        spec=ServiceSpec(
            cluster_ip=dns_address,
            ports=(
                ServicePort(name="dns", port=PORT, protocol="UDP"),
                ServicePort(name="dns-tcp", port=PORT, protocol="TCP"),
            ),
        ),
    )
    with suppress(NotFoundError):
        await client.get(Service, KUBE_DNS)
        return
    with suppress(AlreadyExistsError):
        try:
            await client.create(service)
        except InvalidError as error:
            log.warning("no Service kube-dns", error=str(error))
