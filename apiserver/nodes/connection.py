"""What the API server asks of a node; errors are those of `knarr.api.errors`."""

from collections.abc import AsyncIterator
from typing import Protocol

from knarr.api.core.node import Node
from knarr.proto import node_pb2 as pb


class NodeConnection(Protocol):
    """One node's kubelet."""

    def logs(self, request: pb.LogsRequest) -> AsyncIterator[bytes]:
        """What a container wrote, piece by piece."""
        ...

    def exec(self, inputs: AsyncIterator[pb.TerminalInput]) -> AsyncIterator[pb.TerminalOutput]:
        """Run a command; the first input says which."""
        ...

    def attach(self, inputs: AsyncIterator[pb.TerminalInput]) -> AsyncIterator[pb.TerminalOutput]:
        """Join the main process of a container."""
        ...

    def port_forward(self, inputs: AsyncIterator[pb.PortFrame]) -> AsyncIterator[pb.PortFrame]:
        """Carry bytes to and from ports of a pod."""
        ...

    async def stats(self) -> bytes:
        """The summary of what node and pods use, as JSON."""
        ...

    async def metrics(self, page: str) -> bytes:
        """A page of metrics in Prometheus' text form."""
        ...

    def node_logs(self, path: str) -> AsyncIterator[bytes]:
        """A file or folder listing below the node's log folder."""
        ...


class NodeConnections(Protocol):
    """All nodes' kubelets."""

    def of(self, node: Node) -> NodeConnection:
        """The connection to a node. Raise ServiceUnavailableError when it says no address."""
        ...
