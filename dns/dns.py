"""Runs name servers as a Corefile says, until cancelled."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import structlog

from dns.cluster import WatchedCluster
from dns.corefile import PORT, Block, CorefileError, Directive
from dns.front import Front
from dns.message import Labels
from dns.plugins import ORDER
from dns.plugins.errors import Errors
from dns.plugins.plugin import Ask, Plugin, Site, chained, zones_of
from dns.tcp import TcpServer
from dns.udp import UdpServer
from knarr.client.informers import Informers
from knarr.daemon.clock import Clock
from knarr.daemon.settings import SettingsError

log = structlog.get_logger()

KNOWN_S = 5.0
"""Queries are answered after so long at the latest, whether or not the cluster is known."""

ANY_PORT_TRIES = 20
"""Where any port will do: how often to look for one that is free for both protocols."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsOptions:
    """Where and how names are answered."""

    blocks: tuple[Block, ...]
    addresses: tuple[str, ...] = ("127.0.0.1",)
    ports: tuple[int, ...] = ()
    """Instead of a block's port, the first of these that can be had; 0 is any."""


@dataclass
class _Server:
    """All that answers at one port of the configuration."""

    site: Site
    plugins: list[Plugin] = field(default_factory=list)
    asks: dict[Labels, Ask] = field(default_factory=dict)


class Dns:
    """The name servers of one process."""

    def __init__(
        self, options: DnsOptions, informers: Informers, clock: Clock, chance: Random
    ) -> None:
        with_pods = any(
            line[:2] == ("pods", "verified")
            for block in options.blocks
            for one in block.all("kubernetes")
            for line in one.block
        )
        self._options = options
        self._clock = clock
        self._chance = chance
        self._cluster = WatchedCluster(informers, with_pods=with_pods)
        self.places: list[tuple[str, int]] = []
        """Where names are answered."""
        self.ready = asyncio.Event()
        """Set once they are."""

    async def run(self) -> None:
        """Answer until cancelled. Raise SettingsError where no port is to be had."""
        servers = _servers(self._options, self._cluster, self._clock, self._chance)
        await self._wait_for_cluster()
        async with asyncio.TaskGroup() as group:
            closing: list[UdpServer | TcpServer] = []
            try:
                for port, server in servers.items():
                    await self._open(port, server, group, closing)
                for server in servers.values():
                    for plugin in server.plugins:
                        group.create_task(plugin.run(), name=f"dns-{plugin.name}")
                self.ready.set()
                await asyncio.Event().wait()
            finally:
                for one in closing:
                    one.close()

    async def _wait_for_cluster(self) -> None:
        try:
            async with asyncio.timeout(KNOWN_S):
                await self._cluster.listed()
        except TimeoutError:
            log.warning("the cluster is not known yet, answering all the same")

    async def _open(
        self,
        port: int,
        server: _Server,
        group: asyncio.TaskGroup,
        closing: list[UdpServer | TcpServer],
    ) -> None:
        front = Front(
            server.asks,
            keeps=not any(one.sees_all for one in server.plugins),
            rotates=any(one.name == "loadbalance" for one in server.plugins),
        )
        self._cluster.tell(front.hot.forget)
        ports = self._options.ports or (port,)
        opened: list[UdpServer] = []
        for address in self._options.addresses:
            udp, tcp = UdpServer(front, group), TcpServer(front)
            ports = (await _open_both(udp, tcp, address, ports),)
            closing += (udp, tcp)
            opened.append(udp)
            self.places.append((address, ports[0]))
        server.site.port = ports[0]
        server.site.hits = lambda: sum(one.hits for one in opened)


def _servers(
    options: DnsOptions, cluster: WatchedCluster, clock: Clock, chance: Random
) -> Mapping[int, _Server]:
    servers: dict[int, _Server] = {}
    for block in options.blocks:
        server = servers.get(block.port)
        if server is None:
            site = Site(cluster, clock, chance, options.addresses, block.port)
            server = servers[block.port] = _Server(site)
        plugins = made(block, server.site)
        ask = chained(plugins)
        if server.site.ask is None:
            server.site.ask = ask
        server.plugins += plugins
        for zone in zones_of((), block):
            server.asks[zone] = ask
    if len(servers) > 1 and options.ports:
        raise SettingsError("the Corefile has several ports, so none can be given besides")
    return servers


def made(block: Block, site: Site) -> list[Plugin]:
    """The plugins of one block, in the order of all plugins. Raise CorefileError."""
    known = dict(ORDER)
    for directive in block.directives:
        if directive.name not in known:
            raise directive.wrong("there is no such plugin")
    plugins: list[Plugin] = []
    for name, make in ORDER:
        uses: Sequence[Directive] = block.all(name)
        try:
            plugins += [make(directive, block, site) for directive in uses]
        except ValueError as error:
            raise CorefileError(f"Corefile:{uses[0].line}: {name}: {error}") from None
        if name == "errors" and not uses:
            plugins.append(Errors(logs=False))
    return plugins


async def _open_both(udp: UdpServer, tcp: TcpServer, address: str, ports: Sequence[int]) -> int:
    """Open the same port for both protocols: the first that can be had."""
    tries = [port for port in ports for _ in range(1 if port else ANY_PORT_TRIES)]
    why: OSError | None = None
    for port in tries:
        try:
            opened = udp.open(address, port)
            try:
                return await tcp.open(address, opened)
            except OSError:
                udp.close()
                raise
        except OSError as error:
            why = error
    place = f"{address}:{ports[0] if ports else PORT}"
    raise SettingsError(f"cannot answer names at {place}: {why.strerror if why else 'no port'}")
