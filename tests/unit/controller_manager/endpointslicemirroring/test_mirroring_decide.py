"""What mirrors Endpoints that people write."""

from msgspec.structs import replace

from controller_manager.endpointslicemirroring.decide import SKIP, decide
from knarr.api.core.endpoints import EndpointAddress, EndpointPort, Endpoints, EndpointSubset
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.plan import Plan
from tests.builders import metadata, service

SUBSET = EndpointSubset(
    addresses=(EndpointAddress(ip="192.0.2.1"),),
    not_ready_addresses=(EndpointAddress(ip="192.0.2.2"),),
    ports=(EndpointPort(name="p", port=80, protocol="TCP"),),
)
BY_HAND = Endpoints(metadata=metadata("ext"), subsets=(SUBSET,))
PLAIN = service("ext", selector={})


def mirrors(plan: Plan) -> list[EndpointSlice]:
    return [each for each in plan.create if isinstance(each, EndpointSlice)]


def test_mirrors_each_address() -> None:
    (mirror,) = mirrors(decide(BY_HAND, PLAIN, []))
    listed = [(each.addresses[0], each.conditions) for each in mirror.endpoints]
    assert [(ip, conditions and conditions.ready) for ip, conditions in listed] == [
        ("192.0.2.1", True),
        ("192.0.2.2", False),
    ]
    (owner,) = mirror.metadata.owner_references
    assert owner.kind == "Endpoints"
    assert decide(BY_HAND, PLAIN, [mirror]) == Plan()


def test_mirrors_go_when_nobody_wants_them() -> None:
    (mirror,) = mirrors(decide(BY_HAND, PLAIN, []))
    gone = Plan(delete=(mirror,))
    assert decide(None, PLAIN, [mirror]) == gone
    assert decide(BY_HAND, None, [mirror]) == gone
    assert decide(BY_HAND, service("ext"), [mirror]) == gone
    skipped = replace(BY_HAND, metadata=replace(BY_HAND.metadata, labels={SKIP: "true"}))
    assert decide(skipped, PLAIN, [mirror]) == gone


def test_leaves_slices_made_by_hand_alone() -> None:
    by_hand = EndpointSlice(metadata=metadata("mine"), address_type="IPv4")
    assert decide(None, PLAIN, [by_hand]) == Plan()
