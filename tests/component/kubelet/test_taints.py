"""Pods leave a tainted node when their patience ends, and stay when the taint goes first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from controller_manager.manager import run_controllers
from controller_manager.settings import ControllerSettings
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import SystemClock, seeded
from tests.component.kubelet.lab import NODE, api, gone, hollow_node, is_ready, main_pod, until

TAINT = {"key": "kubernetes.io/e2e-evict", "value": "v", "effect": "NoExecute"}


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[InProcessClient]:
    settings = ControllerSettings(controllers=("taint-eviction",))
    async with api() as client, hollow_node(client, folder), asyncio.TaskGroup() as group:
        running = group.create_task(run_controllers(client, SystemClock(), seeded(), settings))
        yield client
        running.cancel()


async def patient(client: InProcessClient, name: str, seconds: int) -> None:
    toleration = f"key: {TAINT['key']}, operator: Exists, effect: NoExecute"
    spec = (
        f"{{tolerations: [{{{toleration}, tolerationSeconds: {seconds}}}], restartPolicy: Always}}"
    )
    await client.create(main_pod(name, "sleep 600", spec=spec))
    await until(client, name, is_ready)


async def taint(client: InProcessClient, *taints: Any) -> None:
    await client.patch(Node, Key("", NODE), {"spec": {"taints": list(taints)}})


@pytest.mark.conformance(
    "[sig-node] NoExecuteTaintManager Multiple Pods [Serial] evicts pods with minTolerationSeconds "
    "[Disruptive]"
)
async def test_each_pod_goes_when_its_own_patience_ends(tmp_path: Path) -> None:
    async with cluster(tmp_path) as client:
        await patient(client, "soon", 1)
        await patient(client, "later", 3)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await taint(client, TAINT)
        await gone(client, "soon")
        first = loop.time() - began
        await gone(client, "later")
        assert 0.8 < first < 2.8 < loop.time() - began


@pytest.mark.conformance(
    "[sig-node] NoExecuteTaintManager Single Pod [Serial] removing taint cancels eviction "
    "[Disruptive]"
)
async def test_a_taint_that_goes_in_time_ends_nobody(tmp_path: Path) -> None:
    async with cluster(tmp_path) as client:
        await patient(client, "stays", 2)
        await patient(client, "goes", 0)
        await taint(client, TAINT)
        await gone(client, "goes")
        await taint(client)
        await asyncio.sleep(2.5)  # Nothing tells that nothing happens.
        (left,) = (await client.list(Pod)).items
        assert left.metadata.name == "stays"
        assert left.metadata.deletion_timestamp is None
