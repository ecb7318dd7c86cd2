"""What lists the pods of a Service."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from controller_manager.endpointslice.decide import MANAGER, decide
from controller_manager.endpointslice.packing import (
    ENDPOINTS_PER_SLICE_MAX,
    Packed,
    group_of,
    pack,
)
from knarr.api.core.pod import Pod
from knarr.api.core.service import Service, ServicePort
from knarr.api.discovery.endpoint_slice import (
    Endpoint,
    EndpointConditions,
    EndpointHints,
    EndpointPort,
    EndpointSlice,
)
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.plan import Plan
from tests.builders import pod, service

ZONES = {"node-0": "zone-0"}


def decided(web: Service, *pods: Pod, slices: tuple[EndpointSlice, ...] = ()) -> Plan:
    return decide(web, pods, slices, zones=ZONES)


def created(plan: Plan) -> list[EndpointSlice]:
    return [each for each in plan.create if isinstance(each, EndpointSlice)]


def behind(name: str, number: int = 1, **more: Any) -> Pod:
    return pod(name, ip=f"10.0.0.{number}", **more)


def test_lists_a_ready_pod() -> None:
    (made,) = created(decided(service(labels={"x": "y"}), behind("a")))
    assert made.metadata.generate_name == "web-"
    assert made.metadata.labels == {
        "x": "y",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": MANAGER,
    }
    assert made.ports == (EndpointPort(name="", port=8080, protocol="TCP"),)
    (endpoint,) = made.endpoints
    assert endpoint.addresses == ("10.0.0.1",)
    assert (endpoint.node_name, endpoint.zone) == ("node-0", "zone-0")
    assert endpoint.target_ref is not None
    assert endpoint.target_ref.name == "a"
    assert endpoint.conditions == EndpointConditions(ready=True, serving=True, terminating=False)


def test_tells_unready_and_ending_pods() -> None:
    pods = (behind("a", ready=False), behind("b", 2, deleting=True))
    (made,) = created(decided(service(), *pods))
    assert [each.conditions for each in made.endpoints] == [
        EndpointConditions(ready=False, serving=False, terminating=False),
        EndpointConditions(ready=False, serving=True, terminating=True),
    ]


def test_may_publish_what_is_not_ready() -> None:
    (made,) = created(decided(service(publish_not_ready=True), behind("a", ready=False)))
    assert made.endpoints[0].conditions == EndpointConditions(
        ready=True, serving=False, terminating=False
    )


def test_leaves_out_what_cannot_be_reached() -> None:
    over = behind("a", phase="Failed")
    no_address = pod("b")
    no_node = behind("c", 3, node="gone")
    (made,) = created(decided(service(), over, no_address, no_node))
    assert made.endpoints == ()
    assert made.ports == ()


def test_a_headless_service_needs_no_ports() -> None:
    web = service(headless=True, ports=())
    first = behind("a")
    named = replace(first, spec=replace(first.spec, hostname="h1", subdomain="web"))
    (made,) = created(decided(web, named))
    assert made.endpoints[0].hostname == "h1"
    assert made.metadata.labels["service.kubernetes.io/headless"] == ""


@pytest.mark.parametrize(
    ("distribution", "zone", "for_nodes", "for_zones"),
    [
        pytest.param(None, "zone-0", [], [], id="anybody"),
        pytest.param("PreferSameZone", "zone-0", [], ["zone-0"], id="its zone"),
        pytest.param("PreferClose", "zone-0", [], ["zone-0"], id="its zone by the older word"),
        pytest.param("PreferSameZone", "", [], [], id="a node without zone"),
        pytest.param("PreferSameNode", "zone-0", ["node-0"], ["zone-0"], id="its node and zone"),
        pytest.param("PreferSameNode", "", ["node-0"], [], id="its node, where zones are unknown"),
    ],
)
def test_hints_who_should_come(
    distribution: str | None, zone: str, for_nodes: list[str], for_zones: list[str]
) -> None:
    web = service()
    web = replace(web, spec=replace(web.spec, traffic_distribution=distribution))
    (made,) = created(decide(web, (behind("a"),), (), zones={"node-0": zone}))
    hints = made.endpoints[0].hints or EndpointHints()
    assert [one.name for one in hints.for_nodes] == for_nodes
    assert [one.name for one in hints.for_zones] == for_zones


def test_does_nothing_for_services_without_selector_or_with_a_foreign_name() -> None:
    web = service()
    assert decided(service(selector={}), behind("a")) == Plan()
    external = replace(web, spec=replace(web.spec, type="ExternalName"))
    assert decided(external, behind("a")) == Plan()


def test_pods_whose_port_has_another_number_get_a_slice_of_their_own() -> None:
    web = service(ports=(ServicePort(port=80, target_port="http", protocol="TCP"),))
    assert [each.endpoints for each in created(decided(web, behind("a")))] == [()]


def test_changes_nothing_that_is_right() -> None:
    (made,) = created(decided(service(), behind("a")))
    stored = replace(made, metadata=replace(made.metadata, name="web-1", uid="uid-1"))
    assert decided(service(), behind("a"), slices=(stored,)) == Plan()


def test_replaces_the_last_endpoint_by_an_empty_slice() -> None:
    (made,) = created(decided(service(), behind("a")))
    plan = decided(service(), slices=(made,))
    assert plan.delete == (made,)
    assert [each.endpoints for each in created(plan)] == [()]


def test_leaves_the_slices_of_others_alone() -> None:
    (made,) = created(decided(service(), behind("a")))
    foreign = replace(made, metadata=replace(made.metadata, labels={}))
    plan = decided(service(), slices=(foreign,))
    assert (plan.delete, plan.update) == ((), ())


GROUP = ("IPv4", (EndpointPort(name="", port=80),))


def endpoints(numbers: set[int]) -> list[Endpoint]:
    return [Endpoint(addresses=(f"10.0.{n // 256}.{n % 256}",)) for n in sorted(numbers)]


def slices_of(parts: list[set[int]]) -> list[EndpointSlice]:
    seen: set[int] = set()
    slices = []
    for number, part in enumerate(parts):
        own = part - seen
        seen |= own
        slices.append(
            EndpointSlice(
                metadata=ObjectMeta(name=f"s{number}"),
                address_type=GROUP[0],
                ports=GROUP[1],
                endpoints=tuple(endpoints(own)),
            )
        )
    return slices


SETS = st.sets(st.integers(0, 400), max_size=150)


@given(wanted=SETS, before=st.lists(st.sets(st.integers(0, 400), max_size=100), max_size=4))
def test_packing_lists_each_endpoint_once(wanted: set[int], before: list[set[int]]) -> None:
    slices = slices_of(before)
    packed = pack({GROUP: endpoints(wanted)}, slices, ObjectMeta())
    after = {each.metadata.name: each for each in slices}
    for gone in packed.delete:
        del after[gone.metadata.name]
    for changed in packed.update:
        after[changed.metadata.name] = changed
    listed = [*after.values(), *packed.create]
    addresses = [address for each in listed for e in each.endpoints for address in e.addresses]
    assert sorted(addresses) == sorted(e.addresses[0] for e in endpoints(wanted))
    assert all(len(each.endpoints) <= ENDPOINTS_PER_SLICE_MAX for each in listed)
    assert all(group_of(each) == GROUP for each in listed)
    assert listed, "there is always a slice"
    again = pack({GROUP: endpoints(wanted)}, listed, ObjectMeta())
    assert again == Packed(), "one step is enough"
