"""Port-forward over WebSocket: for each port asked for a data channel and one for errors.

kubectl asks for none and opens streams as it goes, see tunnel.py.
"""

from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import WSMsgType, web

from apiserver.nodes.targets import Targets
from apiserver.rest.call import Call
from apiserver.rest.terminal import upgraded
from apiserver.rest.tunnel import is_tunnel, tunnel
from knarr.api.core.pod import Pod
from knarr.api.errors import ApiError, BadRequestError
from knarr.proto import node_pb2 as pb

PROTOCOLS = ("v4.channel.k8s.io", "portforward.k8s.io")
PORTS_MAX = 64


async def port_forward(call: Call, targets: Targets) -> web.StreamResponse:
    """Answer `pods/NAME/portforward`."""
    pod = await targets.pod(call.path.namespace, call.path.name)
    node = await targets.host(pod)
    if is_tunnel(call):
        return await tunnel(call, node, pod)
    ports = _ports(call)
    socket = await upgraded(call, PROTOCOLS)
    for position, port in enumerate(ports):
        # Each channel begins with its port, so that a client can tell them apart.
        number = port.to_bytes(2, "little")
        await socket.send_bytes(bytes([2 * position]) + number)
        await socket.send_bytes(bytes([2 * position + 1]) + number)
    try:
        await _carry(socket, node.port_forward(_inputs(socket, pod, ports)), len(ports))
    finally:
        await socket.close()
    return socket


def _ports(call: Call) -> list[int]:
    ports = []
    for text in call.query.get("ports", call.query.get("port", ())):
        for one in text.split(","):
            if not one.isdigit() or not 0 < int(one) < 65536:
                raise BadRequestError(f'unable to parse "{one}" as a port')
            ports.append(int(one))
    if not ports or len(ports) > PORTS_MAX:
        raise BadRequestError(f"query parameter ports names between 1 and {PORTS_MAX} ports")
    return ports


async def _inputs(
    socket: web.WebSocketResponse, pod: Pod, ports: list[int]
) -> AsyncIterator[pb.PortFrame]:
    meta = pod.metadata
    yield pb.PortFrame(
        start=pb.PortStart(namespace=meta.namespace, pod=meta.name, pod_uid=meta.uid)
    )
    for position, port in enumerate(ports):
        yield pb.PortFrame(data=pb.PortData(connection=position, port=port))
    async for message in socket:
        if message.type is not WSMsgType.BINARY or not message.data:
            continue
        channel = message.data[0]
        if channel % 2 == 0 and channel // 2 < len(ports):
            data = bytes(message.data[1:])
            yield pb.PortFrame(data=pb.PortData(connection=channel // 2, data=data))


async def _carry(
    socket: web.WebSocketResponse, frames: AsyncIterator[pb.PortFrame], count: int
) -> None:
    """Carry what comes back until the pod has ended every connection."""
    going = set(range(count))
    with suppress(ConnectionError):
        try:
            async for frame in frames:
                kind = frame.WhichOneof("frame")
                if kind == "data":
                    channel = bytes([2 * frame.data.connection])
                    await socket.send_bytes(channel + frame.data.data)
                elif kind == "error":
                    channel = bytes([2 * frame.error.connection + 1])
                    await socket.send_bytes(channel + frame.error.message.encode())
                    going.discard(frame.error.connection)
                elif kind == "closed":
                    going.discard(frame.closed)
                if not going:
                    return
        except ApiError as error:
            await socket.send_bytes(bytes([1]) + error.message.encode())
