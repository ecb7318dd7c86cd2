"""How many queries one process answers, and how fast while endpoints change.

python -m benchmarks.bench_dns [--services 1000] [--seconds 5] [--rounds 1] [--compare]

Needs dnsperf (Debian package dnsperf). The machine's other core runs the
client, so queries per second of the server's CPU time are what to compare.
Server and client ask for short turns as knarr-dns does, so that neither waits
for the API server whose changes it hears of; --compare shows one without, and one
with --real-time-priority, which needs root.
With root it also says how late the answers were that came while the machine itself
did not stand still: on a virtual machine that is often what the slowest waited for.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import re
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import nullcontext, suppress
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop
from msgspec.structs import replace

from apiserver.auth.authenticate import Authentication
from apiserver.auth.gate import Gate
from apiserver.grpc.server import serve_grpc
from apiserver.registry.registry import Registry
from apiserver.registry.request import User
from apiserver.registry.settings import Settings
from apiserver.storage.memory import MemoryStore
from benchmarks.stalls import Stalls, watched
from dns.corefile import parse
from dns.dns import Dns, DnsOptions
from knarr.api.core.namespace import Namespace
from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.discovery.endpoint_slice import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
)
from knarr.api.errors import AlreadyExistsError
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.connection import Credentials
from knarr.client.grpc import connect
from knarr.client.informers import Informers
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import SystemClock, seeded
from knarr.daemon.run import spare_collections
from knarr.daemon.slices import ask_for_short_turns, come_first

COREFILE = ".:53 {\n errors\n kubernetes cluster.local in-addr.arpa\n loadbalance\n}"
TOKEN = "benchmark"
HEADLESS = 50
ENDPOINTS = 10


async def serve_api(services: int, changes_a_second: float, pipe: Connection) -> None:
    """Be the API server of so many Services, whose endpoints change all the while."""
    root = User("root", groups=("system:masters",))
    gate = Gate(Authentication(tokens={TOKEN: root}), ())
    registry = Registry(
        MemoryStore(),
        clock=SystemClock(),
        rng=seeded(1),
        settings=Settings(service_account_tokens=False),
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(registry.run())
        await registry.ready()
        client = InProcessClient(registry)
        slices = await fill(client, services)
        async with serve_grpc(registry, gate, "127.0.0.1", 0) as front:
            pipe.send(front.port)
            turn = 0
            while not pipe.poll():
                await asyncio.sleep(1 / changes_a_second if changes_a_second else 0.05)
                if changes_a_second:
                    turn += 1
                    slices[turn % HEADLESS] = await toggled(client, slices[turn % HEADLESS], turn)
        running.cancel()


async def fill(client: InProcessClient, services: int) -> list[EndpointSlice]:
    """Make the Services, some of them headless with endpoints."""
    slices = []
    with suppress(AlreadyExistsError):
        await client.create(Namespace(metadata=ObjectMeta(name="default")))
    for number in range(services):
        headless = number < HEADLESS
        meta = ObjectMeta(name=f"s{number}", namespace="default")
        spec = ServiceSpec(
            cluster_ip="None" if headless else "", ports=(ServicePort(name="http", port=80),)
        )
        await client.create(Service(metadata=meta, spec=spec))
        if headless:
            slices.append(await client.create(slice_of(number)))
    return slices


def slice_of(number: int) -> EndpointSlice:
    """The endpoints of a headless Service."""
    name = f"s{number}"
    return EndpointSlice(
        metadata=ObjectMeta(
            name=name, namespace="default", labels={"kubernetes.io/service-name": name}
        ),
        address_type="IPv4",
        endpoints=tuple(
            Endpoint(
                addresses=(f"10.1.{number}.{i + 1}",), conditions=EndpointConditions(ready=True)
            )
            for i in range(ENDPOINTS)
        ),
        ports=(EndpointPort(name="http", port=8080, protocol="TCP"),),
    )


TURNS: Mapping[str, Callable[[], object]] = {
    "short turns": ask_for_short_turns,
    "turns as others have": bool,
    "real-time priority": come_first,
}
"""What a process asks the kernel for."""


async def serve(server: int, turns: str, pipe: Connection) -> None:
    """Be the name server until told to stop."""
    TURNS[turns]()
    async with (
        connect((f"127.0.0.1:{server}",), Credentials(token=TOKEN)) as client,
        Informers(client) as informers,
    ):
        options = DnsOptions(blocks=parse(COREFILE), ports=(0,))
        dns = Dns(options, informers, SystemClock(), seeded(1))
        async with asyncio.TaskGroup() as group:
            running = group.create_task(dns.run())
            await dns.ready.wait()
            spare_collections()
            pipe.send(dns.places[0][1])
            await asyncio.to_thread(pipe.recv)
            began = usage()
            await asyncio.to_thread(pipe.recv)
            pipe.send(usage() - began)
            running.cancel()


async def toggled(client: InProcessClient, one: EndpointSlice, turn: int) -> EndpointSlice:
    """One endpoint changes between ready and not."""
    at = turn % ENDPOINTS
    endpoint = one.endpoints[at]
    is_ready = endpoint.conditions is not None and endpoint.conditions.ready
    changed = replace(endpoint, conditions=EndpointConditions(ready=not is_ready))
    endpoints = (*one.endpoints[:at], changed, *one.endpoints[at + 1 :])
    return await client.update(replace(one, endpoints=endpoints))


def usage() -> float:
    """CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(work: Callable[..., Coroutine[None, None, None]], *arguments: object) -> None:
    """One of the two processes."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work(*arguments))


def measure(
    services: int, seconds: int, *, changes: float, rate: int, turns: str = "short turns"
) -> None:
    """One run of dnsperf against a server of its own."""
    to_api, api_pipe = multiprocessing.Pipe()
    api = multiprocessing.Process(target=run, args=(serve_api, services, changes, api_pipe))
    api.start()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=run, args=(serve, to_api.recv(), turns, theirs))
    server.start()
    port = ours.recv()
    with tempfile.TemporaryDirectory() as folder:
        names = Path(folder) / "names"
        # In no order: those that change one after the other are not asked for so.
        order = random.Random(1).sample(range(services), services)
        names.write_text("".join(f"s{i}.default.svc.cluster.local A\n" for i in order))
        command = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(names)]
        command += ["-l", str(seconds), "-c", "4", "-q", "200"]
        # Each question once: the first answer to one is made, the others are ready.
        subprocess.run([*command[:-6], "-n", "1"], capture_output=True, check=True)
        if rate:
            command += ["-Q", str(rate), "-v"]
        ours.send("begin")
        began = time.monotonic()
        with watched() if rate else nullcontext() as stalls:
            blocks = list(printed_by(command, TURNS[turns]))
        passed = time.monotonic() - began
    ours.send("stop")
    cpu = ours.recv()
    to_api.send("stop")
    server.join()
    api.join()
    printed = b"".join(block for _, block in blocks).decode()
    completed = int(re.search(r"Queries completed:\s+(\d+)", printed)[1])  # type: ignore[index]
    lost = int(re.search(r"Queries lost:\s+(\d+)", printed)[1])  # type: ignore[index]
    print(
        f"{services} services, {changes:.0f} changes/s, "
        f"{'as fast as it goes' if not rate else f'{rate}/s'}"
        f", {turns}: {completed / seconds:,.0f}/s, "
        f"{completed / cpu:,.0f} per CPU second of the server ({cpu / passed:.0%} of a core), "
        f"{lost} lost"
    )
    if rate:
        print("   ", "; ".join(latencies(answers_in(blocks), stalls, passed)))


def printed_by(command: list[str], ask: Callable[[], object]) -> Iterator[tuple[float, bytes]]:
    """What the command prints, as it comes, and when that was."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        preexec_fn=ask,  # noqa: PLW1509 - there are no threads here
        bufsize=0,
    ) as running:
        assert running.stdout is not None, "its output was asked for"
        while block := running.stdout.read(65536):
            yield time.perf_counter(), block
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)


def answers_in(blocks: list[tuple[float, bytes]]) -> list[tuple[float, float, float]]:
    """Of each answer when at the earliest and the latest it was printed, and what it took.

    dnsperf prints when it has enough to print: a block's answers came since the last one.
    """
    found = []
    before, rest = blocks[0][0], b""
    for at, block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        took = (line.rpartition(b" ")[2] for line in lines if line.startswith(b"> "))
        found += [(before, at, float(one)) for one in took]
        before = at
    return found


def latencies(
    answers: list[tuple[float, float, float]], stalls: Stalls | None, passed: float
) -> list[str]:
    """How long answers took: all of them, and those that no stall of the machine met."""
    lines = [f"all answers: {slowest([took for _, _, took in answers])}"]
    if stalls is not None:
        free = [t for begin, end, t in answers if not stalls.met(begin - t, end)]
        share = stalls.seconds / passed / len(os.sched_getaffinity(0))
        lines.append(
            f"the {len(free) / len(answers):.1%} of them that came while the machine "
            f"did not stand still (as it did {share:.1%} of the time): {slowest(free)}"
        )
    return lines


def slowest(took: list[float]) -> str:
    """The middle and the slow end of these."""
    found = sorted(took)
    at = {word: found[min(int(len(found) * part), len(found) - 1)] for word, part in PARTS.items()}
    return ", ".join(f"{word} {value * 1000:.2f} ms" for word, value in at.items())


PARTS = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}


def main() -> None:
    """Run all of it."""
    flags = argparse.ArgumentParser()
    flags.add_argument("--services", type=int, default=1000)
    flags.add_argument("--seconds", type=int, default=5)
    flags.add_argument("--rounds", type=int, default=1)
    flags.add_argument("--compare", action="store_true")
    found = flags.parse_args()
    compared = list(TURNS) if found.compare else ["short turns"]
    measure(found.services, found.seconds, changes=0, rate=0)
    for _ in range(found.rounds):
        for turns in compared:
            measure(found.services, found.seconds, changes=100, rate=10_000, turns=turns)


if __name__ == "__main__":
    main()
