"""How fast a cluster starts, how little it needs when idle, how fast it rolls 500 pods.

    python -m benchmarks.bench_cluster [--nodes 100] [--replicas 500] [--idle-seconds 10]

Starts clusters of its own with the real command and deletes them again.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from knarr.api.apps.deployment import Deployment, DeploymentSpec
from knarr.api.core.container import Container
from knarr.api.core.pod import Pod, PodSpec, PodTemplateSpec
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.client.client import Client
from knarr.client.connection import Credentials
from knarr.client.grpc import connect

ROOT = Path(__file__).parents[1]
LABELS = {"app": "bench"}
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Cluster:
    """A cluster in a folder of its own."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.name = f"bench{os.getpid()}"

    def knarr(self, *words: str) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "KUBECONFIG": str(self.folder / "kubeconfig"),
            "XDG_STATE_HOME": str(self.folder),
            # As on any machine the second start finds compiled modules, whatever the shell says.
            "PYTHONPYCACHEPREFIX": str(self.folder / "bytecode"),
            "PYTHONDONTWRITEBYTECODE": "",
        }
        subprocess.run(
            [sys.executable, "-m", "knarr.cluster", *words, "--name", self.name],
            env=environment,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def up(self, *flags: str) -> float:
        """Start it; answer the seconds until it was ready."""
        began = time.perf_counter()
        self.knarr("up", "--detach", "--rest-port", "0", "--grpc-port", "0", *flags)
        return time.perf_counter() - began

    def running(self) -> dict[str, str | int]:
        path = self.folder / "knarr" / self.name / "running.json"
        found: dict[str, str | int] = json.loads(path.read_text())
        return found

    def token(self) -> str:
        path = self.folder / "knarr" / self.name / "tokens.csv"
        return path.read_text().partition(",")[0]

    def authority(self) -> bytes:
        return (self.folder / "knarr" / self.name / "pki" / "ca.crt").read_bytes()


def resident_mb(pid: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def busy_s(pid: int) -> float:
    """Processor seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def deployment(replicas: int, image: str) -> Deployment:
    """A Deployment whose pods do nothing."""
    template = PodTemplateSpec(
        metadata=ObjectMeta(labels=LABELS),
        spec=PodSpec(containers=(Container(name="main", image=image, command=("sleep", "1d")),)),
    )
    return Deployment(
        metadata=ObjectMeta(name="bench", namespace="default", labels=LABELS),
        spec=DeploymentSpec(
            replicas=replicas,
            selector=LabelSelector(match_labels=LABELS),
            template=template,
        ),
    )


async def until(client: Client, holds: Callable[[Deployment], bool]) -> None:
    """Wait until the Deployment is as wanted."""
    selector = "metadata.name=bench"
    listed = await client.list(Deployment, field_selector=selector)
    if any(holds(one) for one in listed.items):
        return
    async for batch in client.watch(Deployment, after=listed.revision, field_selector=selector):
        for event in batch:
            if event.object is not None and holds(event.object):
                return


async def roll(cluster: Cluster, replicas: int) -> None:
    """Create, roll and delete a Deployment; print the seconds."""
    credentials = Credentials(authority=cluster.authority(), token=cluster.token())
    async with connect((str(cluster.running()["grpc"]),), credentials) as client:

        def is_rolled(one: Deployment) -> bool:
            status = one.status
            return (
                status.observed_generation >= one.metadata.generation
                and status.updated_replicas == status.available_replicas == replicas
                and status.replicas == replicas
            )

        pid = int(cluster.running()["pid"])
        marks = [(time.perf_counter(), busy_s(pid))]

        def mark() -> None:
            marks.append((time.perf_counter(), busy_s(pid)))

        await client.create(deployment(replicas, "nginx:1.15"))
        await until(client, is_rolled)
        mark()
        change = [
            {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "nginx:2"}
        ]
        key = Key("default", "bench")
        await client.patch(Deployment, key, change, patch_format="json")
        await until(client, is_rolled)
        mark()
        await client.delete(Deployment, key)
        while (await client.list(Pod, label_selector="app=bench", limit=1)).items:
            await asyncio.sleep(0.05)
        mark()
    took = [
        f"{what} {at - at_before:.2f} ({busy - busy_before:.2f} of the processor)"
        for what, (at_before, busy_before), (at, busy) in zip(
            ("create", "roll", "delete"), marks, marks[1:], strict=False
        )
    ]
    print(f"{replicas} replicas, seconds: {', '.join(took)}")


def main() -> None:
    """Measure and print."""
    flags = argparse.ArgumentParser()
    flags.add_argument("--nodes", type=int, default=100)
    flags.add_argument("--replicas", type=int, default=500)
    flags.add_argument("--idle-seconds", type=float, default=10.0)
    found = flags.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(folder)
        try:
            first = cluster.up()
            cluster.knarr("down")
            again = cluster.up()
            pid = int(cluster.running()["pid"])
            time.sleep(1)
            busy = busy_s(pid)
            time.sleep(found.idle_seconds)
            share = (busy_s(pid) - busy) / found.idle_seconds * 100
            print(f"start to ready: first {first:.2f} s, again {again:.2f} s")
            print(f"idle, one process: {resident_mb(pid):.0f} MB, {share:.1f} % of a core")
            cluster.knarr("delete")
            hollow = cluster.up("--nodes", str(found.nodes), "--runtime", "hollow")
            pid = int(cluster.running()["pid"])
            print(f"start with {found.nodes} hollow nodes: {hollow:.2f} s")
            asyncio.run(roll(cluster, found.replicas))
            print(f"afterwards: {resident_mb(pid):.0f} MB")
        finally:
            cluster.knarr("delete")


if __name__ == "__main__":
    main()
