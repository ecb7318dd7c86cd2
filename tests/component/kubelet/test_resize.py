"""Containers take other resources while they run, or start again where they ask for that."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from knarr.api.core.pod import Pod
from knarr.api.core.resources import ResourceRequirements
from knarr.api.keys import Key
from knarr.api.meta.options import DeleteOptions
from knarr.api.scalars import Quantity
from knarr.cluster.in_process import InProcessClient
from tests.component.kubelet.lab import WAIT_S, api, docker_node, get, gone, is_ready, pod, until
from tests.dockerd import Dockerd

MI = 1024 * 1024
PENDING, PROGRESS = "PodResizePending", "PodResizeInProgress"


@pytest.fixture
async def client() -> AsyncIterator[InProcessClient]:
    async with api() as made:
        yield made


@pytest.fixture
def engine(dockerd: Dockerd) -> Iterator[Dockerd]:
    yield dockerd
    dockerd.clean()


def container(name: str, requests: str, limits: str = "{}", policy: str = "[]") -> str:
    return f"""
  - name: {name}
    image: busybox:1.28
    command: [sleep, "600"]
    resizePolicy: {policy}
    resources: {{requests: {requests}, limits: {limits}}}"""


def made(name: str, *containers: str) -> Pod:
    return pod(
        f"metadata: {{name: {name}}}\nspec:\n  terminationGracePeriodSeconds: 0\n  containers:"
        + "".join(containers)
    )


async def resize(client: InProcessClient, name: str, sizes: Mapping[str, Any]) -> None:
    containers = [{"name": one, "resources": wanted} for one, wanted in sizes.items()]
    change = {"spec": {"containers": containers}}
    await client.patch(
        Pod, Key("default", name), change, subresource="resize", patch_format="strategic"
    )


def conditions(one: Pod) -> dict[str, str]:
    return {each.type: each.reason for each in one.status.conditions if "Resize" in each.type}


def is_through(one: Pod) -> bool:
    """Whether every container has what the spec asks for."""
    specs = {spec.name: spec.resources for spec in one.spec.containers}
    return (
        is_ready(one)
        and not conditions(one)
        and all(
            status.resources == specs[status.name]
            and status.allocated_resources == specs[status.name].requests
            for status in one.status.container_statuses
        )
    )


def applied(engine: Dockerd, one: Pod) -> dict[str, tuple[int, int, int]]:
    """Shares, quota and memory of each container, as Docker has them."""
    found = {}
    for status in one.status.container_statuses:
        docker_id = status.container_id.removeprefix("docker://")
        host = engine.ask("GET", f"/containers/{docker_id}/json")["HostConfig"]
        found[status.name] = (host["CpuShares"], host["CpuQuota"], host["Memory"] // MI)
    return found


@pytest.mark.conformance(
    "[sig-node] Pod InPlace Resize Container burstable pods - extended 6 containers - various "
    "operations performed (including adding limits and requests) [MinimumKubeletVersion:1.34]",
    "[sig-node] Pod InPlace Resize Container burstable pods - extended resize with equivalents "
    "[MinimumKubeletVersion:1.34]",
)
async def test_limits_and_requests_are_changed_and_added(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    before = "{cpu: 20m, memory: 20Mi}", "{cpu: 100m, memory: 40Mi}"
    async with docker_node(client, engine, tmp_path):
        await client.create(
            made(
                "many",
                container("c1", *before),
                container("c2", "{cpu: 20m}"),
                container("c3", "{}"),
                container("c4", *before),
            )
        )
        running = await until(client, "many", is_ready)
        assert applied(engine, running)["c1"] == (20, 10_000, 40)
        grown = {"requests": {"cpu": "40m", "memory": "30Mi"}, "limits": {"memory": "60Mi"}}
        limited = {"requests": {"cpu": "20m"}, "limits": {"cpu": "200m"}}
        added = {"requests": {"cpu": "30m"}, "limits": {"cpu": "0.05", "memory": "50Mi"}}
        same = {"limits": {"cpu": "0.1"}}
        sizes = {"c1": grown, "c2": limited, "c3": added, "c4": same}
        await resize(client, "many", sizes)
        resized = await until(
            client, "many", lambda one: is_through(one) and one.spec != running.spec
        )
        shown = applied(engine, resized)
        assert shown["c1"] == (40, 10_000, 60)
        assert shown["c2"] == (20, 20_000, 0)
        assert shown["c3"] == (30, 5_000, 50)
        assert shown["c4"] == (20, 10_000, 40)
        assert [one.restart_count for one in resized.status.container_statuses] == [0] * 4
        assert resized.status.observed_generation == resized.metadata.generation


@pytest.mark.conformance(
    "[sig-node] Pod InPlace Resize Container guaranteed pods with multiple containers 3 "
    "containers - increase cpu & mem on c1, c2, decrease cpu & mem on c3 - net increase "
    "[MinimumKubeletVersion:1.34]",
    "[sig-node] Pod InPlace Resize Container guaranteed pods with multiple containers 3 "
    "containers - increase cpu & mem on c1, decrease cpu & mem on c2, c3 - net decrease "
    "[MinimumKubeletVersion:1.34]",
    "[sig-node] Pod InPlace Resize Container guaranteed pods with multiple containers 3 "
    "containers - increase: CPU (c1,c3), memory (c2, c3) ; decrease: CPU (c2) "
    "[MinimumKubeletVersion:1.34]",
    "[sig-node] Pod InPlace Resize Container resize pod via the replace endpoint "
    "[MinimumKubeletVersion:1.34]",
)
async def test_a_guaranteed_pod_shifts_what_it_has(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    def size(cpu: int, memory: int) -> dict[str, Any]:
        amounts = {"cpu": f"{cpu}m", "memory": f"{memory}Mi"}
        return {"requests": amounts, "limits": amounts}

    async with docker_node(client, engine, tmp_path):
        first = "{cpu: 100m, memory: 40Mi}"
        restart = "[{resourceName: memory, restartPolicy: RestartContainer}]"
        await client.create(
            made(
                "three",
                container("c1", first, first),
                container("c2", first, first),
                container("c3", first, first, restart),
            )
        )
        running = await until(client, "three", is_ready)
        assert running.status.qos_class == "Guaranteed"
        for cpus, memories, restarts in (
            ((120, 110, 80), (50, 45, 40), (0, 0, 0)),
            ((150, 90, 80), (50, 42, 30), (0, 0, 1)),
            ((160, 80, 90), (50, 60, 50), (0, 0, 2)),
        ):
            sizes = {f"c{number + 1}": size(cpus[number], memories[number]) for number in range(3)}
            await resize(client, "three", sizes)
            at = (await get(client, "three")).metadata.generation

            def is_done(one: Pod, at: int = at) -> bool:
                return is_through(one) and one.status.observed_generation == at

            resized = await until(client, "three", is_done)
            assert applied(engine, resized) == {
                f"c{n + 1}": (cpus[n] * 1024 // 1000, cpus[n] * 100, memories[n]) for n in range(3)
            }
            counts = tuple(one.restart_count for one in resized.status.container_statuses)
            assert counts == restarts


async def test_what_does_not_fit_waits_or_is_refused(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    cpus = os.cpu_count() or 1
    async with docker_node(client, engine, tmp_path):
        await client.create(made("big", container("main", f"{{cpu: {cpus * 1000 - 500}m}}")))
        await client.create(made("small", container("main", "{cpu: 100m}")))
        await until(client, "big", is_ready)
        await until(client, "small", is_ready)

        await resize(client, "small", {"main": {"requests": {"cpu": f"{cpus * 2}"}}})
        refused = await until(client, "small", lambda one: PENDING in conditions(one))
        assert conditions(refused) == {PENDING: "Infeasible"}
        await resize(client, "small", {"main": {"requests": {"cpu": "800m"}}})
        waits = await until(client, "small", lambda one: conditions(one)[PENDING] == "Deferred")
        assert waits.status.container_statuses[0].allocated_resources == {"cpu": "100m"}
        assert applied(engine, waits)["main"][0] == 102

        now = DeleteOptions(grace_period_seconds=0)
        await client.delete(Pod, Key("default", "big"), now)
        await gone(client, "big")
        resized = await until(client, "small", is_through)
        assert applied(engine, resized)["main"][0] == 819


def around(engine: Dockerd, one: Pod) -> Path:
    """The cgroup for memory around the first container."""
    docker_id = one.status.container_statuses[0].container_id.removeprefix("docker://")
    pid = engine.ask("GET", f"/containers/{docker_id}/json")["State"]["Pid"]
    places = {
        line.split(":", 2)[1]: line.split(":", 2)[2]
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    }
    inner = Path("/sys/fs/cgroup") / ("memory" if "memory" in places else "")
    return (inner / places.get("memory", places.get("", "")).lstrip("/")).parent


def memory_of(folder: Path) -> int:
    for name in ("memory.limit_in_bytes", "memory.max"):
        if (folder / name).exists():
            return int((folder / name).read_text()) // MI
    raise AssertionError(f"{folder} limits no memory")


async def test_a_pod_as_a_whole_is_limited_and_takes_other_resources(
    client: InProcessClient, engine: Dockerd, tmp_path: Path
) -> None:
    async with docker_node(client, engine, tmp_path):
        before = made("whole", container("c1", "{}"), container("c2", "{}"))
        sizes = ResourceRequirements(
            requests={"cpu": Quantity("20m")},
            limits={"cpu": Quantity("100m"), "memory": Quantity("40Mi")},
        )
        await client.create(replace(before, spec=replace(before.spec, resources=sizes)))
        running = await until(client, "whole", is_ready)
        folder = around(engine, running)
        assert memory_of(folder) == 40
        assert running.status.resources is not None
        assert running.status.resources.limits["memory"] == "40Mi"
        for limits in ({"memory": "60Mi", "cpu": "0.2"}, {"memory": "50Mi", "cpu": "50m"}):
            change = {"spec": {"resources": {"limits": limits}}}
            await client.patch(
                Pod, Key("default", "whole"), change, subresource="resize", patch_format="strategic"
            )
            wanted = limits["memory"]
            through = await until(
                client,
                "whole",
                lambda one, wanted=wanted: (  # type: ignore[misc]
                    one.status.resources is not None
                    and one.status.resources.limits["memory"] == wanted
                    and not conditions(one)
                ),
            )
            assert memory_of(folder) == int(wanted.removesuffix("Mi"))
            assert [one.restart_count for one in through.status.container_statuses] == [0, 0]
            assert through.status.allocated_resources["cpu"] == "20m"
        await client.delete(Pod, Key("default", "whole"), DeleteOptions(grace_period_seconds=0))
        async with asyncio.timeout(WAIT_S):
            while folder.exists():
                await asyncio.sleep(0.05)
