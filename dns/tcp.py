"""Messages over connections: several a connection, each behind its length."""

import asyncio

from dns.front import Front

IDLE_S = 10.0
"""A connection on which nothing comes for so long is closed."""

CONNECTIONS_MAX = 1000
"""So many connections are held; further ones are closed at once."""


class TcpServer:
    """One address and port that connections are taken at."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._connections = 0
        self._server: asyncio.Server | None = None

    async def open(self, address: str, port: int) -> int:
        """Take connections; answer the port. Raise OSError when it is not to be had."""
        self._server = await asyncio.start_server(self._serve, address, port, reuse_address=True)
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Take no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._connections >= CONNECTIONS_MAX:
            writer.close()
            return
        self._connections += 1
        client = writer.get_extra_info("peername")[0]
        try:
            while (wire := await _message(reader)) is not None:
                packed = await self._front.reply(wire, client, over_tcp=True)
                if packed is None:
                    break
                writer.write(len(packed).to_bytes(2, "big") + packed)
                await writer.drain()
        except OSError:
            pass  # The client is gone.
        finally:
            self._connections -= 1
            writer.close()


async def _message(reader: asyncio.StreamReader) -> bytes | None:
    """The next message, None when there will be none."""
    try:
        async with asyncio.timeout(IDLE_S):
            length = int.from_bytes(await reader.readexactly(2), "big")
            return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, TimeoutError):
        return None
