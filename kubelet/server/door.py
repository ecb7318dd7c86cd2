"""One gRPC server in front of many nodes of a process: each call says which it means.

A server costs memory, a port and threads; a thousand hollow nodes need only one.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import grpc

from kubelet.server.service import NODE_METADATA, NodeService, serve


class NodeDoor(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Leads calls to the services of the nodes that are there."""

    def __init__(self) -> None:
        self.port = 0
        self._nodes: dict[str, grpc.GenericRpcHandler] = {}

    @contextmanager
    def opened(self, node_name: str, service: NodeService) -> Iterator[int]:
        """Let a node be asked while the block runs; yield the port."""
        self._nodes[node_name] = service.handler()
        try:
            yield self.port
        finally:
            del self._nodes[node_name]

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler | None:
        """The method of the node that the call's metadata names, None where it is not here."""
        for key, value in handler_call_details.invocation_metadata:
            if key == NODE_METADATA and str(value) in self._nodes:
                return self._nodes[str(value)].service(handler_call_details)
        return None


@asynccontextmanager
async def serve_door(
    address: str, port: int, credentials: grpc.ServerCredentials | None = None
) -> AsyncIterator[NodeDoor]:
    """Serve while the block runs; nodes come and go meanwhile."""
    door = NodeDoor()
    async with serve(door, address, port, credentials) as door.port:
        yield door
