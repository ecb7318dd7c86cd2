"""Pods that claim devices: which they get, where they land, and what they are told."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from knarr.api import codec
from knarr.api.core.pod import Pod, PodResourceClaim
from knarr.api.keys import Key
from knarr.api.pods import condition_of
from knarr.api.resource.dynamic_resources import (
    AllocationResult,
    DeviceClass,
    ResourceClaim,
    ResourceSlice,
)
from knarr.client.client import Client
from scheduler.devices.allocate import allocate
from scheduler.devices.inventory import Inventory
from scheduler.devices.offer import offered
from tests.unit.scheduler.test_scheduler import cluster, pod

DRIVER = "gpu.example.com"


def device(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **more}


def gpu(name: str, memory: str = "8Gi", model: str = "a", numa: int = 0) -> dict[str, Any]:
    return device(
        name,
        attributes={"model": {"string": model}, "numa": {"int": numa}, "v": {"version": "1.2.3"}},
        capacity={"memory": {"value": memory}},
    )


def slice_of(name: str, devices: list[dict[str, Any]], **spec: Any) -> ResourceSlice:
    pool = {"name": spec.pop("pool", name), "generation": 1, "resourceSliceCount": 1}
    plain = {"driver": DRIVER, "pool": {**pool, **spec.pop("of", {})}, "devices": devices, **spec}
    found: ResourceSlice = codec.from_plain(
        ResourceSlice, {"metadata": {"name": name}, "spec": plain}
    )
    return found


def device_class(name: str = "gpu", *expressions: str, **spec: Any) -> DeviceClass:
    selectors = [{"cel": {"expression": each}} for each in expressions]
    found: DeviceClass = codec.from_plain(
        DeviceClass, {"metadata": {"name": name}, "spec": {"selectors": selectors, **spec}}
    )
    return found


def request(name: str = "r", *expressions: str, **more: Any) -> dict[str, Any]:
    exactly = {
        "deviceClassName": "gpu",
        "allocationMode": "ExactCount",
        "count": 1,
        "selectors": [{"cel": {"expression": each}} for each in expressions],
        **more,
    }
    return {"name": name, "exactly": exactly}


def claim(name: str, *requests: dict[str, Any], **devices: Any) -> ResourceClaim:
    found: ResourceClaim = codec.from_plain(
        ResourceClaim,
        {
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"devices": {"requests": list(requests), **devices}},
        },
    )
    return found


def inventory(*slices: ResourceSlice, classes: tuple[DeviceClass, ...] = ()) -> Inventory:
    made = Inventory()
    for each in classes or (device_class(),):
        made.put_class(each.metadata.name, each)
    for one in slices:
        made.put_slice(one.metadata.name, one)
    return made


def given(
    made: Inventory, *claims: ResourceClaim, node: str = "n0", labels: dict[str, str] | None = None
) -> list[list[tuple[str, str]]] | None:
    """Which request of each claim gets which device."""
    found = allocate(made, node, offered(made, node, labels or {}), claims)
    if found is None:
        return None
    return [[(each.request, each.device) for each in devices(one)] for one in found]


def devices(allocation: AllocationResult) -> Any:
    assert allocation.devices is not None
    return allocation.devices.results


GPUS = [gpu("g0", "8Gi"), gpu("g1", "16Gi", "b", 1), gpu("g2", "16Gi", "b", 0)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("true", "g0", id="the first that will do"),
        pytest.param("false", None, id="none"),
        pytest.param(f'device.driver == "{DRIVER}"', "g0", id="by driver"),
        pytest.param(f'device.attributes["{DRIVER}"].model == "b"', "g1", id="by a text"),
        pytest.param(
            f'device.attributes["{DRIVER}"].numa == 0 '
            f'&& device.attributes["{DRIVER}"].model == "b"',
            "g2",
            id="by two attributes",
        ),
        pytest.param(
            f'device.capacity["{DRIVER}"].memory.compareTo(quantity("10Gi")) >= 0',
            "g1",
            id="by capacity",
        ),
        pytest.param(
            f'device.attributes["{DRIVER}"].v.isGreaterThan(semver("1.0.0"))', "g0", id="by version"
        ),
        pytest.param('device.attributes["other.com"].x == 1', None, id="what it does not have"),
        pytest.param('"other.com" in device.attributes', None, id="whether it has a domain"),
        pytest.param("device.nonsense(", None, id="no expression"),
    ],
)
def test_expressions_select_devices(expression: str, expected: str | None) -> None:
    made = inventory(slice_of("s", GPUS, nodeName="n0"))
    wanted = claim("c", request("r", expression))
    assert given(made, wanted) == ([[("r", expected)]] if expected else None)
    by_class = inventory(
        slice_of("s", GPUS, nodeName="n0"), classes=(device_class("gpu", expression),)
    )
    assert given(by_class, claim("c", request())) == ([[("r", expected)]] if expected else None)


@pytest.mark.parametrize(
    ("requests", "constraints", "expected"),
    [
        pytest.param([request(count=2)], [], ["g0", "g1"], id="two of a kind"),
        pytest.param([request(count=4)], [], None, id="more than there are"),
        pytest.param(
            [request(allocationMode="All", count=0)], [], ["g0", "g1", "g2"], id="all of them"
        ),
        pytest.param([request("a"), request("b")], [], ["g0", "g1"], id="two requests"),
        pytest.param(
            [request(count=2)],
            [{"matchAttribute": f"{DRIVER}/model"}],
            ["g1", "g2"],
            id="alike, found by going back",
        ),
        pytest.param(
            [request("a"), request("b")],
            [{"matchAttribute": f"{DRIVER}/numa"}],
            ["g0", "g2"],
            id="alike over requests",
        ),
        pytest.param(
            [request("a"), request("b")],
            [{"matchAttribute": f"{DRIVER}/model", "requests": ["a"]}],
            ["g0", "g1"],
            id="a constraint of another request",
        ),
        pytest.param(
            [request(count=2)],
            [{"distinctAttribute": f"{DRIVER}/numa"}],
            ["g0", "g1"],
            id="different",
        ),
        pytest.param(
            [request(count=3)], [{"distinctAttribute": f"{DRIVER}/numa"}], None, id="too few kinds"
        ),
        pytest.param(
            [request()], [{"matchAttribute": "other.com/x"}], None, id="without the attribute"
        ),
    ],
)
def test_requests_and_constraints(
    requests: list[dict[str, Any]], constraints: list[Any], expected: list[str] | None
) -> None:
    made = inventory(slice_of("s", GPUS, nodeName="n0"))
    found = given(made, claim("c", *requests, constraints=constraints))
    assert (None if found is None else [name for _, name in found[0]]) == expected


def test_the_first_alternative_that_works_is_taken() -> None:
    made = inventory(slice_of("s", GPUS, nodeName="n0"))
    options = [
        {"name": name, "deviceClassName": "gpu", "allocationMode": "ExactCount", **more}
        for name, more in (("many", {"count": 9}), ("two", {"count": 2}), ("one", {"count": 1}))
    ]
    wanted = claim("c", {"name": "r", "firstAvailable": options})
    assert given(made, wanted) == [[("r/two", "g0"), ("r/two", "g1")]]


def test_what_a_claim_has_nobody_else_gets() -> None:
    made = inventory(slice_of("s", GPUS, nodeName="n0"))
    first = claim("first", request(count=2))
    (allocation,) = allocate(made, "n0", offered(made, "n0", {}), [first]) or []
    made.promise({Key("default", "first"): allocation})
    assert given(made, claim("second", request())) == [[("r", "g2")]]
    assert given(made, claim("third", request(count=2))) is None
    watching = request(count=2, adminAccess=True)
    assert given(made, claim("admin", watching)) == [[("r", "g0"), ("r", "g1")]]
    made.take_back({Key("default", "first"): allocation})
    assert given(made, claim("third", request(count=2))) is not None


def test_tainted_devices_are_for_those_who_tolerate_them() -> None:
    taint = {"key": "broken", "effect": "NoSchedule"}
    made = inventory(slice_of("s", [{**gpu("g0"), "taints": [taint]}, gpu("g1")], nodeName="n0"))
    assert given(made, claim("c", request())) == [[("r", "g1")]]
    brave = request(tolerations=[{"key": "broken", "operator": "Exists"}])
    assert given(made, claim("c", brave)) == [[("r", "g0")]]


def test_parts_of_a_device_share_what_it_has() -> None:
    parts = [
        device(name, consumesCounters=[{"counterSet": "gpu", "counters": {"mem": {"value": size}}}])
        for name, size in (("half-0", "4Gi"), ("half-1", "4Gi"), ("whole", "8Gi"))
    ]
    shared = [{"name": "gpu", "counters": {"mem": {"value": "8Gi"}}}]
    made = inventory(slice_of("s", parts, nodeName="n0", sharedCounters=shared))
    both = [[("r", "half-0"), ("r", "half-1")]]
    assert given(made, claim("c", request(count=2))) == both
    assert given(made, claim("c", request(count=3))) is None


@pytest.mark.parametrize(
    ("spec", "reaches"),
    [
        pytest.param({"nodeName": "n0"}, {"n0"}, id="one node"),
        pytest.param({"allNodes": True}, {"n0", "n1"}, id="all nodes"),
        pytest.param(
            {
                "nodeSelector": {
                    "nodeSelectorTerms": [
                        {"matchExpressions": [{"key": "z", "operator": "In", "values": ["n1"]}]}
                    ]
                }
            },
            {"n1"},
            id="some nodes",
        ),
        pytest.param(
            {"allNodes": True, "of": {"resourceSliceCount": 2}}, set(), id="an incomplete pool"
        ),
    ],
)
def test_nodes_use_devices_they_reach(spec: dict[str, Any], reaches: set[str]) -> None:
    made = inventory(slice_of("s", GPUS, **spec))
    wanted = claim("c", request())
    found = {name for name in ("n0", "n1") if given(made, wanted, node=name, labels={"z": name})}
    assert found == reaches


def test_slices_of_an_older_generation_do_not_count() -> None:
    old = slice_of("old", [gpu("g0")], nodeName="n0", pool="p")
    new = slice_of("new", [gpu("g1")], nodeName="n0", pool="p", of={"generation": 2})
    assert given(inventory(old, new), claim("c", request())) == [[("r", "g1")]]


# ---- the whole scheduler

pytestmark = pytest.mark.looptime


def claiming(name: str, claim_name: str, **spec: Any) -> Pod:
    uses = PodResourceClaim(name="gpu", resource_claim_name=claim_name)
    return pod(name, cpu="100m", resource_claims=(uses,), **spec)


async def stock(client: Client, nodes: tuple[str, ...]) -> None:
    await client.create(device_class())
    for name in nodes:
        await client.create(slice_of(f"s-{name}", [gpu("g0")], nodeName=name))


async def test_a_pod_goes_where_its_device_is_and_keeps_it() -> None:
    async with cluster(nodes=3) as client:
        await stock(client, ("n1",))
        await client.create(claim("c", request()))
        made = await client.create(claiming("a", "c"))
        await asyncio.sleep(3)
        placed = await client.get(Pod, Key("default", "a"))
        assert placed.spec.node_name == "n1"
        found = await client.get(ResourceClaim, Key("default", "c"))
        assert found.status.allocation is not None
        assert [each.device for each in devices(found.status.allocation)] == ["g0"]
        assert [each.uid for each in found.status.reserved_for] == [made.metadata.uid]
        assert found.metadata.finalizers == ("resource.kubernetes.io/delete-protection",)

        # Whoever shares the claim follows; whoever wants a device of its own waits.
        await client.create(claiming("b", "c"))
        await client.create(claim("other", request()))
        await client.create(claiming("late", "other"))
        await asyncio.sleep(3)
        assert (await client.get(Pod, Key("default", "b"))).spec.node_name == "n1"
        late = await client.get(Pod, Key("default", "late"))
        condition = condition_of(late, "PodScheduled")
        assert condition is not None
        told = "0/3 nodes are available: 3 cannot allocate all claims. "
        assert condition.message.startswith(told)

        # A device that comes helps.
        await client.create(slice_of("s-n2", [gpu("g0")], nodeName="n2"))
        await asyncio.sleep(3)
        assert (await client.get(Pod, Key("default", "late"))).spec.node_name == "n2"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        pytest.param(None, 'resourceclaim "c" not found', id="no claim"),
        pytest.param(
            claim("c", request(deviceClassName="fpga")),
            "request r: device class fpga does not exist",
            id="no class",
        ),
    ],
)
async def test_a_claim_that_is_of_no_use_is_said(
    wanted: ResourceClaim | None, message: str
) -> None:
    async with cluster(nodes=1) as client:
        await stock(client, ("n0",))
        if wanted is not None:
            await client.create(wanted)
        await client.create(claiming("a", "c"))
        await asyncio.sleep(3)
        condition = condition_of(await client.get(Pod, Key("default", "a")), "PodScheduled")
        assert condition is not None
        assert message in condition.message


async def test_devices_on_a_full_node_are_let_go_for_others() -> None:
    async with cluster(nodes=2) as client:
        await stock(client, ("n0", "n1"))
        made = await client.create(claim("c", request()))
        n0 = {"key": "metadata.name", "operator": "In", "values": ["n0"]}
        allocation: AllocationResult = codec.from_plain(
            AllocationResult,
            {
                "devices": {
                    "results": [{"request": "r", "driver": DRIVER, "pool": "s-n0", "device": "g0"}]
                },
                "nodeSelector": {"nodeSelectorTerms": [{"matchFields": [n0]}]},
            },
        )
        status = replace(made.status, allocation=allocation)
        await client.update(replace(made, status=status), subresource="status")
        await client.create(pod("full", cpu="2", node_selector={"kubernetes.io/hostname": "n0"}))
        await asyncio.sleep(3)
        await client.create(claiming("a", "c"))
        await asyncio.sleep(20)
        assert (await client.get(Pod, Key("default", "a"))).spec.node_name == "n1"
        found = await client.get(ResourceClaim, Key("default", "c"))
        assert found.status.allocation is not None
        assert [each.pool for each in devices(found.status.allocation)] == ["s-n1"]
