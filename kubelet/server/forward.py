"""Carries connections to ports of a pod, many over one stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from knarr.proto import node_pb2 as pb
from kubelet.runtime.runtime import Connection, Runtime

FRAMES_WAITING_MAX = 64
"""Frames that wait for a slow client; then the pod waits."""


class Forward:
    """The connections of one stream."""

    def __init__(self, runtime: Runtime, uid: str) -> None:
        self._runtime = runtime
        self._uid = uid
        self._connections: dict[int, Connection] = {}
        self._frames: asyncio.Queue[pb.PortFrame | None] = asyncio.Queue(FRAMES_WAITING_MAX)

    async def carry(self, inputs: AsyncIterator[pb.PortFrame]) -> AsyncIterator[pb.PortFrame]:
        """Take frames in, yield those that come back, until the client ends the stream."""
        async with asyncio.TaskGroup() as group:
            taking = group.create_task(self._take(group, inputs))
            try:
                while (frame := await self._frames.get()) is not None:
                    yield frame
            finally:
                taking.cancel()
                for connection in self._connections.values():
                    with suppress(OSError):
                        await connection.close()

    async def _take(self, group: asyncio.TaskGroup, inputs: AsyncIterator[pb.PortFrame]) -> None:
        async for frame in inputs:
            kind = frame.WhichOneof("frame")
            if kind == "data":
                await self._write(group, frame.data)
            elif kind == "closed":
                connection = self._connections.pop(frame.closed, None)
                if connection is not None:
                    await connection.close()
        await self._frames.put(None)

    async def _write(self, group: asyncio.TaskGroup, data: pb.PortData) -> None:
        number = data.connection
        if number not in self._connections:
            try:
                self._connections[number] = await self._runtime.connect(self._uid, data.port)
            except OSError as error:
                message = f"failed to connect to port {data.port}: {error.strerror or error}"
                told = pb.PortError(connection=number, message=message)
                await self._frames.put(pb.PortFrame(error=told))
                return
            group.create_task(self._read(number, self._connections[number]))
        if data.data:
            with suppress(OSError):
                await self._connections[number].write(data.data)

    async def _read(self, number: int, connection: Connection) -> None:
        with suppress(OSError):
            while data := await connection.read():
                piece = pb.PortData(connection=number, data=data)
                await self._frames.put(pb.PortFrame(data=piece))
        await self._frames.put(pb.PortFrame(closed=number))
