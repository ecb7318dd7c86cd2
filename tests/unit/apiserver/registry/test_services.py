"""Which addresses and ports Services get."""

from typing import Any

import pytest
from msgspec.structs import replace

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, Request
from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.errors import InvalidError
from knarr.api.kind_table import kind_of
from knarr.api.meta.object_meta import ObjectMeta

SERVICES = kind_of(Service)


def service(name: str = "a", **spec: Any) -> Service:
    spec.setdefault("ports", (ServicePort(port=80),))
    spec.setdefault("type", "ClusterIP")
    return Service(metadata=ObjectMeta(name=name), spec=ServiceSpec(**spec))


async def create(registry: Registry, wanted: Service) -> Service:
    request = Request(user=SYSTEM, kind=SERVICES, namespace="default")
    answer = await registry.create(request, Body(wanted))
    assert answer.entry is not None
    made = answer.entry.object
    assert isinstance(made, Service)
    return made


async def update(registry: Registry, wanted: Service) -> Service:
    request = Request(user=SYSTEM, kind=SERVICES, namespace="default", name=wanted.metadata.name)
    answer = await registry.update(request, Body(wanted))
    assert answer.entry is not None
    made = answer.entry.object
    assert isinstance(made, Service)
    return made


async def test_gives_an_address_of_the_range(registry: Registry) -> None:
    spec = (await create(registry, service())).spec
    assert spec.cluster_ip.startswith("10.96.")
    assert spec.cluster_ips == (spec.cluster_ip,)
    assert (spec.ip_families, spec.ip_family_policy) == (("IPv4",), "SingleStack")


async def test_an_address_belongs_to_one(registry: Registry) -> None:
    await create(registry, service("a", cluster_ip="10.96.0.50"))
    with pytest.raises(InvalidError, match="provided IP is already allocated"):
        await create(registry, service("b", cluster_ip="10.96.0.50"))


async def test_an_address_is_free_again_after_a_delete(registry: Registry) -> None:
    await create(registry, service("a", cluster_ip="10.96.0.50"))
    gone = Request(user=SYSTEM, kind=SERVICES, namespace="default", name="a")
    await registry.delete(gone)
    again = await create(registry, service("b", cluster_ip="10.96.0.50"))
    assert again.spec.cluster_ip == "10.96.0.50"


async def test_a_refused_service_takes_nothing(registry: Registry) -> None:
    await create(
        registry, service("a", type="NodePort", ports=(ServicePort(port=1, node_port=30001),))
    )
    taken = service(
        "b",
        type="NodePort",
        cluster_ip="10.96.0.60",
        ports=(ServicePort(port=1, node_port=30001),),
    )
    with pytest.raises(InvalidError, match="provided port is already allocated"):
        await create(registry, taken)
    assert (await create(registry, service("c", cluster_ip="10.96.0.60"))).spec.cluster_ip


async def test_headless_services_get_none(registry: Registry) -> None:
    spec = (await create(registry, service(cluster_ip="None", selector={"a": "b"}))).spec
    assert spec.cluster_ips == ("None",)


async def test_an_update_that_leaves_the_address_out_keeps_it(registry: Registry) -> None:
    made = await create(registry, service())
    changed = await update(registry, service(selector={"a": "b"}))
    assert changed.spec.cluster_ip == made.spec.cluster_ip


async def test_one_that_becomes_external_gives_its_address_back(registry: Registry) -> None:
    made = await create(registry, service(cluster_ip="10.96.0.70"))
    outside = replace(
        made,
        spec=ServiceSpec(type="ExternalName", external_name="example.com"),
    )
    await update(registry, outside)
    assert (await create(registry, service("b", cluster_ip="10.96.0.70"))).spec.cluster_ip


async def test_a_node_port_outside_the_range_is_refused(registry: Registry) -> None:
    port = ServicePort(port=80, node_port=80)
    with pytest.raises(InvalidError, match="The range of valid ports is 30000-32767"):
        await create(registry, service(type="NodePort", ports=(port,)))
