"""The service knarr.v1.Node as the API server has it: what it is asked goes on to the kubelet.

A client need not reach the nodes. Each call is authorized as REST's
subresource of the pod is: `pods/log`, `pods/exec`, `pods/attach`,
`pods/portforward`.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc

from apiserver.grpc.access import Access
from apiserver.grpc.resources import Context, answering
from apiserver.nodes.connection import NodeConnections
from apiserver.nodes.targets import Target, Targets
from apiserver.registry.core import Core
from knarr.api.core.pod import Pod
from knarr.api.errors import BadRequestError
from knarr.api.kind_table import kind_of
from knarr.proto import node_pb2 as pb
from knarr.proto import resources_pb2

SERVICE = "knarr.v1.Node"

_POD = kind_of(Pod)


class Nodes:
    """Passes the calls about containers on."""

    def __init__(self, core: Core, access: Access, nodes: NodeConnections) -> None:
        self._access = access
        self._targets = Targets(core, nodes)

    def handler(self) -> grpc.GenericRpcHandler:
        """What a server is given to serve this."""
        both = grpc.stream_stream_rpc_method_handler
        methods = {
            "Logs": grpc.unary_stream_rpc_method_handler(
                answering(self._logs), pb.LogsRequest.FromString, _bytes
            ),
            "Exec": both(answering(self._exec), pb.TerminalInput.FromString, _bytes),
            "Attach": both(answering(self._attach), pb.TerminalInput.FromString, _bytes),
            "PortForward": both(answering(self._forward), pb.PortFrame.FromString, _bytes),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    async def _logs(self, request: pb.LogsRequest, context: Context) -> None:
        target = await self._target(context, "get", "log", request.target)
        await context.send_initial_metadata(())
        if not target.pod.spec.node_name:
            return  # It wrote nothing yet, and that is no error.
        request.target.CopyFrom(target.message)
        node = await self._targets.host(target.pod)
        async for piece in node.logs(request):
            await context.write(pb.Chunk(data=piece))

    async def _exec(self, inputs: AsyncIterator[pb.TerminalInput], context: Context) -> None:
        await self._terminal(inputs, context, "exec")

    async def _attach(self, inputs: AsyncIterator[pb.TerminalInput], context: Context) -> None:
        await self._terminal(inputs, context, "attach")

    async def _terminal(
        self, inputs: AsyncIterator[pb.TerminalInput], context: Context, subresource: str
    ) -> None:
        opening = await _first(inputs)
        start = opening.start
        target = await self._target(context, "create", subresource, start.target)
        if subresource == "exec" and not start.command:
            raise BadRequestError("you must specify at least 1 command for the container")
        start.target.CopyFrom(target.message)
        node = await self._targets.host(target.pod)
        carried: Callable[..., AsyncIterator[Any]] = getattr(node, subresource)
        async for answer in carried(_with_first(opening, inputs)):
            await context.write(answer)

    async def _forward(self, inputs: AsyncIterator[pb.PortFrame], context: Context) -> None:
        opening = await _first(inputs)
        start = opening.start
        await self._check(context, "create", "portforward", start.namespace, start.pod)
        pod = await self._targets.pod(start.namespace, start.pod)
        start.pod_uid = pod.metadata.uid
        node = await self._targets.host(pod)
        async for frame in node.port_forward(_with_first(opening, inputs)):
            await context.write(frame)

    async def _target(
        self, context: Context, verb: str, subresource: str, asked: pb.ContainerTarget
    ) -> Target:
        await self._check(context, verb, subresource, asked.namespace, asked.pod)
        return await self._targets.container(asked.namespace, asked.pod, asked.container)

    async def _check(
        self, context: Context, verb: str, subresource: str, namespace: str, name: str
    ) -> None:
        user = await self._access.user(context)
        target = resources_pb2.Target(
            version="v1", plural="pods", namespace=namespace, name=name, subresource=subresource
        )
        self._access.check(user, verb, _POD, target)


async def _first(inputs: AsyncIterator[Any]) -> Any:
    async for message in inputs:
        return message
    raise BadRequestError("the first message says what is meant")


async def _with_first(opening: Any, inputs: AsyncIterator[Any]) -> AsyncIterator[Any]:
    yield opening
    async for message in inputs:
        yield message


def _bytes(message: Any) -> bytes:
    data: bytes = message.SerializeToString()
    return data
