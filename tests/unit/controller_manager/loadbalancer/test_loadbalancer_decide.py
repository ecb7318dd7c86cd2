"""Which address of the pool a Service gets."""

import pytest
from msgspec.structs import replace

from controller_manager.loadbalancer.decide import bounds, decide
from knarr.api.core.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceStatus
from tests.builders import service

POOL = ("10.9.0.1-10.9.0.3",)


def balanced(name: str, ip: str = "", **spec: object) -> Service:
    made = service(name)
    ingress = (LoadBalancerIngress(ip=ip, ip_mode="VIP"),) if ip else ()
    wanted = {"type": "LoadBalancer", **spec}
    return replace(
        made,
        spec=replace(made.spec, **wanted),
        status=ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress)),
    )


@pytest.mark.parametrize(
    ("one", "others", "given"),
    [
        pytest.param(balanced("a"), [], "10.9.0.1", id="the first free one"),
        pytest.param(balanced("a"), [balanced("b", "10.9.0.1")], "10.9.0.2", id="not another's"),
        pytest.param(balanced("a", "10.9.0.2"), [], None, id="what it has it keeps"),
        pytest.param(balanced("a", load_balancer_ip="10.9.0.3"), [], "10.9.0.3", id="its wish"),
        pytest.param(
            balanced("a", "10.9.0.1", load_balancer_ip="10.9.0.3"), [], "10.9.0.3", id="a new wish"
        ),
        pytest.param(balanced("a", "10.8.0.1"), [], "10.9.0.1", id="one of the pool as it is"),
        pytest.param(balanced("a", load_balancer_class="other"), [], None, id="not ours"),
        pytest.param(service("a"), [], None, id="another type"),
    ],
)
def test_addresses(one: Service, others: list[Service], given: str | None) -> None:
    plan = decide(one, others, POOL)
    if given is None:
        assert plan.status is None
    else:
        assert isinstance(plan.status, Service)
        assert [each.ip for each in plan.status.status.load_balancer.ingress] == [given]


@pytest.mark.parametrize("wish", ["", "10.9.0.1", "10.7.0.1"])
def test_what_cannot_be_had_is_said(wish: str) -> None:
    others = [balanced(f"b{i}", f"10.9.0.{i}") for i in (1, 2, 3)]
    plan = decide(balanced("a", load_balancer_ip=wish), others, POOL)
    assert plan.status is None
    assert [one.reason for one in plan.notices] == ["AddressNotAvailable"]


def test_another_type_gives_its_address_back() -> None:
    plan = decide(balanced("a", "10.9.0.1", type="ClusterIP"), [], POOL)
    assert isinstance(plan.status, Service)
    assert plan.status.status.load_balancer.ingress == ()


@pytest.mark.parametrize(
    ("entry", "first", "last"),
    [
        ("10.0.0.5-10.0.0.9", "10.0.0.5", "10.0.0.9"),
        ("10.0.0.0/24", "10.0.0.1", "10.0.0.254"),
        ("10.0.0.7/32", "10.0.0.7", "10.0.0.7"),
    ],
)
def test_ranges(entry: str, first: str, last: str) -> None:
    assert [str(one) for one in bounds(entry)] == [first, last]
