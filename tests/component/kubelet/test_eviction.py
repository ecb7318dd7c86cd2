"""A node that runs low says so, takes no more, and has the right pod go."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from knarr.cluster.in_process import InProcessClient
from kubelet.eviction.evictor import EvictionOptions
from kubelet.eviction.thresholds import hard
from kubelet.node.shutdown import ShutdownOptions
from tests.component.kubelet.lab import (
    NODE,
    WAIT_S,
    api,
    events,
    get,
    is_over,
    is_ready,
    main_pod,
    printed,
    process_node,
    until,
)
from tests.mounts import require_mounts

ASKS = "resources: {requests: {memory: 1Gi}}"
EMPTY = EvictionOptions(hard=())
LOW = EvictionOptions(hard=hard(("memory.available<99.9%",)), transition_s=0)


@pytest.fixture
async def client() -> AsyncIterator[InProcessClient]:
    async with api() as made:
        yield made


def conditions(one: Pod | Node) -> dict[str, str]:
    return {each.type: each.status for each in one.status.conditions}


async def test_the_pod_that_promised_nothing_goes_first(
    client: InProcessClient, tmp_path: Path
) -> None:
    async with process_node(client, tmp_path, eviction=EMPTY) as kubelet:
        await client.create(main_pod("keeps", "sleep 600", ASKS))
        await client.create(main_pod("goes", "sleep 600"))
        for name in ("keeps", "goes"):
            await until(client, name, is_ready)
        kubelet.evictor.options = LOW
        await kubelet.evictor.look()
        evicted = await until(client, "goes", is_over)
        assert (evicted.status.phase, evicted.status.reason) == ("Failed", "Evicted")
        assert evicted.status.message.startswith("The node was low on resource: memory. ")
        assert conditions(evicted)["DisruptionTarget"] == "True"
        assert is_ready(await get(client, "keeps"))
        assert (await events(client, "goes", "Evicted"))[0].type == "Warning"

        kubelet.agent.look()
        await client.create(main_pod("late", "sleep 600"))
        late = await until(client, "late", is_over)
        assert late.status.message == (
            "Pod was rejected: The node had condition: [MemoryPressure]. "
        )
        node = await client.get(Node, Key("", NODE))
        assert conditions(node)["MemoryPressure"] == "True"


async def test_a_node_that_goes_down_ends_its_pods_in_order(
    client: InProcessClient, tmp_path: Path
) -> None:
    shutdown = ShutdownOptions(grace_s=6, critical_grace_s=3)
    last = f"trap 'date +%s%N > {tmp_path}/$HOSTNAME; exit 0' TERM; echo up; "
    last += "while :; do sleep 0.05; done"
    async with process_node(client, tmp_path, eviction=EMPTY, shutdown=shutdown) as kubelet:
        system = "{priorityClassName: system-node-critical}"
        await client.create(main_pod("ordinary", last))
        await client.create(main_pod("critical", last, spec=system))
        for name in ("ordinary", "critical"):
            running = await until(client, name, is_ready)
            while await printed(kubelet, running) != "up\n":
                await asyncio.sleep(0.05)
        await kubelet.shut_down()
        for name in ("ordinary", "critical"):
            over = await get(client, name)
            assert (over.status.phase, over.status.reason) == ("Failed", "Terminated")
        ends = [int((tmp_path / name).read_text()) for name in ("ordinary", "critical")]
        assert ends[0] < ends[1]
        await client.create(main_pod("late", "true"))
        assert (await until(client, "late", is_over)).status.reason == "NodeShutdown"

        async with asyncio.timeout(WAIT_S):
            while conditions(await client.get(Node, Key("", NODE)))["Ready"] != "False":
                await asyncio.sleep(0.05)


async def test_a_volume_that_grows_too_big_ends_its_pod(
    client: InProcessClient, tmp_path: Path
) -> None:
    require_mounts()
    volumes = """
volumes: [{name: scratch, emptyDir: {sizeLimit: 1Mi}}]
"""
    mount = "volumeMounts: [{name: scratch, mountPath: /scratch}]"
    async with process_node(client, tmp_path, eviction=EMPTY) as kubelet:
        script = "head -c 3145728 /dev/zero > /scratch/x; touch /scratch/done; sleep 600"
        await client.create(main_pod("big", script, mount, volumes))
        running = await until(client, "big", is_ready)
        done = tmp_path / "volumes" / running.metadata.uid / "scratch" / "done"
        while not done.exists():
            await kubelet.agent.refresh()
        await kubelet.evictor.look()
        evicted = await until(client, "big", is_over)
        assert evicted.status.message == (
            'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". '
        )
