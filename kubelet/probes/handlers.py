"""The ways to ask: run a command, get a page, open a port, gRPC's health service.

Lifecycle hooks use the same ways.
"""

import asyncio
from contextlib import suppress
from typing import Literal

import aiohttp
import grpc.aio
from msgspec import Struct

from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.container import EphemeralContainer
from knarr.api.core.probe import ExecAction, GRPCAction, HTTPGetAction, TCPSocketAction
from knarr.api.scalars import IntOrString
from kubelet.runtime.runtime import Runtime, RuntimeFailureError

BODY_BYTES_MAX = 10 * 1024
"""So much of an answer is shown in an event."""

REDIRECTS_MAX = 10


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
    """Success for any status from 200 to 399."""
    try:
        port = port_number(action.port, target.spec)
    except PortError as error:
        return Answer("unknown", str(error))
    scheme = (action.scheme or "HTTP").lower()
    host = action.host or target.pod_ip
    path = action.path if action.path.startswith("/") else f"/{action.path}"
    url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{path}"
    headers = {one.name: one.value for one in action.http_headers}
    headers.setdefault("User-Agent", "kube-probe/1.36")
    headers.setdefault("Accept", "*/*")
    try:
        async with session.get(
            url, headers=headers, ssl=False, max_redirects=REDIRECTS_MAX
        ) as response:
            body = (await response.content.read(BODY_BYTES_MAX)).decode(errors="replace")
    except aiohttp.ClientError as error:
        return Answer("failure", f'Get "{url}": {error}')
    if 200 <= response.status < 400:
        return Answer("success", body)
    return Answer("failure", f"HTTP probe failed with statuscode: {response.status}")


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
        told = (error.strerror or str(error)).lower()
        return Answer("failure", f"dial tcp {host}:{port}: connect: {told}")
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return Answer("success")


_SERVING = b"\x08\x01"
"""A HealthCheckResponse whose status is SERVING, as bytes."""


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
            if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                return Answer(
                    "failure", "error: this server does not implement the grpc health protocol"
                )
            return Answer("failure", f'timeout: failed to connect service "{address}"')
    if answer == _SERVING:
        return Answer("success")
    return Answer("failure", f'service unhealthy (responded with "{answer!r}")')
