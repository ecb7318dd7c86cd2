"""What the kubelet says its pods take."""

import pytest

from kubelet.server.metrics import page
from kubelet.server.stats import Stats
from tests.component.kubelet.conftest import World
from tests.component.kubelet.lab import is_ready, main_pod, says, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 1024 * 1024


async def test_what_a_pod_wrote_is_told_apart(world: World) -> None:
    script = "head -c 3145728 /dev/zero > /x; head -c 1048576 /dev/zero > /e/x; echo up; sleep 600"
    mounts = "volumeMounts: [{name: e, mountPath: /e}, {name: m, mountPath: /m}]"
    spec = "volumes: [{name: e, emptyDir: {}}, {name: m, emptyDir: {medium: Memory}}]"
    await world.client.create(main_pod("writes", script, mounts, spec))
    await says(world.kubelet, await until(world.client, "writes", is_ready), "up")
    summary = await Stats(world.kubelet.host, world.kubelet.manager).summary()
    (pod,) = [one for one in summary["pods"] if one["podRef"]["name"] == "writes"]
    (main,) = pod["containers"]
    assert 3 * MIB <= main["rootfs"]["usedBytes"] < 4 * MIB
    assert 0 < main["logs"]["usedBytes"] < MIB
    volumes = {one["name"]: one["usedBytes"] for one in pod["volume"]}
    assert 1 * MIB <= volumes["e"] < 2 * MIB
    assert volumes["m"] < MIB
    assert 4 * MIB <= pod["ephemeral-storage"]["usedBytes"] < 6 * MIB
    assert pod["ephemeral-storage"]["capacityBytes"] > 6 * MIB
    text = page(summary)
    labels = 'namespace="default",pod="writes"'
    for line in (
        f'container_cpu_usage_seconds_total{{container="main",{labels}}} ',
        f'container_start_time_seconds{{container="main",{labels}}} ',
        f"pod_memory_working_set_bytes{{{labels}}} ",
        "# TYPE node_cpu_usage_seconds_total counter",
        "resource_scrape_error 0",
    ):
        assert any(one.startswith(line) for one in text.splitlines()), line
