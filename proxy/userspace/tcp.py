"""Carries TCP connections from a Service's address to its endpoints."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import structlog

from proxy.model import Backend
from proxy.userspace.balancer import Balancer
from proxy.userspace.sockets import HERE, Sockets

log = structlog.get_logger()

CONNECT_S = 2.0
"""An endpoint that does not take the connection by then is passed over."""

PIECE_BYTES = 256 * 1024


class Upstream(NamedTuple):
    """A connection to an endpoint."""

    backend: Backend
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class TcpListener:
    """One address and port that connections are taken at."""

    connect_s = CONNECT_S

    def __init__(
        self, address: str, port: int, balancer: Balancer, sockets: Sockets = HERE
    ) -> None:
        self.balancer = balancer
        self._sockets = sockets
        self._address = address
        self._port = port
        self._server: asyncio.Server | None = None
        self._carried: dict[asyncio.StreamWriter, Upstream] = {}

    async def open(self) -> None:
        """Listen. Raise OSError when somebody else does."""
        taken = self._sockets.bound(self._address, self._port, socket.SOCK_STREAM)
        self._port = taken.getsockname()[1]
        self._server = await asyncio.start_server(self._carry, sock=taken, backlog=1024)

    @property
    def port(self) -> int:
        """Where it listens, also when any port would do."""
        return self._port

    async def close(self) -> None:
        """Take no more connections; those under way go on."""
        if self._server is not None:
            self._server.close()

    def cut(self, backend: Backend) -> None:
        """Break the connections that lead to an endpoint."""
        for writer, upstream in self._carried.items():
            if upstream.backend == backend:
                for one in (writer, upstream.writer):
                    one.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = None
        try:
            upstream = await self._connect(writer)
            if upstream is None:
                writer.transport.abort()
                return
            self._carried[writer] = upstream
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, upstream.writer))
                group.create_task(_copy(upstream.reader, writer))
        except (OSError, ExceptionGroup) as error:
            log.debug("connection broke", service=self._address, error=str(error))
        finally:
            writer.close()
            if upstream is not None:
                self._carried.pop(writer, None)
                upstream.writer.close()

    def _endpoints(self, writer: asyncio.StreamWriter) -> Iterator[Backend]:
        """Whom to connect a client with, the best first."""
        return self.balancer.candidates(_client(writer), asyncio.get_running_loop().time())

    async def _connect(self, writer: asyncio.StreamWriter) -> Upstream | None:
        for backend in self._endpoints(writer):
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(self.connect_s):
                    made = await self._sockets.connected(*backend.address)
                    upstream = Upstream(backend, *await asyncio.open_connection(sock=made))
                now_s = asyncio.get_running_loop().time()
                self.balancer.took(_client(writer), backend, now_s)
                return upstream
        return None


def _client(writer: asyncio.StreamWriter) -> str:
    return str(writer.get_extra_info("peername")[0])


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one direction; its end is passed on, the other direction lives."""
    try:
        while data := await reader.read(PIECE_BYTES):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()
