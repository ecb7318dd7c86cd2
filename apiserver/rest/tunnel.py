"""kubectl's port-forward: SPDY streams inside of one WebSocket.

For every connection that the client takes it opens two streams with the
same `requestID`: one for errors, one for data. Streams of a stray half are
bounded by CONNECTIONS_MAX like whole ones.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress

from aiohttp import WSMsgType, web
from msgspec import Struct, field

from apiserver.nodes.connection import NodeConnection
from apiserver.rest.call import Call
from apiserver.rest.spdy import (
    Data,
    GoneAway,
    Heard,
    Opened,
    Pinged,
    Reset,
    Spdy,
    SpdyError,
    data_frame,
)
from apiserver.rest.terminal import upgraded
from knarr.api.core.pod import Pod
from knarr.api.errors import ApiError
from knarr.proto import node_pb2 as pb

PROTOCOL = "SPDY/3.1+portforward.k8s.io"

CONNECTIONS_MAX = 1000
"""Connections open at once over one tunnel; more are refused one by one."""

PIECE_BYTES = 512 * 1024
"""Longer pieces are cut, so that every client takes the frames."""


def is_tunnel(call: Call) -> bool:
    """Whether the client offers this protocol."""
    offered = call.request.headers.get("Sec-WebSocket-Protocol", "")
    return PROTOCOL in (one.strip() for one in offered.split(","))


async def tunnel(call: Call, node: NodeConnection, pod: Pod) -> web.StreamResponse:
    """Carry connections until the client leaves."""
    socket = await upgraded(call, (PROTOCOL,))
    carrier = _Tunnel(socket, pod)
    try:
        with suppress(ConnectionError):
            await carrier.run(node)
    finally:
        await socket.close()
    return socket


class _Pair(Struct):
    """The two streams of one connection."""

    port: int
    data: int = 0
    error: int = 0


class _Tunnel(Struct):
    socket: web.WebSocketResponse
    pod: Pod
    spdy: Spdy = field(default_factory=Spdy)
    pairs: dict[str, _Pair] = field(default_factory=dict)
    """By what the client calls the connection."""
    connections: dict[int, tuple[str, _Pair]] = field(default_factory=dict)
    """Whole pairs by the stream of their data, which is the connection's number at the node."""

    async def run(self, node: NodeConnection) -> None:
        """Carry bytes both ways."""
        try:
            async for frame in node.port_forward(self._inputs()):
                await self._answer(frame)
        except ApiError as error:
            for number, (_, pair) in list(self.connections.items()):
                await self._fail(number, pair, error.message)

    async def _inputs(self) -> AsyncIterator[pb.PortFrame]:
        meta = self.pod.metadata
        yield pb.PortFrame(
            start=pb.PortStart(namespace=meta.namespace, pod=meta.name, pod_uid=meta.uid)
        )
        async for message in self.socket:
            if message.type is not WSMsgType.BINARY:
                continue
            try:
                for heard in self.spdy.hear(message.data):
                    for frame in await self._take(heard):
                        yield frame
            except SpdyError:
                return

    async def _take(self, heard: Heard) -> list[pb.PortFrame]:
        if isinstance(heard, Opened):
            return await self._open(heard)
        if isinstance(heard, Pinged):
            await self.socket.send_bytes(heard.frame)
            return []
        if isinstance(heard, GoneAway):
            return []
        return _said(heard, self.connections.keys().__contains__)

    async def _open(self, heard: Opened) -> list[pb.PortFrame]:
        port, kind = _asked(heard.headers)
        name = heard.headers.get("requestid", "") or str(port)
        pair = self.pairs.get(name)
        if not port or not kind or (pair is None and len(self.pairs) >= CONNECTIONS_MAX):
            await self.socket.send_bytes(self.spdy.refuse(heard.stream))
            return []
        if pair is None:
            pair = self.pairs[name] = _Pair(port)
        await self.socket.send_bytes(self.spdy.accept(heard.stream))
        setattr(pair, kind, heard.stream)
        if not pair.data or not pair.error:
            return []
        self.connections[pair.data] = name, pair
        return [pb.PortFrame(data=pb.PortData(connection=pair.data, port=pair.port))]

    async def _answer(self, frame: pb.PortFrame) -> None:
        kind = frame.WhichOneof("frame")
        if kind == "data":
            data = frame.data.data
            for start in range(0, len(data), PIECE_BYTES):
                piece = data[start : start + PIECE_BYTES]
                await self.socket.send_bytes(data_frame(frame.data.connection, piece))
        elif kind == "closed":
            await self._end(frame.closed)
        elif kind == "error":
            number = frame.error.connection
            _, pair = self.connections.get(number, ("", _Pair(0)))
            await self._fail(number, pair, frame.error.message)

    async def _fail(self, number: int, pair: _Pair, message: str) -> None:
        meta = self.pod.metadata
        told = (
            f"error forwarding port {pair.port} to pod {meta.name}, uid {meta.uid}: {message}"
        ).encode()
        if pair.error:
            await self.socket.send_bytes(data_frame(pair.error, told, is_last=True))
            pair.error = 0
        await self._end(number)

    async def _end(self, number: int) -> None:
        name, pair = self.connections.pop(number, ("", None))
        if pair is None:
            return
        self.pairs.pop(name, None)
        for stream in (pair.data, pair.error):
            if stream:
                await self.socket.send_bytes(data_frame(stream, b"", is_last=True))


def _asked(headers: Mapping[str, str]) -> tuple[int, str]:
    """Port and kind of a stream; nothing where they make no sense."""
    port, kind = headers.get("port", ""), headers.get("streamtype", "")
    good = port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536
    return int(port) if good else 0, kind if kind in ("data", "error") else ""


def _said(heard: Data | Reset, is_known: Callable[[int], bool]) -> list[pb.PortFrame]:
    """What a client says on the data stream of a connection; on the other it says nothing."""
    if not is_known(heard.stream):
        return []
    if isinstance(heard, Reset):
        told = pb.PortError(connection=heard.stream, message="reset by the client")
        return [pb.PortFrame(error=told)]
    frames = []
    if heard.data:
        piece = pb.PortData(connection=heard.stream, data=heard.data)
        frames.append(pb.PortFrame(data=piece))
    if heard.is_last:
        frames.append(pb.PortFrame(closed=heard.stream))
    return frames
