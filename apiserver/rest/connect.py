"""The subresources that lead on to a node or pod: log, exec, attach, portforward, proxy."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from apiserver.auth.attributes import Attributes
from apiserver.auth.gate import Gate
from apiserver.nodes.connection import NodeConnections
from apiserver.nodes.targets import Targets
from apiserver.registry.core import Core
from apiserver.registry.request import Request
from apiserver.rest.call import Call
from apiserver.rest.logs import pod_logs
from apiserver.rest.port_forward import port_forward
from apiserver.rest.proxy import Proxy
from apiserver.rest.terminal import terminal
from knarr.api.kind import Kind

CONNECTING = frozenset({"attach", "exec", "log", "portforward", "proxy"})

_OPTIONS = {
    "attach": "PodAttachOptions",
    "exec": "PodExecOptions",
    "portforward": "PodPortForwardOptions",
}
"""What the options of a connection are called; of a proxy it depends on the resource."""

_Answer = Callable[[Call, Targets], Awaitable[web.StreamResponse]]


class Connect:
    """Serves these subresources over one way to reach nodes."""

    def __init__(self, core: Core, gate: Gate, nodes: NodeConnections) -> None:
        self._gate = gate
        self._core = core
        self._targets = Targets(core, nodes)
        self.proxy = Proxy(core, self._targets)
        self._answers: dict[str, _Answer] = {
            "attach": terminal,
            "exec": terminal,
            "log": pod_logs,
            "portforward": port_forward,
        }

    async def answer(self, call: Call, kind: Kind) -> web.StreamResponse:
        """Answer such a request."""
        subresource = call.path.subresource
        if subresource not in ("log", "proxy") and call.verb == "get":
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
        if subresource != "log":
            await self._admit(call, kind)
        if subresource == "proxy":
            return await self.proxy.answer(call)
        return await self._answers[subresource](call, self._targets)

    async def _admit(self, call: Call, kind: Kind) -> None:
        """Let plugins refuse the connection."""
        path = call.path
        request = Request(
            user=call.user,
            kind=kind,
            namespace=path.namespace if kind.namespaced else "",
            name=path.name,
            subresource=path.subresource,
            warnings=call.warnings,
            audit=call.annotations,
        )
        name = _OPTIONS.get(path.subresource) or f"{kind.name}ProxyOptions"
        options = Kind("", "v1", "", name, "")
        await self._core.ask(request, "CONNECT", options, _options(call, name))


def _options(call: Call, name: str) -> dict[str, Any]:
    """What a connection is asked for with, as plugins see it."""
    found: dict[str, Any] = {"kind": name, "apiVersion": "v1"}
    found |= {flag: True for flag in ("stdin", "stdout", "stderr", "tty") if call.flag(flag)}
    if call.first("container"):
        found["container"] = call.first("container")
    if "command" in call.query:
        found["command"] = list(call.query["command"])
    if "ports" in call.query:
        found["ports"] = [int(port) for port in call.query["ports"] if port.isdecimal()]
    if call.path.subresource == "proxy":
        found["path"] = f"/{call.path.rest}"
    return found
