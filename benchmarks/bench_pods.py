"""How long pods take from create to Ready on a node with Docker, through the whole system.

    python -m benchmarks.bench_pods [--host unix:///var/run/docker.sock] [--rounds 20] [--pods 50]

Needs the image busybox:1.28 in that engine. Prints p50 and p99 for one pod at a
time, the same work done by Docker alone (the same sandbox and container, with
network and mounts, created and started one after the other), and how long many
pods at once take.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from knarr.api.core.container import Container
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.options import DeleteOptions
from knarr.client.client import Client
from knarr.client.connection import Credentials
from knarr.client.grpc import connect
from knarr.daemon.child import run
from knarr.daemon.run import run_once
from kubelet.runtime.docker import names
from kubelet.runtime.docker.engine import Engine, Json
from kubelet.runtime.docker.engine import connect as connect_docker

NAME = "bench"
MODEL = "model"
"""The pod whose containers Docker is to make alone."""

WAIT_S = 120.0
POD_S = 3.0
"""What is allowed for each pod beside that."""


def _pod(name: str) -> Pod:
    main = Container(name="main", image="busybox:1.28", command=("sleep", "3600"))
    spec = PodSpec(containers=(main,), termination_grace_period_seconds=0)
    return Pod(metadata=ObjectMeta(name=name, namespace="default"), spec=spec)


def _is_ready(pod: Pod) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions)


@asynccontextmanager
async def cluster(folder: Path, host: str) -> AsyncIterator[Client]:
    """A cluster on a Docker engine, and the way to it."""
    os.environ["DOCKER_HOST"] = host
    words = (sys.executable, "-m", "knarr.cluster")
    where = ("--name", NAME, "--state-dir", str(folder), "--kubeconfig", str(folder / "config"))
    flags = ("--runtime", "docker", "--detach", "--rest-port", "0", "--grpc-port", "0")
    code, _, told = await run((*words, "up", *where, *flags), timeout_s=WAIT_S)
    if code:
        raise SystemExit(told.decode())
    try:
        running = json.loads((folder / NAME / "running.json").read_text())
        token = (folder / NAME / "tokens.csv").read_text().partition(",")[0]
        authority = (folder / NAME / "pki" / "ca.crt").read_bytes()
        async with connect(
            (running["grpc"],), Credentials(authority=authority, token=token), field_manager=NAME
        ) as client:
            yield client
    finally:
        await run((*words, "delete", *where), timeout_s=WAIT_S)


async def _until_ready(client: Client, names: set[str], after: int) -> None:
    async with asyncio.timeout(WAIT_S + POD_S * len(names)):
        async for batch in client.watch(Pod, namespace="default", after=after):
            for event in batch:
                if event.object is not None and _is_ready(event.object):
                    names.discard(event.object.metadata.name)
            if not names:
                return


async def _one_by_one(client: Client, rounds: int) -> list[float]:
    times = []
    for number in range(rounds):
        name = f"one-{number}"
        revision = await client.revision_now()
        began = time.perf_counter()
        await client.create(_pod(name))
        await _until_ready(client, {name}, revision)
        times.append(time.perf_counter() - began)
        await client.delete(Pod, Key("default", name), DeleteOptions(grace_period_seconds=0))
        await asyncio.sleep(0.5)
    return times


async def at_once(client: Client, count: int) -> float:
    """Make many pods; answer how long it took until all were ready."""
    wanted = {f"many-{number}" for number in range(count)}
    revision = await client.revision_now()
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for name in wanted:
            group.create_task(client.create(_pod(name)))
    await _until_ready(client, set(wanted), revision)
    return time.perf_counter() - began


async def _docker_alone(client: Client, engine: Engine, rounds: int) -> list[float]:
    """Make the containers of a pod again, as the kubelet made them, without it."""
    revision = await client.revision_now()
    await client.create(_pod(MODEL))
    await _until_ready(client, {MODEL}, revision)
    sandbox, app = await _containers(engine, MODEL)
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        made = await _start(engine, _body(sandbox))
        beside = {"NetworkMode": f"container:{made}", "IpcMode": f"container:{made}"}
        second = await _start(engine, _body(app, beside))
        times.append(time.perf_counter() - began)
        for one in (second, made):
            await engine.raw("DELETE", f"/containers/{one}?force=1")
    await client.delete(Pod, Key("default", MODEL), DeleteOptions(grace_period_seconds=0))
    return times


async def _containers(engine: Engine, name: str) -> list[Json]:
    """What Docker says of the containers of a pod, its sandbox first."""
    query = {"filters": json.dumps({"label": [f"{names.POD_NAME}={name}"]})}
    listed = await engine.json("GET", "/containers/json", query=query)
    listed.sort(key=lambda one: one["Labels"][names.KIND] != "sandbox")
    return [await engine.json("GET", f"/containers/{one['Id']}/json") for one in listed]


def _body(told: Json, beside: Mapping[str, str] | None = None) -> Json:
    config = {name: told["Config"][name] for name in ("Image", "Cmd", "Entrypoint", "Env")}
    if beside is None:
        config["Hostname"] = told["Config"]["Hostname"]
    return {**config, "HostConfig": {**told["HostConfig"], **(beside or {})}}


async def _start(engine: Engine, body: Json) -> str:
    made = await engine.json("POST", "/containers/create", body=body)
    await engine.raw("POST", f"/containers/{made['Id']}/start")
    return str(made["Id"])


def _say(what: str, times: list[float]) -> None:
    ordered = sorted(times)
    last = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    sys.stdout.write(f"{what}: p50 {statistics.median(times):.2f} s, p99 {last:.2f} s\n")


async def _main(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        async with cluster(Path(folder), options.host) as client:
            times = await _one_by_one(client, options.rounds)
            _say("one pod, create to Ready", times)
            async with connect_docker(options.host) as engine:
                alone = await _docker_alone(client, engine, options.rounds)
            _say("the same by Docker alone", alone)
            share = statistics.median(alone) / statistics.median(times)
            sys.stdout.write(f"Docker's share: {share:.0%}\n")
            took_s = await at_once(client, options.pods)
            sys.stdout.write(f"{options.pods} pods at once on one node: {took_s:.1f} s\n")
    return 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time from a pod's create to its Ready.")
    parser.add_argument("--host", default="unix:///var/run/docker.sock")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--pods", type=int, default=50)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run_once(lambda: _main(parser.parse_args())))


if __name__ == "__main__":
    main()
