"""An extension server of custom and external metrics, as a process of its own.

    python -m tests.component.apps.metrics_server ADDRESS CERTIFICATE KEY

It says on which port it listens, and then of each read its path and for whom it is made.
"""

import asyncio
import ssl
import sys
from typing import Any

from aiohttp import web

CUSTOM = "/apis/custom.metrics.k8s.io/v1beta2"
EXTERNAL = "/apis/external.metrics.k8s.io/v1beta1"
AT = "2026-01-01T00:00:00Z"


def measured(kind: str, name: str, metric: str, value: str) -> dict[str, Any]:
    """One value of a custom metric."""
    return {
        "describedObject": {"kind": kind, "namespace": "default", "name": name},
        "metric": {"name": metric},
        "timestamp": AT,
        "windowSeconds": 60,
        "value": value,
    }


VALUES: dict[str, list[dict[str, Any]]] = {
    f"{CUSTOM}/namespaces/default/pods/*/requests": [
        measured("Pod", f"pods-{number}", "requests", "2") for number in range(2)
    ],
    f"{CUSTOM}/namespaces/default/services/web/rate": [measured("Service", "web", "rate", "100")],
    f"{CUSTOM}/namespaces/default/metrics/users": [measured("Namespace", "default", "users", "9")],
    f"{EXTERNAL}/namespaces/default/queue": [
        {"metricName": "queue", "metricLabels": {}, "timestamp": AT, "value": "6500m"},
        {"metricName": "queue", "metricLabels": {}, "timestamp": AT, "value": "1500m"},
    ],
}


async def answer(request: web.Request) -> web.Response:
    """Answer a read."""
    if request.path in (CUSTOM, EXTERNAL):
        return web.json_response({"kind": "APIResourceList", "resources": []})
    if request.path.startswith("/openapi"):
        return web.json_response({}, status=404)
    user = request.headers.get("X-Remote-User", "")
    print(request.path, dict(request.query), user, flush=True)  # noqa: T201  The test reads it.
    if request.path in VALUES:
        return web.json_response({"items": VALUES[request.path]})
    name = request.path.rpartition("/")[2]
    message = f"the server could not find the metric {name}"
    refusal = {"kind": "Status", "reason": "NotFound", "code": 404, "message": message}
    return web.json_response(refusal, status=404)


async def main(address: str, certificate: str, key: str) -> None:
    """Serve until somebody ends it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, address, 0, ssl_context=context).start()
    print(runner.addresses[0][1], flush=True)  # noqa: T201  The test reads it.
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
