"""The userspace mode: a listener per Service address and port, as long as it has endpoints.

Without endpoints nobody listens, so that clients are refused at once. Works
where Service addresses are addresses of this machine: in 127.0.0.0/8.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from errno import EACCES

import structlog
from msgspec.structs import replace

from knarr.api.keys import Key
from proxy.model import Backend, Protocol, ServicePort
from proxy.userspace.balancer import Balancer
from proxy.userspace.sockets import HERE, Sockets
from proxy.userspace.tcp import TcpListener
from proxy.userspace.udp import UdpListener

log = structlog.get_logger()

Listener = TcpListener | UdpListener
Place = tuple[Protocol, str, int]
"""Where a listener is: protocol, address, port."""

Warn = Callable[[Key, str], None]
"""Told of a Service that cannot be carried, and why."""


class UserspaceMode:
    """Keeps the listeners of all Services."""

    name = "userspace"

    def __init__(
        self,
        node_addresses: Sequence[str],
        warn: Warn | None = None,
        sockets: Sockets = HERE,
        *,
        only_outside: bool = False,
    ) -> None:
        self._node_addresses = tuple(node_addresses)
        self._sockets = sockets
        self._only_outside = only_outside
        """Whether cluster addresses are carried by others."""
        self._warn = warn
        self._warned: set[tuple[Key, Place]] = set()
        self._places: dict[Key, set[Place]] = {}
        self._listeners: dict[Place, Listener] = {}

    async def replace(self, services: Mapping[Key, Sequence[ServicePort]]) -> None:
        """Carry exactly these Services."""
        for key in [key for key in self._places if key not in services]:
            await self.change(key, ())
        for key, ports in services.items():
            await self.change(key, ports)

    async def change(self, service: Key, ports: Sequence[ServicePort]) -> None:
        """Open, change and close the listeners of one Service."""
        if self._only_outside:
            ports = [replace(one, cluster_ips=()) for one in ports]
        wanted = _wanted(ports, self._node_addresses)
        for place in self._places.get(service, set()) - wanted.keys():
            await self._listeners.pop(place).close()
        kept = set()
        for place, (backends, affinity_s) in wanted.items():
            if await self._listen(service, place, backends, affinity_s):
                kept.add(place)
        if kept:
            self._places[service] = kept
        else:
            self._places.pop(service, None)
        if not wanted:
            self._warned = {one for one in self._warned if one[0] != service}

    async def close(self) -> None:
        """Close every listener."""
        for listener in self._listeners.values():
            await listener.close()
        self._listeners.clear()
        self._places.clear()

    async def _listen(
        self, service: Key, place: Place, backends: tuple[Backend, ...], affinity_s: int
    ) -> bool:
        known = self._listeners.get(place)
        if known is not None:
            known.balancer.change(backends, affinity_s)
            return True
        protocol, address, port = place
        balancer = Balancer(backends, affinity_s)
        listener: Listener
        if protocol == "TCP":
            listener = TcpListener(address, port, balancer, self._sockets)
        elif protocol == "UDP":
            listener = UdpListener(address, port, balancer, self._sockets)
        else:
            log.warning("SCTP needs the nftables mode", service=str(service), port=port)
            return False
        try:
            await listener.open()
        except OSError as error:
            self._tell(service, place, error)
            return False
        self._warned.discard((service, place))
        self._listeners[place] = listener
        return True

    def _tell(self, service: Key, place: Place, error: OSError) -> None:
        """Say once that a port cannot be had."""
        if (service, place) in self._warned:
            return
        self._warned.add((service, place))
        _, address, port = place
        why = os.strerror(error.errno) if error.errno else str(error)
        log.warning("cannot listen", service=str(service), address=address, port=port, error=why)
        if self._warn is not None:
            privilege = "; ports below 1024 need privilege" if error.errno == EACCES else ""
            self._warn(service, f"cannot listen at {address} port {port}: {why}{privilege}")


def _wanted(
    ports: Sequence[ServicePort], node_addresses: Sequence[str]
) -> dict[Place, tuple[tuple[Backend, ...], int]]:
    """The listeners of a Service: where, and what is behind them for how long."""
    return {
        place: (backends, port.affinity_s)
        for port in ports
        for place, backends in _places(port, node_addresses)
        if backends
    }


def _places(
    port: ServicePort, node_addresses: Sequence[str]
) -> Iterator[tuple[Place, tuple[Backend, ...]]]:
    for ip in port.cluster_ips:
        yield (port.protocol, ip, port.port), port.internal
    for ip in (*port.external_ips, *port.load_balancer_ips):
        yield (port.protocol, ip, port.port), port.external
    if port.node_port:
        for ip in node_addresses:
            yield (port.protocol, ip, port.node_port), port.external
