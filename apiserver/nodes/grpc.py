"""Connections to kubelets over gRPC, one a node, kept open."""

from collections.abc import AsyncIterator
from typing import Any, TypeVar

import grpc
import grpc.aio

from apiserver.nodes.connection import NodeConnection
from apiserver.nodes.credentials import KubeletCredentials
from knarr.api import codec
from knarr.api.core.node import Node
from knarr.api.errors import (
    ApiError,
    InternalError,
    ServiceUnavailableError,
    error_from,
)
from knarr.api.meta.status import Status
from knarr.proto import node_pb2 as pb

STATUS_METADATA = "knarr-status-bin"
"""Where the kubelet puts the Status of an error."""

NODE_METADATA = "knarr-node"
"""Where a call says which node it means: several may share one server."""

CALL_TIMEOUT_S = 30
"""Patience with answers that are not streams."""

_SERVICE = "/knarr.v1.Node/"
_KINDS = ("InternalIP", "Hostname", "ExternalIP")
M = TypeVar("M")


class GrpcNodes:
    """The connections, by address."""

    def __init__(self, credentials: KubeletCredentials | None = None) -> None:
        self._credentials = credentials
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._old: list[grpc.aio.Channel] = []

    def of(self, node: Node) -> NodeConnection:
        """The connection to a node."""
        address = _address(node)
        credentials = None
        if self._credentials is not None:
            credentials, is_new = self._credentials.current()
            if is_new:
                # What runs over the old connections goes on; whatever begins takes new ones.
                self._old += self._channels.values()
                self._channels.clear()
        channel = self._channels.get(address)
        if channel is None:
            if credentials is None:
                channel = grpc.aio.insecure_channel(address)
            else:
                # Kubelets' certificates name their nodes, whatever the address.
                name = ("grpc.ssl_target_name_override", node.metadata.name)
                channel = grpc.aio.secure_channel(address, credentials, options=(name,))
            self._channels[address] = channel
        return GrpcNode(channel, node.metadata.name)

    async def close(self) -> None:
        """Close all connections."""
        for channel in (*self._old, *self._channels.values()):
            await channel.close(None)


def _address(node: Node) -> str:
    status = node.status
    endpoints = status.daemon_endpoints
    endpoint = endpoints.kubelet_endpoint if endpoints is not None else None
    known = {address.type: address.address for address in status.addresses}
    host = next((known[kind] for kind in _KINDS if kind in known), "")
    if not host or endpoint is None or not endpoint.daemon_port:
        raise ServiceUnavailableError(f"node {node.metadata.name} says no address to reach it")
    return f"[{host}]:{endpoint.daemon_port}" if ":" in host else f"{host}:{endpoint.daemon_port}"


class GrpcNode:
    """One kubelet over one channel."""

    def __init__(self, channel: grpc.aio.Channel, name: str) -> None:
        self._channel = channel
        self._metadata = ((NODE_METADATA, name),)

    async def logs(self, request: pb.LogsRequest) -> AsyncIterator[bytes]:
        """What a container wrote."""
        async for chunk in self._stream("Logs", request, pb.Chunk):
            yield chunk.data

    def exec(self, inputs: AsyncIterator[pb.TerminalInput]) -> AsyncIterator[pb.TerminalOutput]:
        """Run a command."""
        return self._both("Exec", inputs, pb.TerminalOutput)

    def attach(self, inputs: AsyncIterator[pb.TerminalInput]) -> AsyncIterator[pb.TerminalOutput]:
        """Join the main process."""
        return self._both("Attach", inputs, pb.TerminalOutput)

    def port_forward(self, inputs: AsyncIterator[pb.PortFrame]) -> AsyncIterator[pb.PortFrame]:
        """Carry bytes."""
        return self._both("PortForward", inputs, pb.PortFrame)

    async def stats(self) -> bytes:
        """The summary."""
        answer = await self._unary("Stats", pb.StatsRequest(), pb.StatsAnswer)
        return bytes(answer.summary)

    async def metrics(self, page: str) -> bytes:
        """A page of metrics."""
        answer = await self._unary("Metrics", pb.MetricsRequest(page=page), pb.MetricsAnswer)
        return bytes(answer.text)

    async def node_logs(self, path: str) -> AsyncIterator[bytes]:
        """A file or folder listing."""
        request = pb.NodeLogsRequest(path=path)
        async for chunk in self._stream("NodeLogs", request, pb.Chunk):
            yield chunk.data

    async def _unary(self, method: str, request: Any, answer: type[M]) -> M:
        call = self._channel.unary_unary(
            _SERVICE + method,
            _bytes,
            getattr(answer, "FromString"),  # noqa: B009  Stubs miss it.
        )
        try:
            found: M = await call(request, timeout=CALL_TIMEOUT_S, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            raise _error(error) from None
        return found

    async def _stream(self, method: str, request: Any, answer: type[M]) -> AsyncIterator[M]:
        call = self._channel.unary_stream(
            _SERVICE + method,
            _bytes,
            getattr(answer, "FromString"),  # noqa: B009  Stubs miss it.
        )
        try:
            async for message in call(request, metadata=self._metadata):
                yield message
        except grpc.aio.AioRpcError as error:
            raise _error(error) from None

    async def _both(
        self, method: str, inputs: AsyncIterator[Any], answer: type[M]
    ) -> AsyncIterator[M]:
        call = self._channel.stream_stream(
            _SERVICE + method,
            _bytes,
            getattr(answer, "FromString"),  # noqa: B009  Stubs miss it.
        )
        try:
            async for message in call(inputs, metadata=self._metadata):
                yield message
        except grpc.aio.AioRpcError as error:
            raise _error(error) from None


def _bytes(message: Any) -> bytes:
    data: bytes = message.SerializeToString()
    return data


def _error(error: grpc.aio.AioRpcError) -> ApiError:
    for key, value in error.trailing_metadata() or ():
        if key == STATUS_METADATA:
            return error_from(codec.decode(Status, bytes(value)))
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        return ServiceUnavailableError(f"the node cannot be reached: {error.details()}")
    return InternalError(error.details() or str(error.code()))
