"""A forwarded connection to a port of a pod, whatever runtime the pod has."""

import asyncio
from contextlib import suppress

READ_BYTES = 64 * 1024
"""The most that one read answers."""


class TcpConnection:
    """A connection to a port of a pod."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """Some bytes, empty at the end."""
        return await self._reader.read(READ_BYTES)

    async def write(self, data: bytes) -> None:
        """Send."""
        self._writer.write(data)
        await self._writer.drain()

    async def write_eof(self) -> None:
        """Say that nothing more is sent; what the pod still says is read."""
        with suppress(OSError):
            self._writer.write_eof()

    async def close(self) -> None:
        """End it."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()
