"""Which routes lead to the other nodes' pods."""

import ipaddress
from collections.abc import Sequence

import pytest

from knarr.api.core.node import Node, NodeAddress, NodeSpec, NodeStatus
from knarr.api.meta.object_meta import ObjectMeta
from kubelet.routes.decide import Tunnel, Wanted, decide, mac_of

LINKS = (ipaddress.ip_network("10.89.0.0/24"),)


def node(name: str, ip: str = "", *cidrs: str) -> Node:
    addresses = (NodeAddress(type="InternalIP", address=ip),) if ip else ()
    return Node(
        metadata=ObjectMeta(name=name),
        spec=NodeSpec(pod_cidr=cidrs[0] if cidrs else "", pod_cidrs=cidrs),
        status=NodeStatus(addresses=addresses),
    )


OWN = node("own", "10.89.0.11", "10.244.1.0/24")


@pytest.mark.parametrize(
    ("others", "wanted"),
    [
        pytest.param([], Wanted(), id="alone"),
        pytest.param(
            [node("a", "10.89.0.12", "10.244.2.0/24")],
            Wanted({"10.244.2.0/24": "10.89.0.12"}),
            id="a neighbour",
        ),
        pytest.param(
            [node("a", "10.90.0.12", "10.244.2.0/24")],
            Wanted(
                {},
                {"10.244.2.0/24": Tunnel("10.244.2.0", "ee:00:0a:f4:02:00", "10.90.0.12")},
            ),
            id="behind a router",
        ),
        pytest.param([node("a", "10.89.0.12")], Wanted(), id="no range yet"),
        pytest.param([node("a", "", "10.244.2.0/24")], Wanted(), id="no address yet"),
        pytest.param(
            [node("a", "10.89.0.12", "10.244.2.0/24"), node("b", "10.89.0.13", "10.244.2.0/24")],
            Wanted({"10.244.2.0/24": "10.89.0.12"}),
            id="a range two nodes claim goes to one, always the same",
        ),
        pytest.param(
            [node("a", "10.89.0.12", "10.244.2.0/24", "fd00:2::/64")],
            Wanted({"10.244.2.0/24": "10.89.0.12"}),
            id="a family in which the node has no address",
        ),
    ],
)
def test_decide(others: Sequence[Node], wanted: Wanted) -> None:
    assert decide([*others, OWN], "own", LINKS) == wanted


def test_hardware_addresses_differ_with_the_range() -> None:
    assert mac_of("10.244.3.0/24") != mac_of("10.244.4.0/24")
