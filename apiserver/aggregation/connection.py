"""Speaks to the servers behind APIServices: encrypted, and saying for whom."""

import base64
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import aiohttp
from multidict import CIMultiDict

from apiserver.admission.admission import View
from apiserver.registry.request import User
from knarr.api.apiregistration.api_service import APIServiceSpec, ServiceReference
from knarr.api.core.service import Service
from knarr.api.discovery.endpoint_slice import Endpoint, EndpointSlice
from knarr.daemon.settings import SettingsError

CONNECT_TIMEOUT_S = 10
HTTPS_PORT = 443

_SERVICE_NAME = "kubernetes.io/service-name"

Headers = CIMultiDict[str]


class UnreachableError(Exception):
    """Nobody answers for an APIService; `reason` is the condition's."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class ExtensionConnections:
    """Connections to extension servers, each shown the front proxy's certificate."""

    def __init__(self, view: View, certificate: str = "", key: str = "") -> None:
        self._view = view
        self._certificate = certificate
        self._key = key
        self._session: aiohttp.ClientSession | None = None
        if certificate:
            try:
                _tls("", certificate, key, insecure=True)
            except (OSError, ssl.SSLError) as error:
                raise SettingsError(f"--proxy-client-cert-file: {error}") from None

    async def close(self) -> None:
        """Close what connections there are."""
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def open(
        self,
        spec: APIServiceSpec,
        path: str,
        user: User,
        *,
        method: str = "GET",
        headers: Headers | None = None,
        data: bytes | None = None,
        timeout_s: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request for a user. Raise UnreachableError, aiohttp.ClientError."""
        assert spec.service is not None, "what this server answers itself is not carried on"
        host, port = target(self._view, spec.service)
        sent = headers.copy() if headers is not None else CIMultiDict()
        for name, value in identity(user):
            sent.add(name, value)
        name = f"{spec.service.name}.{spec.service.namespace}.svc"
        sent["Host"] = name
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S)
            self._session = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
        try:
            context = _tls(
                spec.ca_bundle,
                self._certificate,
                self._key,
                insecure=spec.insecure_skip_tls_verify,
                renewed=_changed_at(self._certificate),
            )
        except (OSError, ValueError) as error:
            raise UnreachableError("FailedDiscoveryCheck", str(error)) from None
        async with self._session.request(
            method,
            f"https://{f'[{host}]' if ':' in host else host}:{port}{path}",
            headers=sent,
            data=data,
            ssl=context,
            server_hostname=name,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_TIMEOUT_S),
        ) as answer:
            yield answer


def identity(user: User) -> Iterable[tuple[str, str]]:
    """The headers that say for whom a request is made."""
    yield "X-Remote-User", user.name
    if user.uid:
        yield "X-Remote-Uid", user.uid
    for group in user.groups:
        yield "X-Remote-Group", group
    for key, values in user.extra:
        for value in values:
            yield f"X-Remote-Extra-{quote(key, safe='')}", value


def target(view: View, reference: ServiceReference) -> tuple[str, int]:
    """Where a Service leads to. Raise UnreachableError."""
    number = reference.port or HTTPS_PORT
    where = f'service/{reference.name} in "{reference.namespace}"'
    service: Service | None = view.get(Service, reference.namespace, reference.name)
    if service is None:
        raise UnreachableError("ServiceNotFound", f"{where} is not present")
    if service.spec.type == "ExternalName":
        return service.spec.external_name, number
    port = next((each for each in service.spec.ports if each.port == number), None)
    if port is None:
        raise UnreachableError("ServicePortError", f"{where} is not listening on port {number}")
    slices = [
        each
        for each in view.list(EndpointSlice, reference.namespace)
        if each.metadata.labels.get(_SERVICE_NAME) == reference.name
    ]
    if not slices:
        told = f"cannot find endpointslices for {where}"
        raise UnreachableError("EndpointsNotFound", told)
    for part in slices:
        found = next((each.port for each in part.ports if (each.name or "") == port.name), None)
        ready = next((each for each in part.endpoints if _is_ready(each)), None)
        if found is not None and ready is not None:
            return ready.addresses[0], found
    raise UnreachableError(
        "MissingEndpoints",
        f'endpoints for {where} have no addresses with port name "{port.name}"',
    )


def _is_ready(endpoint: Endpoint) -> bool:
    conditions = endpoint.conditions
    return bool(endpoint.addresses) and (conditions is None or conditions.ready is not False)


def _changed_at(path: str) -> float:
    return Path(path).stat().st_mtime if path else 0.0


@lru_cache(64)
def _tls(
    bundle: str, certificate: str, key: str, *, insecure: bool, renewed: float = 0.0
) -> ssl.SSLContext:
    """How a server is believed; made anew when our own certificate was `renewed`."""
    authorities = base64.b64decode(bundle).decode() if bundle else None
    context = ssl.create_default_context(cadata=authorities)
    if insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate, key or None)
    return context
