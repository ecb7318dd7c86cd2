"""The ways between the machine's network and the cluster's own, where that has one.

Listeners in the machine's network lead in to the API and the name server, node
ports and balancers; others in our network lead out, to the machine's name servers and
by TCP to anybody.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import structlog

from knarr.api.keys import Key
from knarr.cluster.rootless import Outside, lead_out, nameservers, take_address
from knarr.cluster.way_out import WayOut
from knarr.daemon.settings import SettingsError
from proxy.mode import Mode
from proxy.model import Backend, ServicePort
from proxy.nftables.nft import Kernel
from proxy.userspace.balancer import Balancer
from proxy.userspace.sockets import Sockets
from proxy.userspace.tcp import TcpListener
from proxy.userspace.udp import UdpListener

log = structlog.get_logger()

HERE = "127.0.0.1"

DNS_PORT = 53


class Doors:
    """The listeners that are always there."""

    def __init__(self, outside: Outside) -> None:
        self._leads_in = Sockets(to_clients=outside.socket)
        self._leads_out = Sockets(to_endpoints=outside.socket)
        self._open: list[TcpListener | UdpListener] = []

    @property
    def leads_in(self) -> Sockets:
        """For listeners in the machine's network."""
        return self._leads_in

    async def open(self, ports: Sequence[int]) -> None:
        """Let clients of the machine in to ports of ours. Raise SettingsError."""
        for port in ports:
            try:
                await self._tcp(HERE, port, self._leads_in)
            except OSError as error:
                raise SettingsError(f"port {port} is not free ({error.strerror})") from None
        for address in nameservers():
            with suppress(OSError, SettingsError):
                take_address(address)
                await self._tcp(address, DNS_PORT, self._leads_out)
                await self._udp(address, DNS_PORT, self._leads_out)

    async def open_way_out(self, here: Sequence[str]) -> None:
        """Let programs of ours connect to other machines; these ranges are our own."""
        way = WayOut(self._leads_out)
        try:
            await way.open_for(here, Kernel())
            lead_out()
        except (OSError, SettingsError) as error:
            log.warning("no connections to other machines", error=str(error))
        self._open.append(way)

    async def open_names(self, port: int) -> None:
        """Let clients of the machine ask the cluster's name server."""
        try:
            await self._tcp(HERE, port, self._leads_in)
            await self._udp(HERE, port, self._leads_in)
        except OSError as error:
            log.warning("names are not answered outside", port=port, error=error.strerror)

    async def close(self) -> None:
        """Close them all."""
        for one in self._open:
            await one.close()

    async def _tcp(self, address: str, port: int, sockets: Sockets) -> None:
        listener = TcpListener(address, port, _only(address, port), sockets)
        await listener.open()
        self._open.append(listener)

    async def _udp(self, address: str, port: int, sockets: Sockets) -> None:
        listener = UdpListener(address, port, _only(address, port), sockets)
        await listener.open()
        self._open.append(listener)


class BothModes:
    """Carries Services twice: in the cluster's network by rules, in the machine's by listeners."""

    name = "rootless"

    def __init__(self, inside: Mode, outside: Mode) -> None:
        self._modes = (inside, outside)

    async def replace(self, services: Mapping[Key, Sequence[ServicePort]]) -> None:
        """Carry exactly these Services."""
        for one in self._modes:
            await one.replace(services)

    async def change(self, service: Key, ports: Sequence[ServicePort]) -> None:
        """Carry one Service as its ports say."""
        for one in self._modes:
            await one.change(service, ports)

    async def close(self) -> None:
        """Leave nothing behind."""
        for one in self._modes:
            await one.close()


def _only(address: str, port: int) -> Balancer:
    return Balancer((Backend(address, port),), 0)
