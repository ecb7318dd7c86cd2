"""Services of a cluster that has addresses of both families."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from msgspec.structs import replace

from apiserver.registry.registry import Registry
from apiserver.registry.settings import Settings
from apiserver.storage.memory import MemoryStore
from knarr.api.errors import InvalidError
from knarr.daemon.clock import SystemClock, seeded
from tests.unit.apiserver.registry.test_services import create, service, update

V4, V6 = ip_network("10.96.0.0/16"), ip_network("fd00:96::/112")


@asynccontextmanager
async def cluster(*ranges: object) -> AsyncIterator[Registry]:
    """A registry with these ranges of ClusterIPs."""
    settings = Settings(service_network=",".join(map(str, ranges)))
    made = Registry(MemoryStore(), clock=SystemClock(), rng=seeded(1), settings=settings)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(made.run())
        await made.ready()
        yield made
        running.cancel()


@pytest.mark.parametrize(
    ("asked", "families"),
    [
        pytest.param({}, ("IPv4",), id="one unless said otherwise"),
        pytest.param({"ip_family_policy": "PreferDualStack"}, ("IPv4", "IPv6"), id="preferred"),
        pytest.param({"ip_family_policy": "RequireDualStack"}, ("IPv4", "IPv6"), id="required"),
        pytest.param({"ip_families": ("IPv6",)}, ("IPv6",), id="the other one"),
        pytest.param(
            {"ip_families": ("IPv6",), "ip_family_policy": "PreferDualStack"},
            ("IPv6", "IPv4"),
            id="the other one first",
        ),
        pytest.param({"cluster_ip": "fd00:96::50"}, ("IPv6",), id="by its address"),
        pytest.param(
            {"cluster_ip": "10.96.0.50", "ip_family_policy": "PreferDualStack"},
            ("IPv4", "IPv6"),
            id="one given, one made",
        ),
    ],
)
async def test_families(asked: dict[str, Any], families: tuple[str, ...]) -> None:
    async with cluster(V4, V6) as registry:
        spec = (await create(registry, service(**asked))).spec
    assert spec.ip_families == families
    assert [f"IPv{ip_address(one).version}" for one in spec.cluster_ips] == list(families)
    assert spec.cluster_ip == spec.cluster_ips[0]
    assert all(ip_address(one) in V4 or ip_address(one) in V6 for one in spec.cluster_ips)
    assert spec.cluster_ip == asked.get("cluster_ip", spec.cluster_ip)


async def test_a_second_address_comes_and_goes_with_the_policy() -> None:
    async with cluster(V4, V6) as registry:
        made = await create(registry, service())
        prefers = replace(made.spec, ip_family_policy="PreferDualStack")
        both = await update(registry, replace(made, spec=prefers))
        first, second = both.spec.cluster_ips
        assert (first, both.spec.ip_families) == (made.spec.cluster_ip, ("IPv4", "IPv6"))
        single = replace(both.spec, ip_family_policy="SingleStack")
        one = await update(registry, replace(both, spec=single))
        assert (one.spec.cluster_ips, one.spec.ip_families) == ((first,), ("IPv4",))
        again = await create(registry, service("b", cluster_ip=second, ip_families=("IPv6",)))
        assert again.spec.cluster_ips == (second,), "it is free again"


async def test_headless_services_have_both_families_too() -> None:
    async with cluster(V4, V6) as registry:
        asked = service(
            cluster_ip="None", selector={"app": "a"}, ip_family_policy="PreferDualStack"
        )
        spec = (await create(registry, asked)).spec
    assert (spec.cluster_ips, spec.ip_families) == (("None",), ("IPv4", "IPv6"))


async def test_an_address_belongs_to_one() -> None:
    async with cluster(V4, V6) as registry:
        await create(registry, service(cluster_ip="fd00:96::50"))
        with pytest.raises(InvalidError, match="provided IP is already allocated"):
            await create(registry, service("b", cluster_ip="fd00:96::50"))
        with pytest.raises(InvalidError, match="does not match the current range"):
            await create(registry, service("b", cluster_ip="fd00:97::50"))


async def test_a_cluster_may_have_the_other_family_first_or_alone() -> None:
    async with cluster(V6, V4) as registry:
        assert (await create(registry, service())).spec.ip_families == ("IPv6",)
    async with cluster(V6) as registry:
        assert (await create(registry, service())).spec.ip_families == ("IPv6",)
        prefers = service("b", ip_family_policy="PreferDualStack")
        assert (await create(registry, prefers)).spec.ip_families == ("IPv6",)
        with pytest.raises(InvalidError, match="not configured for dual-stack services"):
            await create(registry, service("c", ip_family_policy="RequireDualStack"))


@pytest.mark.parametrize("text", ["10.96.0.0/16,10.97.0.0/16", "10.96.0.1/16", "a", "", "::/112,"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # In the words of whoever parses it.
        assert Settings(service_network=text).service_networks
