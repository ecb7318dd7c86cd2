"""The gRPC service `knarr.v1.Node`."""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

import grpc
import grpc.aio

from knarr.api.codec import encode
from knarr.api.errors import ApiError, BadRequestError, ForbiddenError, InternalError, NotFoundError
from knarr.api.times import parse
from knarr.daemon.settings import SettingsError
from knarr.proto import node_pb2 as pb
from kubelet.runtime.runtime import LogOptions, RuntimeFailureError
from kubelet.server.forward import Forward
from kubelet.server.stats import Stats
from kubelet.server.targets import Targets
from kubelet.server.terminal import carry, resized
from kubelet.sync.host import Host
from kubelet.sync.manager import PodManager

SERVICE = "knarr.v1.Node"
STATUS_METADATA = "knarr-status-bin"
NODE_METADATA = "knarr-node"
"""Where a call says which node it means; a server of one node need not look."""

NODE_LOGS = Path("/var/log")
CHUNK_BYTES = 256 * 1024

Context = Any
"""A call's gRPC context."""

Send = Callable[[Any], Awaitable[None]]
"""Sends one message to the client; one call at a time."""

M = TypeVar("M")

_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
}


class NodeService:
    """Answers what needs the containers themselves."""

    def __init__(
        self, host: Host, manager: PodManager, clients: frozenset[str] = frozenset()
    ) -> None:
        self._host = host
        self._clients = clients
        self._targets = Targets(host, manager)
        self._stats = Stats(host, manager)

    def handler(self) -> grpc.GenericRpcHandler:
        """The service's methods for a gRPC server."""
        unary, streams, both = (
            grpc.unary_unary_rpc_method_handler,
            grpc.unary_stream_rpc_method_handler,
            grpc.stream_stream_rpc_method_handler,
        )
        methods = {
            "Logs": streams(self._stream(self._logs), pb.LogsRequest.FromString, _bytes),
            "Exec": both(self._both(self._exec), pb.TerminalInput.FromString, _bytes),
            "Attach": both(self._both(self._attach), pb.TerminalInput.FromString, _bytes),
            "PortForward": both(self._both(self._forward), pb.PortFrame.FromString, _bytes),
            "Stats": unary(self._unary(self._answer_stats), pb.StatsRequest.FromString, _bytes),
            "Metrics": unary(self._unary(self._metrics), pb.MetricsRequest.FromString, _bytes),
            "NodeLogs": streams(
                self._stream(self._node_logs), pb.NodeLogsRequest.FromString, _bytes
            ),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    def _unary(
        self, method: Callable[[M], Awaitable[Any]]
    ) -> Callable[[M, Context], Awaitable[Any]]:
        async def call(request: M, context: Context) -> Any:
            try:
                self._check(context)
                return await method(request)
            except (ApiError, RuntimeFailureError) as error:
                await _abort(context, error)

        return call

    def _stream(
        self, method: Callable[[M], AsyncGenerator[Any, None]]
    ) -> Callable[[M, Context], Awaitable[None]]:
        async def call(request: M, context: Context) -> None:
            try:
                self._check(context)
                async with aclosing(method(request)) as answers:
                    async for answer in answers:
                        await context.write(answer)
            except (ApiError, RuntimeFailureError) as error:
                await _abort(context, error)

        return call

    def _both(
        self, method: Callable[[AsyncIterator[M], Send], Awaitable[None]]
    ) -> Callable[[AsyncIterator[M], Context], Awaitable[None]]:
        async def call(inputs: AsyncIterator[M], context: Context) -> None:
            try:
                self._check(context)
                await method(inputs, context.write)
            except (ApiError, RuntimeFailureError) as error:
                await _abort(context, error)

        return call

    def _check(self, context: Context) -> None:
        """Whoever the authority knows is let in to the handshake; only these may ask."""
        if not self._clients:
            return
        names = context.auth_context().get("x509_common_name", ())
        if not any(name.decode(errors="replace") in self._clients for name in names):
            raise ForbiddenError("this certificate may not ask kubelets")

    async def _logs(self, request: pb.LogsRequest) -> AsyncGenerator[pb.Chunk, None]:
        found = await self._targets.container(request.target, before=request.previous)
        options = LogOptions(
            follow=request.follow and found.phase == "running",
            since=_since(request, self._host.clock.now()),
            tail_lines=request.tail_lines if request.HasField("tail_lines") else None,
            limit_bytes=request.limit_bytes if request.HasField("limit_bytes") else None,
            timestamps=request.timestamps,
            stream=_stream_name(request.stream),
        )
        async for piece in self._host.runtime.logs(found.id, options):
            for start in range(0, len(piece), CHUNK_BYTES):
                yield pb.Chunk(data=piece[start : start + CHUNK_BYTES])

    async def _exec(self, inputs: AsyncIterator[pb.TerminalInput], send: Send) -> None:
        start = await _first(inputs)
        found = await self._targets.running(start.target)
        session = await self._host.runtime.exec(
            found.id, tuple(start.command), stdin=start.stdin, tty=start.tty
        )
        await resized(session, start)
        await carry(session, inputs, send)

    async def _attach(self, inputs: AsyncIterator[pb.TerminalInput], send: Send) -> None:
        start = await _first(inputs)
        found = await self._targets.running(start.target)
        session = await self._host.runtime.attach(found.id)
        await resized(session, start)
        await carry(session, inputs, send)

    async def _forward(self, inputs: AsyncIterator[pb.PortFrame], send: Send) -> None:
        async for frame in inputs:
            start = frame.start
            pod = self._targets.pod(start.namespace, start.pod, start.pod_uid)
            await Forward(self._host.runtime, pod.metadata.uid, send).carry(inputs)
            return

    async def _answer_stats(self, _: pb.StatsRequest) -> pb.StatsAnswer:
        return pb.StatsAnswer(summary=json.dumps(await self._stats.summary()).encode())

    async def _metrics(self, request: pb.MetricsRequest) -> pb.MetricsAnswer:
        if request.page not in ("resource", "", "cadvisor", "probes"):
            raise NotFoundError(f"there is no metrics page {request.page}")
        return pb.MetricsAnswer(text=(await self._stats.metrics()).encode())

    async def _node_logs(self, request: pb.NodeLogsRequest) -> AsyncGenerator[pb.Chunk, None]:
        for piece in _log_folder(request.path):
            yield pb.Chunk(data=piece)


def _log_folder(wanted: str) -> Iterator[bytes]:
    """A file below the node's log folder, or the list of a folder. Raise NotFoundError."""
    path = (NODE_LOGS / wanted.lstrip("/")).resolve()
    if NODE_LOGS.resolve() not in (path, *path.parents) or not path.exists():
        raise NotFoundError(f"{wanted} is not there")
    if path.is_dir():
        names = sorted(one.name + ("/" if one.is_dir() else "") for one in path.iterdir())
        links = "".join(f'<a href="{name}">{name}</a>\n' for name in names)
        yield f"<pre>\n{links}</pre>\n".encode()
        return
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            yield data


@asynccontextmanager
async def serve(
    handler: grpc.GenericRpcHandler,
    address: str,
    port: int,
    credentials: grpc.ServerCredentials | None = None,
) -> AsyncIterator[int]:
    """Serve while the block runs; yield the port, chosen freely when 0 was asked for."""
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    server.add_generic_rpc_handlers((handler,))
    where = f"{address}:{port}"
    try:
        if credentials is None:
            bound = server.add_insecure_port(where)
        else:
            bound = server.add_secure_port(where, credentials)
    except RuntimeError:
        raise SettingsError(f"cannot listen on {where}: is another kubelet there?") from None
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(grace=0.5)


def _bytes(message: Any) -> bytes:
    data: bytes = message.SerializeToString()
    return data


async def _first(inputs: AsyncIterator[pb.TerminalInput]) -> pb.TerminalStart:
    async for message in inputs:
        return message.start
    raise BadRequestError("the first message says what to run")


def _since(request: pb.LogsRequest, now: datetime) -> datetime | None:
    if request.HasField("since_seconds"):
        return now - timedelta(seconds=request.since_seconds)
    return parse(request.since_time) if request.since_time else None


def _stream_name(name: str) -> Literal["All", "Stdout", "Stderr"]:
    if re.fullmatch("(?i)stdout", name):
        return "Stdout"
    return "Stderr" if re.fullmatch("(?i)stderr", name) else "All"


async def _abort(context: Context, error: Exception) -> None:
    if isinstance(error, RuntimeFailureError):
        error = InternalError(error.message)
    if not isinstance(error, ApiError):
        raise error
    status = encode(error.to_status())
    code = _CODES.get(error.code, grpc.StatusCode.INTERNAL)
    await context.abort(code, error.message[:2048], ((STATUS_METADATA, status),))
