"""Tells load balancers outside whether this node has endpoints of a Service.

Services with a local policy have a port for that, the same on every node.
"""

from collections.abc import Mapping, Sequence

import structlog
from aiohttp import web

from knarr.api.keys import Key
from proxy.model import ServicePort

log = structlog.get_logger()


class HealthChecks:
    """The small HTTP servers, one a port."""

    def __init__(self, address: str = "") -> None:
        self._address = address or None
        self._ports: dict[Key, int] = {}
        self._counts: dict[int, tuple[Key, int]] = {}
        self._runners: dict[int, web.AppRunner] = {}

    async def change(self, service: Key, ports: Sequence[ServicePort]) -> None:
        """Say of one Service what its ports say."""
        wanted = next((one.health_check_port for one in ports if one.health_check_port), 0)
        before = self._ports.pop(service, 0)
        if before and before != wanted:
            await self._stop(before)
        if not wanted:
            return
        self._ports[service] = wanted
        self._counts[wanted] = (service, len({b.ip for one in ports for b in one.local_backends}))
        if wanted not in self._runners:
            await self._start(service, wanted)

    async def close(self) -> None:
        """Serve no more."""
        for port in tuple(self._runners):
            await self._stop(port)

    async def _start(self, service: Key, port: int) -> None:
        async def answer(_request: web.Request) -> web.Response:
            return self._answer(port)

        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = self._runners[port] = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._address, port).start()
        except OSError as error:
            log.warning("no health check", service=str(service), port=port, error=error.strerror)

    async def _stop(self, port: int) -> None:
        self._counts.pop(port, None)
        runner = self._runners.pop(port, None)
        if runner is not None:
            await runner.cleanup()

    def _answer(self, port: int) -> web.Response:
        service, count = self._counts[port]
        body: Mapping[str, object] = {
            "service": {"namespace": service.namespace, "name": service.name},
            "localEndpoints": count,
            "serviceProxyHealthy": True,
        }
        headers = {
            "X-Content-Type-Options": "nosniff",
            "X-Load-Balancing-Endpoint-Weight": str(count),
        }
        return web.json_response(body, status=200 if count else 503, headers=headers)
