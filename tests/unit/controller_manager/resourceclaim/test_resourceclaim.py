"""Claims of devices from a pod's birth to its end, with the scheduler beside the controller."""

import asyncio
from random import Random

import pytest
from msgspec.structs import replace

from controller_manager.manager import run_controllers
from controller_manager.settings import ControllerSettings
from knarr.api import codec
from knarr.api.core.pod import Pod, PodResourceClaim
from knarr.api.keys import Key
from knarr.api.pods import condition_of
from knarr.api.resource.dynamic_resources import ResourceClaim, ResourceClaimTemplate
from knarr.client.client import Client
from knarr.daemon.clock import LoopClock
from tests.unit.scheduler.test_devices import claim, device_class, gpu, request, slice_of
from tests.unit.scheduler.test_scheduler import cluster, pod

pytestmark = pytest.mark.looptime

ALONE = ControllerSettings(controllers=("resourceclaim", "garbagecollector"), root_ca="the CA")


def template(name: str) -> ResourceClaimTemplate:
    wanted = codec.to_plain(claim("x", request()).spec)
    plain = {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"metadata": {"labels": {"made": "yes"}}, "spec": wanted},
    }
    found: ResourceClaimTemplate = codec.from_plain(ResourceClaimTemplate, plain)
    return found


def claiming(name: str) -> Pod:
    uses = PodResourceClaim(name="gpu", resource_claim_template_name="t")
    return pod(name, cpu="100m", resource_claims=(uses,))


async def claims_in(client: Client) -> list[ResourceClaim]:
    await asyncio.sleep(5)
    return list((await client.list(ResourceClaim)).items)


async def end(client: Client, name: str) -> None:
    found = await client.get(Pod, Key("default", name))
    done = replace(found.status, phase="Succeeded")
    await client.update(replace(found, status=done), subresource="status")


async def test_a_claim_is_made_used_and_given_back() -> None:
    async with cluster(nodes=2) as client, asyncio.TaskGroup() as group:
        running = group.create_task(run_controllers(client, LoopClock(), Random(1), ALONE))
        await client.create(device_class())
        await client.create(slice_of("s", [gpu("g0")], nodeName="n1"))
        await client.create(claiming("a"))
        assert await claims_in(client) == []
        waits = condition_of(await client.get(Pod, Key("default", "a")), "PodScheduled")
        assert waits is not None
        assert "pod claim gpu not created yet" in waits.message

        await client.create(template("t"))
        (made,) = await claims_in(client)
        placed = await client.get(Pod, Key("default", "a"))
        assert placed.spec.node_name == "n1"
        (told,) = placed.status.resource_claim_statuses
        assert (told.name, told.resource_claim_name) == ("gpu", made.metadata.name)
        assert made.metadata.name.startswith("a-gpu-")
        assert made.metadata.labels == {"made": "yes"}
        assert made.status.allocation is not None

        # The next pod has to wait until the first is over.
        await client.create(claiming("b"))
        assert len(await claims_in(client)) == 2
        assert not (await client.get(Pod, Key("default", "b"))).spec.node_name
        await end(client, "a")
        (left,) = await claims_in(client)
        assert left.metadata.name.startswith("b-gpu-")
        assert (await client.get(Pod, Key("default", "b"))).spec.node_name == "n1"
        running.cancel()


async def test_a_claim_of_a_user_is_freed_and_stays() -> None:
    async with cluster(nodes=1) as client, asyncio.TaskGroup() as group:
        running = group.create_task(run_controllers(client, LoopClock(), Random(1), ALONE))
        await client.create(device_class())
        await client.create(slice_of("s", [gpu("g0")], nodeName="n0"))
        await client.create(claim("mine", request()))
        uses = PodResourceClaim(name="gpu", resource_claim_name="mine")
        await client.create(pod("a", cpu="100m", resource_claims=(uses,)))
        (used,) = await claims_in(client)
        assert used.status.allocation is not None
        assert len(used.status.reserved_for) == 1
        assert used.metadata.finalizers
        await client.delete(ResourceClaim, Key("default", "mine"))
        (held,) = await claims_in(client)
        assert held.status.allocation is not None, "it is in use"
        await end(client, "a")
        assert await claims_in(client) == []
        running.cancel()
