"""What lists the pods of a Service for those who read Endpoints."""

from controller_manager.endpoints.decide import ADDRESSES_MAX, OVER_CAPACITY, decide
from knarr.api.core.endpoints import EndpointPort, Endpoints
from knarr.api.plan import Plan
from tests.builders import pod, service


def made(plan: Plan) -> Endpoints:
    (endpoints,) = (*plan.create, *plan.update)
    assert isinstance(endpoints, Endpoints)
    return endpoints


def test_parts_ready_from_unready_addresses() -> None:
    pods = [pod("a", ip="10.0.0.1"), pod("b", ip="10.0.0.2", ready=False)]
    (subset,) = made(decide(service(), pods, None)).subsets
    assert [each.ip for each in subset.addresses] == ["10.0.0.1"]
    assert [each.ip for each in subset.not_ready_addresses] == ["10.0.0.2"]
    assert subset.ports == (EndpointPort(port=8080, protocol="TCP"),)


def test_leaves_out_pods_that_end() -> None:
    pods = [pod("a", ip="10.0.0.1", deleting=True), pod("b", "Failed", ip="10.0.0.2")]
    assert made(decide(service(), pods, None)).subsets == ()


def test_goes_with_its_service() -> None:
    existing = made(decide(service(), [], None))
    assert decide(None, [], existing) == Plan(delete=(existing,))


def test_writes_nothing_that_is_right() -> None:
    pods = [pod("a", ip="10.0.0.1")]
    existing = made(decide(service(), pods, None))
    assert decide(service(), pods, existing) == Plan()


def test_says_when_there_are_too_many() -> None:
    pods = [
        pod(f"p{n}", ip=f"10.0.{n // 200}.{n % 200}", ready=n < 900)
        for n in range(ADDRESSES_MAX + 100)
    ]
    endpoints = made(decide(service(), pods, None))
    (subset,) = endpoints.subsets
    assert (len(subset.addresses), len(subset.not_ready_addresses)) == (900, 100)
    assert endpoints.metadata.annotations[OVER_CAPACITY] == "truncated"
    assert made(decide(service(), pods[:1], endpoints)).metadata.annotations == {}
