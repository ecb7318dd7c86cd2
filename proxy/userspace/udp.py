"""Carries UDP datagrams from a Service's address to its endpoints and back."""

import asyncio
import socket
from contextlib import suppress
from typing import Any

from proxy.model import Backend
from proxy.userspace.balancer import Balancer
from proxy.userspace.sockets import HERE, Sockets

QUIET_S = 60.0
"""A client that sends nothing for so long is forgotten."""

DATAGRAM_BYTES = 65535

CLIENTS_MAX = 4096
"""So many clients have an endpoint at a time; datagrams of further ones are dropped."""


class UdpListener(asyncio.DatagramProtocol):
    """One address and port that datagrams are taken at."""

    def __init__(
        self, address: str, port: int, balancer: Balancer, sockets: Sockets = HERE
    ) -> None:
        self.balancer = balancer
        self.sockets = sockets
        self._address = address
        self._port = port
        self._transport: asyncio.DatagramTransport | None = None
        self._clients: dict[Any, _Client] = {}

    async def open(self) -> None:
        """Listen. Raise OSError when somebody else does."""
        loop = asyncio.get_running_loop()
        taken = self.sockets.bound(self._address, self._port, socket.SOCK_DGRAM)
        transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=taken)
        self._transport = transport

    async def close(self) -> None:
        """Take no more datagrams."""
        if self._transport is not None:
            self._transport.close()
        for client in tuple(self._clients.values()):
            client.close()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Pass a client's datagram on."""
        client = self._clients.get(addr)
        if client is None or client.backend not in self.balancer.backends:
            client = self._welcome(addr, client)
        if client is not None:
            client.send(data)

    def answer(self, data: bytes, addr: Any) -> None:
        """Pass an endpoint's datagram back."""
        if self._transport is not None:
            self._transport.sendto(data, addr)

    def forget(self, addr: Any) -> None:
        """The client has been quiet for long."""
        client = self._clients.pop(addr, None)
        if client is not None:
            client.close()

    def _welcome(self, addr: Any, before: "_Client | None") -> "_Client | None":
        if before is not None:
            self.forget(addr)
        now_s = asyncio.get_running_loop().time()
        backend = next(self.balancer.candidates(addr[0], now_s), None)
        if backend is None or len(self._clients) >= CLIENTS_MAX:
            return None
        self.balancer.took(addr[0], backend, now_s)
        client = self._clients[addr] = _Client(self, addr, backend)
        return client


class _Client:
    """The datagrams between one client and its endpoint."""

    def __init__(self, listener: UdpListener, addr: Any, backend: Backend) -> None:
        self.backend = backend
        self._listener = listener
        self._addr = addr
        family = socket.AF_INET6 if ":" in backend.ip else socket.AF_INET
        self._socket = listener.sockets.to_endpoints(family, socket.SOCK_DGRAM)
        self._socket.settimeout(0)
        self._socket.connect(backend.address)
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket.fileno(), self._read)
        self._timer = loop.call_later(QUIET_S, listener.forget, addr)

    def send(self, data: bytes) -> None:
        self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(QUIET_S, self._listener.forget, self._addr)
        with suppress(OSError):
            self._socket.send(data)

    def close(self) -> None:
        self._timer.cancel()
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def _read(self) -> None:
        try:
            data = self._socket.recv(DATAGRAM_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._listener.forget(self._addr)
            return
        self._listener.answer(data, self._addr)
