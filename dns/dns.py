"""Runs name servers as a Corefile says, until cancelled."""

import asyncio
from argparse import ArgumentTypeError
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import structlog
from msgspec import Struct, field

from dns.cluster import WatchedCluster
from dns.corefile import PORT, Block, CorefileError, Directive
from dns.front import Front
from dns.message import Labels
from dns.plugins import ORDER, TOGETHER
from dns.plugins.errors import Errors
from dns.plugins.plugin import Ask, Plugin, Site, chained, zones_of
from dns.tcp import TcpServer
from dns.udp import UdpServer
from knarr.client.informers import Informers
from knarr.daemon.clock import Clock
from knarr.daemon.run import spare_collections
from knarr.daemon.settings import SettingsError

log = structlog.get_logger()

KNOWN_S = 5.0
"""Queries are answered after so long at the latest, whether or not the cluster is known."""

ANY_PORT_TRIES = 20
"""Where any port will do: how often to look for one that is free for both protocols."""


class DnsOptions(Struct, frozen=True, kw_only=True):
    """Where and how names are answered."""

    blocks: tuple[Block, ...]
    addresses: tuple[str, ...] = ("127.0.0.1",)
    ports: tuple[int, ...] = ()
    """Instead of a block's port, the first of these that can be had; 0 is any."""
    corefile: Path | None = None
    """Where the blocks come from, if from a file."""


class _Server(Struct):
    """All that answers at one port of the configuration."""

    site: Site
    keeps: bool = True
    rotates: bool = False
    takes_classes: bool = False
    asks: dict[Labels, Ask] = field(default_factory=dict)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def ways(self) -> dict[str, bool]:
        """What its front has to know."""
        return {
            "keeps": self.keeps,
            "rotates": self.rotates,
            "takes_classes": self.takes_classes,
        }


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
        self._fronts: dict[int, Front] = {}
        self._hits: dict[int, list[UdpServer]] = {}
        self._next: asyncio.Queue[tuple[Block, ...]] = asyncio.Queue()
        self.places: list[tuple[str, int]] = []
        """Where names are answered."""
        self.ready = asyncio.Event()
        """Set once they are."""

    async def run(self) -> None:
        """Answer until cancelled. Raise SettingsError where no port is to be had."""
        servers = self._servers(self._options.blocks)
        await self._wait_for_cluster()
        spare_collections()  # What is known by now stays; to look through it stops every answer.
        async with asyncio.TaskGroup() as group:
            closing: list[UdpServer | TcpServer] = []
            try:
                for port, server in servers.items():
                    await self._open(port, server, group, closing)
                _start(servers, group)
                self.ready.set()
                try:
                    while True:
                        servers = self._changed(servers, await self._next.get(), group)
                except asyncio.CancelledError:
                    await asyncio.sleep(_lameduck_s(servers))
                    raise
            finally:
                for one in closing:
                    one.close()

    async def _wait_for_cluster(self) -> None:
        try:
            async with asyncio.timeout(KNOWN_S):
                await self._cluster.listed()
        except TimeoutError:
            log.warning("the cluster is not known yet, answering all the same")

    def _servers(self, blocks: Sequence[Block]) -> dict[int, _Server]:
        """What answers at each port of the configuration. Raise CorefileError."""
        servers: dict[int, _Server] = {}
        for block in blocks:
            server = servers.get(block.port)
            if server is None:
                server = servers[block.port] = _Server(self._site(block.port))
            plugins = made(block, server.site)
            ask = chained(plugins)
            server.site.ask = server.site.ask or ask
            server.site.plugins += plugins
            server.keeps = server.keeps and not any(one.sees_all for one in plugins)
            server.rotates = server.rotates or any(one.name == "loadbalance" for one in plugins)
            server.takes_classes |= any(one.takes_classes for one in plugins)
            server.asks.update(dict.fromkeys(zones_of((), block), ask))
        if len(servers) > 1 and self._options.ports:
            raise SettingsError("the Corefile has several ports, so none can be given besides")
        return servers

    def _site(self, port: int) -> Site:
        return Site(
            self._cluster,
            self._clock,
            self._chance,
            self._options.addresses,
            port,
            hits=lambda: sum(one.hits for one in self._hits.get(port, ())),
            corefile=self._options.corefile,
            reload=self._next.put_nowait,
        )

    async def _open(
        self,
        port: int,
        server: _Server,
        group: asyncio.TaskGroup,
        closing: list[UdpServer | TcpServer],
    ) -> None:
        front = Front(server.asks, **server.ways)
        self._fronts[port] = front
        self._cluster.tell(front.hot.forget)
        ports = self._options.ports or (port,)
        for address in self._options.addresses:
            udp, tcp = UdpServer(front, group), TcpServer(front)
            ports = (await _open_both(udp, tcp, address, ports),)
            closing += (udp, tcp)
            self._hits.setdefault(port, []).append(udp)
            self.places.append((address, ports[0]))
        server.site.port = ports[0]

    def _changed(
        self, servers: dict[int, _Server], blocks: Sequence[Block], group: asyncio.TaskGroup
    ) -> dict[int, _Server]:
        """Go on with another configuration, or with the present one where that cannot be."""
        try:
            changed = self._servers(blocks)
        except (CorefileError, SettingsError) as error:
            log.warning("the changed Corefile is not used", error=str(error))
            return servers
        if changed.keys() != servers.keys():
            log.warning("the changed Corefile is not used: its ports need a new start")
            return servers
        for port, server in changed.items():
            server.site.port = servers[port].site.port
            for task in servers[port].tasks:
                task.cancel()
            self._fronts[port].change(server.asks, **server.ways)
        _start(changed, group)
        log.info("the changed Corefile is used")
        return changed


def _lameduck_s(servers: Mapping[int, _Server]) -> float:
    plugins = (one for server in servers.values() for one in server.site.plugins)
    return max((one.lameduck_s for one in plugins), default=0.0)


def _start(servers: Mapping[int, _Server], group: asyncio.TaskGroup) -> None:
    for server in servers.values():
        server.tasks = [
            group.create_task(plugin.run(), name=f"dns-{plugin.name}")
            for plugin in server.site.plugins
        ]


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
            if name in TOGETHER:
                plugins += [TOGETHER[name](uses, block, site)] if uses else []
                continue
            plugins += [make(directive, block, site) for directive in uses]
        except (ValueError, ArgumentTypeError) as error:
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
