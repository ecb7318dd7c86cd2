"""The ways to ask: run a command, get a page, open a port, gRPC's health service.

Lifecycle hooks use the same ways.
"""

import asyncio
import os
from contextlib import suppress
from typing import Literal

import aiohttp
import grpc.aio
from msgspec import Struct
from yarl import URL

from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.container import EphemeralContainer
from knarr.api.core.probe import (
    ExecAction,
    GRPCAction,
    HTTPGetAction,
    Probe,
    TCPSocketAction,
)
from knarr.api.scalars import IntOrString
from kubelet.runtime.runtime import Runtime, RuntimeFailureError

BODY_BYTES_MAX = 10 * 1024
"""So much of an answer is shown in an event."""

REDIRECTS_MAX = 10
_REDIRECTS = (301, 302, 303, 307, 308)
_AUTOMATIC = ("User-Agent", "Accept", "Accept-Encoding")


class Answer(Struct, frozen=True):
    """What a probe found."""

    result: Literal["success", "failure", "unknown"]
    message: str = ""


class Target(Struct, frozen=True):
    """The container asked, where it runs and how it is reached."""

    container_id: str
    spec: ContainerSpec | EphemeralContainer
    pod_ip: str


class PortError(Exception):
    """The container has no port of that name."""


def port_number(port: IntOrString, spec: ContainerSpec | EphemeralContainer) -> int:
    """The number of a port given by number or name. Raise PortError."""
    if isinstance(port, int):
        return port
    if port.isdigit():
        return int(port)
    for one in spec.ports:
        if one.name == port:
            return one.container_port
    raise PortError(f"couldn't find port: {port!r} in container {spec.name}")


async def run_command(runtime: Runtime, target: Target, action: ExecAction) -> Answer:
    """Success when the command ends with 0."""
    try:
        session = await runtime.exec(target.container_id, action.command)
    except RuntimeFailureError as error:
        return Answer("unknown", error.message)
    printed = b""
    try:
        async for _, data in session.output():
            printed = (printed + data)[:BODY_BYTES_MAX]
        code = await session.exit_code()
    finally:
        await session.close()
    return Answer("success" if code == 0 else "failure", printed.decode(errors="replace"))


async def get_page(session: aiohttp.ClientSession, target: Target, action: HTTPGetAction) -> Answer:
    """Success for any status from 200 to 399; redirects are followed on the same host alone."""
    try:
        url = page_url(target, action)
    except PortError as error:
        return Answer("unknown", str(error))
    return await _follow(session, url, _headers(action), REDIRECTS_MAX)


def page_url(target: Target, action: HTTPGetAction) -> URL:
    """What is asked for. Raise PortError."""
    host = action.host or target.pod_ip
    port = port_number(action.port, target.spec)
    path = action.path if action.path.startswith("/") else f"/{action.path}"
    scheme = (action.scheme or "HTTP").lower()
    return URL(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{path}", encoded=True)


def _headers(action: HTTPGetAction) -> dict[str, str]:
    """Those of the pod; a name without a value takes a header away."""
    headers = {"User-Agent": "kube-probe/1.36", "Accept": "*/*"}
    for one in action.http_headers:
        headers[one.name.title()] = one.value
    return {name: value for name, value in headers.items() if value}


async def _follow(
    session: aiohttp.ClientSession, url: URL, headers: dict[str, str], redirects: int
) -> Answer:
    try:
        async with session.get(
            url, headers=headers, ssl=False, allow_redirects=False, skip_auto_headers=_AUTOMATIC
        ) as response:
            body = (await response.content.read(BODY_BYTES_MAX)).decode(errors="replace")
    except aiohttp.ClientConnectorError as error:
        cause = _cause(error.os_error)
        message = f'Get "{_shown(url)}": dial tcp {url.host}:{url.port}: connect: {cause}'
        return Answer("failure", message)
    except aiohttp.ClientError as error:
        return Answer("failure", f'Get "{_shown(url)}": {error}')
    if response.status in _REDIRECTS and "Location" in response.headers:
        leads_to = url.join(URL(response.headers["Location"], encoded=True))
        if leads_to.host != url.host:
            return Answer("success", f"Probe terminated redirects, Response body: {body}")
        if redirects == 0:
            told = f'Get "{_shown(url)}": stopped after {REDIRECTS_MAX} redirects'
            return Answer("failure", told)
        return await _follow(session, leads_to, headers, redirects - 1)
    if 200 <= response.status < 400:
        return Answer("success", body)
    return Answer("failure", f"HTTP probe failed with statuscode: {response.status}")


def _shown(url: URL) -> str:
    """A URL with its port, also where nobody would need to write it."""
    host = f"[{url.host}]" if ":" in str(url.host) else url.host
    return f"{url.scheme}://{host}:{url.port}{url.raw_path_qs}"


def _cause(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else str(error)


async def open_port(target: Target, action: TCPSocketAction) -> Answer:
    """Success when somebody listens."""
    try:
        port = port_number(action.port, target.spec)
    except PortError as error:
        return Answer("unknown", str(error))
    host = action.host or target.pod_ip
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        return Answer("failure", f"dial tcp {host}:{port}: connect: {_cause(error)}")
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return Answer("success")


_STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
"""What the standard health service answers, by number."""


async def ask_grpc(target: Target, action: GRPCAction) -> Answer:
    """Success when the standard health service says SERVING."""
    name = (action.service or "").encode()
    request = b"\x0a" + bytes([len(name)]) + name if name else b""
    address = f"{target.pod_ip}:{action.port}"
    async with grpc.aio.insecure_channel(address) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        try:
            answer: bytes = await check(request)
        except grpc.aio.AioRpcError as error:
            return Answer("failure", _grpc_failure(address, error))
    status = _STATUSES[answer[1]] if answer[:1] == b"\x08" and answer[1] < 4 else "UNKNOWN"
    if status == "SERVING":
        return Answer("success")
    return Answer("failure", f'service unhealthy (responded with "{status}")')


def _grpc_failure(address: str, error: grpc.aio.AioRpcError) -> str:
    if error.code() == grpc.StatusCode.UNIMPLEMENTED:
        protocol = "the grpc health protocol (grpc.health.v1.Health)"
        return f"error: this server does not implement {protocol}: {error.details()}"
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        return f'timeout: failed to connect service "{address}": {error.details()}'
    return f"error: health rpc probe failed: {error.details()}"


def too_late(target: Target, probe: Probe, timeout_s: int) -> str:
    """What a probe says that got no answer in time."""
    if probe.exec is not None:
        command = " ".join(probe.exec.command)
        return f'command timed out: "{command}" timed out after {timeout_s}s'
    late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    try:
        if probe.http_get is not None:
            return f'Get "{_shown(page_url(target, probe.http_get))}": {late}'
        if probe.tcp_socket is not None:
            port = port_number(probe.tcp_socket.port, target.spec)
            return f"dial tcp {probe.tcp_socket.host or target.pod_ip}:{port}: i/o timeout"
    except PortError as error:
        return str(error)
    return f"timeout: health rpc did not complete within {timeout_s}s"
