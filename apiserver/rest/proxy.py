"""Carries requests on to pods, services and nodes."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import quote

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from apiserver.nodes.targets import Targets
from apiserver.registry.core import Core
from apiserver.rest.body import read_body
from apiserver.rest.call import Call
from apiserver.rest.logs import stream_text
from apiserver.rest.reply import headers, reply, text_reply
from knarr.api.core.pod import Pod
from knarr.api.core.service import Service
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.errors import BadRequestError, NotFoundError, ServiceUnavailableError
from knarr.api.meta.status import StatusDetails

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
CONNECT_TIMEOUT_S = 10
CHUNK_BYTES = 64 * 1024

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
        "content-length",
        # Who asks is known here and is no business of the pod's.
        "authorization",
    }
)


class Proxy:
    """Answers `pods/NAME/proxy`, `services/NAME/proxy` and `nodes/NAME/proxy`."""

    def __init__(self, core: Core, targets: Targets) -> None:
        self._core = core
        self._targets = targets
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close what connections there are."""
        if self._session is not None:
            await self._session.close()

    async def answer(self, call: Call) -> web.StreamResponse:
        """Carry a request on and its answer back."""
        scheme, name, port = split_name(call.path.name)
        match call.path.plural:
            case "pods":
                host, number = await self._pod(call, name, port)
            case "services":
                host, number = await self._service(call, name, port)
            case _:
                return await self._node(call, name)
        return await self._carry(call, f"{scheme or 'http'}://{_host(host)}:{number}")

    async def _pod(self, call: Call, name: str, port: str) -> tuple[str, int]:
        pod = await self._targets.pod(call.path.namespace, name)
        address = pod.status.pod_ip
        check_address(address)
        return address, _pod_port(pod, port)

    async def _service(self, call: Call, name: str, port: str) -> tuple[str, int]:
        namespace = call.path.namespace
        service = await self._core.get_live(Service, namespace, name)
        if not isinstance(service, Service):
            details = StatusDetails(name=name, kind="services")
            raise NotFoundError(f'services "{name}" not found', details=details)
        wanted = service_port_name(service, port)
        for part in self._core.list(EndpointSlice, namespace):
            if part.metadata.labels.get(SERVICE_NAME_LABEL) != name:
                continue
            number = next((one.port for one in part.ports if (one.name or "") == wanted), None)
            ready = (
                one for one in part.endpoints if one.conditions is None or one.conditions.ready
            )
            endpoint = next(ready, None)
            if number is not None and endpoint is not None and endpoint.addresses:
                check_address(endpoint.addresses[0])
                return endpoint.addresses[0], number
        raise ServiceUnavailableError(f'no endpoints available for service "{name}"')

    async def _node(self, call: Call, name: str) -> web.StreamResponse:
        node = await self._targets.node(name)
        path = call.path.rest.strip("/")
        if path.startswith("logs"):
            return await stream_text(call, node.node_logs(path.removeprefix("logs")))
        if path == "stats/summary":
            return await reply(call, await node.stats())
        if path.startswith("metrics"):
            page = path.removeprefix("metrics").strip("/")
            return text_reply(call, (await node.metrics(page)).decode(errors="replace"))
        if path in ("healthz", "healthz/ping"):
            await node.metrics("resource")
            return text_reply(call, "ok")
        raise NotFoundError(f"nodes answer nothing at /{path}", details=StatusDetails())

    async def _carry(self, call: Call, base: str) -> web.StreamResponse:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S)
            self._session = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
        _, _, query = call.request.raw_path.partition("?")
        url = f"{base}/{quote(call.path.rest, safe='/%:@!$&()*+,;=~')}"
        sent = kept(call.request.headers)
        sent["X-Forwarded-For"] = call.request.remote or ""
        try:
            async with self._session.request(
                call.method,
                f"{url}?{query}" if query else url,
                headers=sent,
                data=await read_body(call.request) or None,
                allow_redirects=False,
                ssl=False,
            ) as found:
                return await back(call, found)
        except aiohttp.ClientError as error:
            raise ServiceUnavailableError(f"error trying to reach service: {error}") from None


async def back(call: Call, found: aiohttp.ClientResponse) -> web.StreamResponse:
    """Hand an answer on as it comes."""
    answer = web.StreamResponse(status=found.status, headers=kept(found.headers))
    answer.headers["Audit-Id"] = headers(call, "")["Audit-Id"]
    await answer.prepare(call.request)
    async for piece in found.content.iter_chunked(CHUNK_BYTES):
        await answer.write(piece)
    await answer.write_eof()
    return answer


def kept(found: Mapping[str, str]) -> CIMultiDict[str]:
    """The headers that are not about one connection."""
    return CIMultiDict(
        (name, value) for name, value in found.items() if name.lower() not in _HOP_BY_HOP
    )


def split_name(name: str) -> tuple[str, str, str]:
    """Scheme, name and port of `web`, `web:80`, `https:web:443`. Raise BadRequestError."""
    parts = name.split(":")
    if len(parts) == 1:
        return "", name, ""
    if len(parts) == 2:
        return "", parts[0], parts[1]
    if len(parts) == 3 and parts[0] in ("", "http", "https"):
        return parts[0], parts[1], parts[2]
    raise BadRequestError(f'invalid proxy request "{name}"')


def check_address(address: str) -> None:
    """Raise BadRequestError for an address that leads somewhere else than to a pod."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        raise BadRequestError("address not allowed") from None
    # The whole of 127.0.0.0/8 is where pods without a network of their own live, but for the
    # one address where everything else on this host listens.
    is_host = found in (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))
    if is_host or found.is_link_local or found.is_multicast or found.is_unspecified:
        raise BadRequestError("address not allowed")


def _pod_port(pod: Pod, port: str) -> int:
    ports = [one for container in pod.spec.containers for one in container.ports]
    if not port:
        return ports[0].container_port if ports else 80
    for one in ports:
        if one.name == port:
            return one.container_port
    if not port.isdigit():
        raise BadRequestError(f'pod "{pod.metadata.name}" has no port {port}')
    return int(port)


def service_port_name(service: Service, port: str) -> str:
    """The name of the port meant, as EndpointSlices name it. Raise ServiceUnavailableError."""
    ports = service.spec.ports
    if not port and len(ports) == 1:
        return ports[0].name
    for one in ports:
        if port and port in (one.name, str(one.port)):
            return one.name
    raise ServiceUnavailableError(
        f'no service port "{port}" found for service "{service.metadata.name}"'
    )


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
