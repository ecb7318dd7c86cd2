"""Probes ask as Kubernetes' do, and say what they were told."""

import asyncio
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import grpc.aio
import pytest
from aiohttp import web

from knarr.api.core.container import Container, ContainerPort
from knarr.api.core.pod import Pod
from knarr.api.core.probe import (
    ExecAction,
    GRPCAction,
    HTTPGetAction,
    HTTPHeader,
    Probe,
    TCPSocketAction,
)
from knarr.daemon.certificates import Authority, Wanted
from knarr.daemon.clock import SystemClock
from kubelet.probes.handlers import Answer, Target, ask_grpc, get_page, open_port, too_late
from kubelet.probes.prober import Prober
from kubelet.runtime.process.runtime import ProcessRuntime
from tests.component.kubelet.lab import api, is_ready, main_pod, process_node, told, until

CLOSED = 9
"""The port of `discard`, which nobody serves."""


async def _page(request: web.Request) -> web.Response:
    if request.path == "/elsewhere":
        raise web.HTTPFound("http://192.0.2.1/")
    if request.path == "/here":
        raise web.HTTPFound("/fine")
    if request.path == "/round":
        raise web.HTTPFound("/round")
    if request.path == "/bad":
        return web.Response(status=500)
    shown = {name: request.headers.get(name, "-") for name in ("X-Who", "User-Agent", "Host")}
    return web.json_response(shown)


@asynccontextmanager
async def server(tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_get("/{tail:.*}", _page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


def target(port: int) -> Target:
    ports = (ContainerPort(container_port=port, name="web"),)
    return Target("id", Container(name="main", image="web:1", ports=ports), "127.0.0.1")


async def get(port: int, **action: Any) -> Answer:
    async with aiohttp.ClientSession() as session:
        return await get_page(session, target(port), HTTPGetAction(port="web", **action))


async def test_http_headers_are_those_of_the_pod() -> None:
    headers = (HTTPHeader(name="x-who", value="me"), HTTPHeader(name="Host", value="example.org"))
    async with server() as port:
        answer = await get(port, path="/fine", http_headers=headers)
        assert answer.result == "success"
        assert '"X-Who": "me"' in answer.message
        assert '"Host": "example.org"' in answer.message
        assert '"User-Agent": "kube-probe/1.36"' in answer.message
        nameless = (HTTPHeader(name="User-Agent", value=""),)
        answer = await get(port, path="/fine", http_headers=nameless)
        assert '"User-Agent": "-"' in answer.message


@pytest.mark.parametrize(
    ("path", "result", "told"),
    [
        pytest.param("/bad", "failure", "statuscode: 500", id="a bad status"),
        pytest.param("/here", "success", "kube-probe", id="a redirect on the host is followed"),
        pytest.param("/elsewhere", "success", "terminated redirects", id="one elsewhere is not"),
        pytest.param("/round", "failure", "stopped after 10 redirects", id="nor for ever"),
    ],
)
async def test_http_answers(path: str, result: str, told: str) -> None:
    async with server() as port:
        answer = await get(port, path=path)
    assert answer.result == result
    assert told in answer.message


async def test_https_trusts_any_certificate(tmp_path: Path) -> None:
    authority = Authority.at(tmp_path, SystemClock())
    pair = authority.ensure(tmp_path / "web", Wanted("web", hosts=("elsewhere",)))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pair.certificate, pair.key)
    async with server(tls) as port:
        assert (await get(port, path="/fine", scheme="HTTPS")).result == "success"


async def test_a_closed_port_is_told_in_go_words() -> None:
    told = f"dial tcp 127.0.0.1:{CLOSED}: connect: connection refused"
    answer = await open_port(target(CLOSED), TCPSocketAction(port="web"))
    assert answer == Answer("failure", told)
    answer = await get(CLOSED, path="/")
    assert answer == Answer("failure", f'Get "http://127.0.0.1:{CLOSED}/": {told}')


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        pytest.param(b"\x08\x01", Answer("success"), id="serving"),
        pytest.param(
            b"\x08\x02",
            Answer("failure", 'service unhealthy (responded with "NOT_SERVING")'),
            id="not serving",
        ),
    ],
)
async def test_grpc_asks_the_health_service(reply: bytes, wanted: Answer) -> None:
    asked = []

    async def check(request: bytes, _: Any) -> bytes:
        asked.append(request)
        return reply

    handler = grpc.unary_unary_rpc_method_handler(check)
    made = grpc.aio.server()
    made.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": handler}),)
    )
    port = made.add_insecure_port("127.0.0.1:0")
    await made.start()
    try:
        async with asyncio.timeout(10):
            assert await ask_grpc(target(port), GRPCAction(port=port, service="db")) == wanted
    finally:
        await made.stop(None)
    assert asked == [b"\x0a\x02db"]


def test_what_is_late_is_told_by_its_kind() -> None:
    told = [
        too_late(target(80), Probe(exec=ExecAction(command=("cat", "/x"))), 1),
        too_late(target(80), Probe(tcp_socket=TCPSocketAction(port=80)), 1),
        too_late(target(80), Probe(grpc=GRPCAction(port=80)), 2),
    ]
    assert told == [
        'command timed out: "cat /x" timed out after 1s',
        "dial tcp 127.0.0.1:80: i/o timeout",
        "timeout: health rpc did not complete within 2s",
    ]


HEALTH = """
import asyncio, grpc, grpc.aio, sys
async def main():
    asked = 0
    async def check(request, context):
        nonlocal asked
        asked += 1
        return b"\\x08\\x01" if asked <= int(sys.argv[2]) else b"\\x08\\x02"
    made = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(check)
    name = "grpc.health.v1.Health"
    made.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"Check": handler}),))
    made.add_insecure_port(sys.argv[1] + ":50051")
    await made.start()
    await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.mark.conformance(
    "[sig-node] Probing container should *not* be restarted with a GRPC liveness probe "
    "[NodeConformance]",
    "[sig-node] Probing container should be restarted with a GRPC liveness probe [NodeConformance]",
)
async def test_a_server_that_does_not_serve_is_restarted(tmp_path: Path) -> None:
    (tmp_path / "health.py").write_text(HEALTH)
    probe = "{grpc: {port: 50051}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 20}"
    startup = "{grpc: {port: 50051}, periodSeconds: 1, failureThreshold: 60, timeoutSeconds: 20}"
    address = "env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]"
    container = f"startupProbe: {startup}\nlivenessProbe: {probe}\n{address}"
    async with api() as client, process_node(client, tmp_path):
        for name, times in (("serves", 1_000_000), ("stops", 2)):
            script = f"exec {sys.executable} {tmp_path}/health.py $IP {times}"
            await client.create(main_pod(name, script, container, "{restartPolicy: Always}"))

        def was_restarted(one: Pod) -> bool:
            return any(status.restart_count for status in one.status.container_statuses)

        await until(client, "stops", was_restarted)
        unhealthy = 'Liveness probe failed: service unhealthy (responded with "NOT_SERVING")'
        await told(client, "stops", "Unhealthy", unhealthy)
        assert not was_restarted(await until(client, "serves", is_ready))


@asynccontextmanager
async def prober(tmp_path: Path, opens_s: float) -> AsyncIterator[tuple[Prober, asyncio.Event]]:
    """One that runs, and what is set when it found something."""
    found = asyncio.Event()
    runtime = ProcessRuntime(tmp_path, SystemClock())
    made = Prober(runtime, lambda _: found.set(), lambda *_: None, opens_s=opens_s)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(made.run())
        await asyncio.sleep(0)  # It begins.
        yield made, found
        running.cancel()


async def test_who_serves_is_ready_when_the_port_is_open(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    spec = Container(name="c")
    async with prober(tmp_path, 60) as (made, found):
        made.watch("uid", Target("id", spec, "127.0.0.1"), spec, (port,))
        assert made.started == {"id"}
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(found.wait(), 0.1)
        assert made.ready == set()
        listening = await asyncio.start_server(lambda _, w: w.close(), "127.0.0.1", port)
        await asyncio.wait_for(found.wait(), 30)
        assert made.ready == {"id"}
        listening.close()


async def test_who_never_opens_a_port_is_ready_all_the_same(tmp_path: Path) -> None:
    spec = Container(name="c")
    async with prober(tmp_path, 0.05) as (made, found):
        made.watch("uid", Target("id", spec, "127.0.0.1"), spec, (CLOSED,))
        await asyncio.wait_for(found.wait(), 30)
        assert made.ready == {"id"}
