"""exec and attach over WebSocket: the channel protocols v4 and v5.

The first byte of a message names its channel: 0 is input, 1 output, 2 error
output, 3 the Status at the end, 4 the terminal's size as JSON; in v5 a
message on channel 255 closes the channel it names.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec
from aiohttp import WSMsgType, web

from apiserver.nodes.targets import Target, Targets
from apiserver.rest.call import Call
from apiserver.rest.query import truth
from apiserver.rest.reply import status_bytes
from knarr.api.errors import ApiError, BadRequestError
from knarr.api.meta.status import Status, StatusCause, StatusDetails
from knarr.proto import node_pb2 as pb

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
MESSAGE_BYTES_MAX = 4 * 1024 * 1024
HEARTBEAT_S = 30
"""Connections through proxies are closed when silent; a ping keeps them open."""

SUCCESS = Status(status="Success")


class _Size(msgspec.Struct):
    Width: int = 0
    Height: int = 0


async def terminal(call: Call, targets: Targets) -> web.StreamResponse:
    """Answer `pods/NAME/exec` and `pods/NAME/attach`."""
    target = await targets.container(call.path.namespace, call.path.name, call.first("container"))
    node = await targets.host(target.pod)
    start = _start(call, target)
    if call.path.subresource == "exec" and not start.command:
        raise BadRequestError("you must specify at least 1 command for the container")
    socket = await upgraded(call, PROTOCOLS)
    run = node.exec if call.path.subresource == "exec" else node.attach
    try:
        await _carry(socket, start, run(_inputs(socket, start)))
    finally:
        await socket.close()
    return socket


async def upgraded(call: Call, protocols: tuple[str, ...]) -> web.WebSocketResponse:
    """The connection as a WebSocket. Raise BadRequestError for one that asks for none."""
    if call.request.headers.get("Upgrade", "").lower() != "websocket":
        raise BadRequestError(
            "unable to upgrade: only WebSocket is spoken here, with one of the protocols "
            + ", ".join(protocols)
        )
    socket = web.WebSocketResponse(
        protocols=protocols, max_msg_size=MESSAGE_BYTES_MAX, heartbeat=HEARTBEAT_S
    )
    await socket.prepare(call.request)
    return socket


def _start(call: Call, target: Target) -> pb.TerminalStart:
    query = call.query
    tty = bool(truth(query, "tty"))
    return pb.TerminalStart(
        target=target.message,
        command=list(query.get("command", ())),
        stdin=bool(truth(query, "stdin")),
        stdout=bool(truth(query, "stdout")),
        # A terminal has one output; asking for both is how some clients say it.
        stderr=bool(truth(query, "stderr")) and not tty,
        tty=tty,
    )


async def _inputs(
    socket: web.WebSocketResponse, start: pb.TerminalStart
) -> AsyncIterator[pb.TerminalInput]:
    yield pb.TerminalInput(start=start)
    async for message in socket:
        if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT):
            continue
        data = message.data.encode() if isinstance(message.data, str) else message.data
        if not data:
            continue
        channel, rest = data[0], bytes(data[1:])
        if channel == STDIN and start.stdin:
            yield pb.TerminalInput(stdin=rest)
        elif channel == RESIZE:
            with suppress(msgspec.DecodeError):
                size = msgspec.json.decode(rest, type=_Size)
                yield pb.TerminalInput(resize=pb.TerminalSize(columns=size.Width, rows=size.Height))
        elif channel == CLOSE and rest[:1] == bytes([STDIN]):
            yield pb.TerminalInput(stdin_closed=True)
    # Whoever left does not read the output any more.
    yield pb.TerminalInput(signal="KILL")


async def _carry(
    socket: web.WebSocketResponse,
    start: pb.TerminalStart,
    outputs: AsyncIterator[pb.TerminalOutput],
) -> None:
    status = SUCCESS
    try:
        async for output in outputs:
            kind = output.WhichOneof("output")
            if kind == "stdout" and start.stdout:
                await socket.send_bytes(bytes([STDOUT]) + output.stdout)
            elif kind == "stderr" and start.stderr:
                await socket.send_bytes(bytes([STDERR]) + output.stderr)
            elif kind == "exit":
                status = exit_status(output.exit)
                break
    except ApiError as error:
        status = error.to_status()
    except (ConnectionError, asyncio.CancelledError):
        return
    with suppress(ConnectionError):
        await socket.send_bytes(bytes([ERROR]) + status_bytes(status))


def exit_status(end: pb.TerminalExit) -> Status:
    """The Status that tells how a command ended."""
    if end.error:
        return Status(status="Failure", message=end.error, reason="InternalError", code=500)
    if end.code == 0:
        return SUCCESS
    cause = StatusCause(reason="ExitCode", message=str(end.code))
    return Status(
        status="Failure",
        message=f"command terminated with non-zero exit code: exit status {end.code}",
        reason="NonZeroExitCode",
        details=StatusDetails(causes=(cause,)),
        code=500,
    )
