"""Connections to a pod's ports end in each direction by itself."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

from knarr.proto import node_pb2 as pb
from kubelet.runtime.process.session import open_tcp
from kubelet.runtime.runtime import Connection, Runtime
from kubelet.server.forward import Forward


class Ports:
    """All of a runtime that forwarding asks for: ports of this machine."""

    async def connect(self, uid: str, port: int) -> Connection:
        return await open_tcp("127.0.0.1", port)


async def _counts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says how much it read, once it has read all."""
    said = await reader.read()
    writer.write(b"%d" % len(said))
    writer.close()


async def _never_ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello")
    await reader.read()
    writer.close()


async def _told(handler: Any, *frames: pb.PortFrame) -> list[pb.PortFrame]:
    """What comes back for frames, until the connection is closed."""
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    told: list[pb.PortFrame] = []
    done = asyncio.Event()

    async def send(frame: pb.PortFrame) -> None:
        told.append(frame)
        if frame.WhichOneof("frame") in ("closed", "error"):
            done.set()

    async def inputs() -> AsyncIterator[pb.PortFrame]:
        yield pb.PortFrame(data=pb.PortData(connection=1, port=port))
        for frame in frames:
            yield frame
        await done.wait()

    async with server, asyncio.timeout(5):
        await Forward(cast("Runtime", Ports()), "uid", send).carry(inputs())
    return told


async def test_what_a_pod_says_after_the_end_of_its_input_arrives() -> None:
    sent = pb.PortFrame(data=pb.PortData(connection=1, data=b"x" * 1000))
    told = await _told(_counts, sent, pb.PortFrame(closed=1))
    assert [each.data.data for each in told[:-1]] == [b"1000"]
    assert told[-1].closed == 1


async def test_a_client_may_give_up_a_connection() -> None:
    gone = pb.PortFrame(error=pb.PortError(connection=1, message="reset by the client"))
    told = await _told(_never_ends, gone)
    assert told[-1].closed == 1
