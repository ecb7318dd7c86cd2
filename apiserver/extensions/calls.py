"""Posts JSON to programs outside: by URL, or to a Service of the cluster."""

import base64
import ssl
from functools import lru_cache
from typing import Any, Protocol

import aiohttp
import msgspec
from msgspec import Struct

from apiserver.admission.admission import View
from knarr.api.core.service import Service
from knarr.api.discovery.endpoint_slice import EndpointSlice

ANSWER_BYTES_MAX = 16 * 1024 * 1024
"""A longer answer is refused."""

_SERVICE_NAME = "kubernetes.io/service-name"
HTTPS_PORT = 443


class CallError(Exception):
    """A program did not answer as it should; the message says why."""


class ServiceReference(Protocol):
    """A Service that is asked."""

    name: str
    namespace: str
    path: str | None
    port: int | None


class ClientConfig(Protocol):
    """Where a program is reached."""

    @property
    def ca_bundle(self) -> str:
        """Authorities, in base64."""
        ...

    @property
    def service(self) -> Any:
        """The Service, or None."""
        ...

    @property
    def url(self) -> str | None:
        """The URL, or None."""
        ...


class _Target(Struct, frozen=True):
    shown: str
    """The URL as errors name it."""
    url: str
    host: str | None
    """The name that the certificate is to carry, where it is not that of the URL."""


class Calls:
    """Keeps the connections to programs outside."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close what connections there are."""
        if self._session is not None:
            await self._session.close()

    async def post(self, view: View, config: ClientConfig, review: Any, timeout_s: int) -> Any:
        """The answer of a program. Raise CallError."""
        shown = _shown(config, timeout_s)
        try:
            target = _target(view, config, timeout_s, shown)
            async with self._open().post(
                target.url,
                data=msgspec.json.encode(review),
                headers=_headers(target),
                ssl=_context(config.ca_bundle),
                server_hostname=target.host,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
                allow_redirects=False,
            ) as answer:
                data = await answer.content.read(ANSWER_BYTES_MAX)
                if not 200 <= answer.status < 300:
                    raise CallError(_refused(answer.status, data))
                return msgspec.json.decode(data)
        except TimeoutError:
            raise CallError(f'Post "{shown}": context deadline exceeded') from None
        except (aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as error:
            raise CallError(f'Post "{shown}": {error}') from None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session


def _refused(status: int, data: bytes) -> str:
    words = data[:1024].decode(errors="replace").strip()
    return words or f"the server responded with the status code {status}"


def _headers(target: _Target) -> dict[str, str]:
    found = {"Content-Type": "application/json", "Accept": "application/json"}
    if target.host is not None:
        found["Host"] = target.host
    return found


def _shown(config: ClientConfig, timeout_s: int) -> str:
    if config.service is None:
        joint = "&" if "?" in (config.url or "") else "?"
        return f"{config.url}{joint}timeout={timeout_s}s"
    service = config.service
    host = f"{service.name}.{service.namespace}.svc"
    path = (service.path or "/").lstrip("/")
    return f"https://{host}:{service.port or HTTPS_PORT}/{path}?timeout={timeout_s}s"


def _target(view: View, config: ClientConfig, timeout_s: int, shown: str) -> _Target:
    if config.service is None:
        return _Target(shown, shown, None)
    reference = config.service
    service: Service | None = view.get(Service, reference.namespace, reference.name)
    if service is None:
        raise CallError(f'Post "{shown}": service "{reference.name}" not found')
    address, port = _endpoint(view, service, reference.port or HTTPS_PORT, shown)
    host = f"[{address}]" if ":" in address else address
    path = (reference.path or "/").lstrip("/")
    url = f"https://{host}:{port}/{path}?timeout={timeout_s}s"
    return _Target(shown, url, f"{reference.name}.{reference.namespace}.svc")


def _endpoint(view: View, service: Service, port: int, shown: str) -> tuple[str, int]:
    """Where a port of a Service leads to; its own address while nothing is ready."""
    name = next((each.name for each in service.spec.ports if each.port == port), None)
    if name is None:
        told = f'no service port {port} found for service "{service.metadata.name}"'
        raise CallError(f'Post "{shown}": {told}')
    for part in view.list(EndpointSlice, service.metadata.namespace):
        if part.metadata.labels.get(_SERVICE_NAME) != service.metadata.name:
            continue
        number = next((each.port for each in part.ports if (each.name or "") == name), None)
        for endpoint in part.endpoints:
            is_ready = endpoint.conditions is None or endpoint.conditions.ready is not False
            if number is not None and is_ready and endpoint.addresses:
                return endpoint.addresses[0], number
    told = f'no endpoints available for service "{service.metadata.name}"'
    raise CallError(f'Post "{shown}": {told}')


@lru_cache(256)
def _context(bundle: str) -> ssl.SSLContext:
    if not bundle:
        return ssl.create_default_context()
    text = base64.b64decode(bundle).decode()
    return ssl.create_default_context(cadata=text)
