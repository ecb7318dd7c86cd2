"""The subresources that lead on to a node or pod: log, exec, attach, portforward, proxy."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from apiserver.auth.attributes import Attributes
from apiserver.auth.gate import Gate
from apiserver.nodes.connection import NodeConnections
from apiserver.nodes.targets import Targets
from apiserver.registry.core import Core
from apiserver.rest.call import Call
from apiserver.rest.logs import pod_logs
from apiserver.rest.port_forward import port_forward
from apiserver.rest.proxy import Proxy
from apiserver.rest.terminal import terminal

CONNECTING = frozenset({"attach", "exec", "log", "portforward", "proxy"})

_Answer = Callable[[Call, Targets], Awaitable[web.StreamResponse]]


class Connect:
    """Serves these subresources over one way to reach nodes."""

    def __init__(self, core: Core, gate: Gate, nodes: NodeConnections) -> None:
        self._gate = gate
        self._targets = Targets(core, nodes)
        self.proxy = Proxy(core, self._targets)
        self._answers: dict[str, _Answer] = {
            "attach": terminal,
            "exec": terminal,
            "log": pod_logs,
            "portforward": port_forward,
        }

    async def answer(self, call: Call) -> web.StreamResponse:
        """Answer such a request."""
        subresource = call.path.subresource
        if subresource == "proxy":
            return await self.proxy.answer(call)
        if subresource != "log" and call.verb == "get":
            # A WebSocket begins with GET, yet what it does is more than reading.
            path = call.path
            self._gate.check(
                Attributes(
                    call.user,
                    "create",
                    group=path.group,
                    version=path.version,
                    resource=path.plural,
                    subresource=subresource,
                    namespace=path.namespace,
                    name=path.name,
                )
            )
        return await self._answers[subresource](call, self._targets)
