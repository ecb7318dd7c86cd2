"""Carries connections to ports of a pod, many over one stream."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from knarr.proto import node_pb2 as pb
from kubelet.runtime.runtime import Connection, Runtime

Send = Callable[[pb.PortFrame], Awaitable[None]]


class Forward:
    """The connections of one stream."""

    def __init__(self, runtime: Runtime, uid: str, send: Send) -> None:
        self._runtime = runtime
        self._uid = uid
        self._connections: dict[int, Connection] = {}
        self._reading: dict[int, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._send_now = send
        self._sending = asyncio.Lock()

    async def carry(self, inputs: AsyncIterator[pb.PortFrame]) -> None:
        """Take frames in, send those that come back, until the client ends the stream."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                await self._take(inputs)
                for task in self._reading.values():
                    task.cancel()
        finally:
            for connection in self._connections.values():
                with suppress(OSError):
                    await connection.close()

    async def _send(self, frame: pb.PortFrame) -> None:
        """One at a time: the stream takes no two writers."""
        async with self._sending:
            await self._send_now(frame)

    async def _take(self, inputs: AsyncIterator[pb.PortFrame]) -> None:
        async for frame in inputs:
            kind = frame.WhichOneof("frame")
            if kind == "data":
                await self._write(frame.data)
            elif kind == "closed":
                connection = self._connections.get(frame.closed)
                if connection is not None:
                    await connection.write_eof()
            elif kind == "error":
                await self._end(frame.error.connection)

    async def _end(self, number: int) -> None:
        """The client wants nothing more of a connection, in either direction."""
        connection = self._connections.pop(number, None)
        if connection is not None:
            with suppress(OSError):
                await connection.close()

    async def _write(self, data: pb.PortData) -> None:
        number = data.connection
        if number not in self._connections:
            try:
                self._connections[number] = await self._runtime.connect(self._uid, data.port)
            except OSError as error:
                message = f"failed to connect to port {data.port}: {error.strerror or error}"
                told = pb.PortError(connection=number, message=message)
                await self._send(pb.PortFrame(error=told))
                return
            assert self._group is not None, "carry() comes first"
            self._reading[number] = self._group.create_task(
                self._read(number, self._connections[number])
            )
        if data.data:
            with suppress(OSError):
                await self._connections[number].write(data.data)

    async def _read(self, number: int, connection: Connection) -> None:
        with suppress(OSError):
            while data := await connection.read():
                piece = pb.PortData(connection=number, data=data)
                await self._send(pb.PortFrame(data=piece))
        self._reading.pop(number, None)
        await self._end(number)
        await self._send(pb.PortFrame(closed=number))
