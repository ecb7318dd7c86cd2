"""How fast the REST API is beside a bare aiohttp handler that sends the same bytes.

    python -m benchmarks.bench_rest [--seconds 3] [--connections 32]

Prints one line a measurement: GET of one object, durable create on SQLite,
LIST of 2,000 pods, and 50 watchers that must each see 500 events. Servers run
as processes of their own, so that the client's work is not counted as theirs.
"""

import argparse
import asyncio
import json
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import uvloop
from aiohttp import web

from apiserver.rest.self_signed import self_signed_context

TOKEN = "bench"
WATCHERS, EVENTS = 50, 500
PODS = 2000
START_S = 30

Send = Callable[[int], bytes]


def client_tls() -> ssl.SSLContext:
    """TLS that believes any certificate: the server made its own a second ago."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    at = head.lower().index(b"content-length: ") + 16
    return status, await reader.readexactly(int(head[at : head.index(b"\r\n", at)]))


def request_bytes(method: str, path: str, body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"User-Agent: bench\r\nAccept: application/json\r\n"
    )
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def rate(port: int, send: Send, *, seconds: float, connections: int) -> float:
    """Requests a second over so many connections, each waiting for its answer."""
    done = 0
    pairs = [
        await asyncio.open_connection("127.0.0.1", port, ssl=client_tls())
        for _ in range(connections)
    ]
    end = time.perf_counter() + seconds

    async def one(number: int) -> None:
        nonlocal done
        reader, writer = pairs[number]
        count = 0
        while time.perf_counter() < end:
            writer.write(send(number * 1_000_000 + count))
            status, body = await answer_of(reader)
            assert status < 300, body
            count += 1
        done += count
        writer.close()

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(connections):
            group.create_task(one(number))
    return done / (time.perf_counter() - begin)


async def call(port: int, request: bytes) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=client_tls(), limit=64 * 1024 * 1024
    )
    writer.write(request)
    found = await answer_of(reader)
    writer.close()
    return found


async def run_bare(size: int) -> None:
    """Serve a handler that does nothing but send so many bytes; print the port."""
    body = b"x" * size

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        return web.Response(body=body, content_type="application/json")

    runner = web.ServerRunner(web.Server(handle, access_log=None))
    await runner.setup()
    tls = self_signed_context("127.0.0.1", datetime.now(UTC))
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    print(f"port={runner.addresses[0][1]}", flush=True)
    await asyncio.get_running_loop().create_future()


@asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[int]:
    """A server as a process of its own; the value is its port."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert child.stdout is not None, "it was asked for"
    try:
        async with asyncio.timeout(START_S):
            while line := (await child.stdout.readline()).decode():
                if "port=" in line and "gRPC" not in line:
                    break
        yield int(line.split("port=")[1].split()[0])
    finally:
        child.terminate()
        await child.wait()


async def bare(size: int, measure: Callable[[int], Awaitable[float]]) -> float:
    """The rate of the bare handler."""
    async with process("benchmarks.bench_rest", "--bare", str(size)) as port:
        return await measure(port)


def config_map(name: str) -> bytes:
    """A ConfigMap of 1.2 KB."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "labels": {"app": "bench"}},
            "data": {f"key{number}": "x" * 100 for number in range(10)},
        }
    ).encode()


def pod(name: str) -> bytes:
    """A pod of the usual size."""
    container = {"name": "c", "image": "nginx:1.25", "ports": [{"containerPort": 80}]}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": "web", "tier": "front"}},
            "spec": {"containers": [container]},
        }
    ).encode()


MAPS = "/api/v1/namespaces/default/configmaps"


async def watch(port: int, seen: list[float], ready: asyncio.Semaphore) -> None:
    """Watch until all events came; note how late each one was."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=client_tls(), limit=1024 * 1024
    )
    path = f"{MAPS}?watch=true&labelSelector=watched&timeoutSeconds=60"
    writer.write(request_bytes("GET", path))
    await reader.readuntil(b"\r\n\r\n")
    ready.release()
    count = 0
    while count < EVENTS:
        line = await reader.readline()
        if line.startswith(b'{"type":"ADDED"'):
            at = line.index(b'"sent":"') + 8
            seen.append(time.perf_counter() - float(line[at : line.index(b'"', at)]))
            count += 1
    writer.close()


async def fan_out(port: int) -> tuple[list[float], float]:
    """How late each event came to each watcher, and how long it all took."""
    seen: list[float] = []
    ready = asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as group:
        for _ in range(WATCHERS):
            group.create_task(watch(port, seen, ready))
        for _ in range(WATCHERS):
            await ready.acquire()
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client_tls())
        begin = time.perf_counter()
        for number in range(EVENTS):
            body = {
                "metadata": {"name": f"event-{number}", "labels": {"watched": "yes"}},
                "data": {"sent": repr(time.perf_counter())},
            }
            writer.write(request_bytes("POST", MAPS, json.dumps(body).encode()))
            status, answer = await answer_of(reader)
            assert status == 201, answer
        writer.close()
    return seen, time.perf_counter() - begin


async def measure_all(seconds: float, connections: int) -> None:
    """Start a server and measure it."""
    with tempfile.TemporaryDirectory() as folder:
        tokens = Path(folder) / "tokens.csv"
        tokens.write_text(f'{TOKEN},bench,bench,"system:masters"\n')
        flags = ("--secure-port=0", "--grpc-port=-1", f"--token-auth-file={tokens}")
        async with process("apiserver", f"--store=sqlite://{folder}/state.db", *flags) as port:

            async def sustained(where: int, send: Send) -> float:
                return await rate(where, send, seconds=seconds, connections=connections)

            def get(_: int) -> bytes:
                return request_bytes("GET", f"{MAPS}/one")

            def create(number: int) -> bytes:
                return request_bytes("POST", MAPS, config_map(f"m{number}"))

            status, body = await call(port, request_bytes("POST", MAPS, config_map("one")))
            assert status == 201, body
            for what, send in (("GET", get), ("durable create", create)):
                ours = await sustained(port, send)
                others = await bare(len(body), partial(sustained, send=send))
                tell(what, f"{ours:,.0f}/s", f"{ours / others:.0%} of bare ({others:,.0f}/s)")
            await measure_list(port)
            seen, took = await fan_out(port)
            assert len(seen) == WATCHERS * EVENTS, "an event was lost"
            seen.sort()
            p99 = seen[len(seen) * 99 // 100] * 1000
            tell("watch fan-out", f"{len(seen) / took:,.0f}/s", f"p99 {p99:.1f} ms, nothing lost")


async def measure_list(port: int) -> None:
    """LIST of many pods."""
    path = "/api/v1/namespaces/default/pods"
    account = {"metadata": {"name": "default"}}
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    await call(port, request_bytes("POST", accounts, json.dumps(account).encode()))
    for number in range(PODS):
        if number % 500 == 0:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client_tls())
        writer.write(request_bytes("POST", path, pod(f"pod-{number}")))
        status, body = await answer_of(reader)
        assert status == 201, body
    times = []
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=client_tls(), limit=64 * 1024 * 1024
    )
    for _ in range(15):
        begin = time.perf_counter()
        writer.write(request_bytes("GET", path))
        status, body = await answer_of(reader)
        times.append(time.perf_counter() - begin)
    writer.close()
    tell("LIST 2,000 pods", f"{statistics.median(times) * 1000:.1f} ms", f"{len(body):,} bytes")


def tell(what: str, figure: str, beside: str) -> None:
    """Print one measurement."""
    print(f"{what:18} {figure:>14}  {beside}", flush=True)


def main() -> None:
    """Read the flags and measure."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--seconds", type=float, default=3)
    flags.add_argument("--connections", type=int, default=32)
    flags.add_argument("--bare", type=int, default=0, help=argparse.SUPPRESS)
    found = flags.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if found.bare:
            runner.run(run_bare(found.bare))
        runner.run(measure_all(found.seconds, found.connections))


if __name__ == "__main__":
    main()
