"""Ranges of addresses for nodes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller_manager.nodeipam.decide import decide, needs_ranges
from controller_manager.nodeipam.ranges import Ranges
from knarr.api.core.node import Node, NodeSpec
from tests.builders import metadata


def test_cuts_ranges_in_order_until_there_are_none() -> None:
    ranges = Ranges("10.244.0.0/22", 24)
    assert [ranges.take() for _ in range(5)] == [
        "10.244.0.0/24",
        "10.244.1.0/24",
        "10.244.2.0/24",
        "10.244.3.0/24",
        None,
    ]
    ranges.give_back("10.244.1.0/24")
    assert ranges.take() == "10.244.1.0/24"


def test_spares_what_is_somebodys() -> None:
    ranges = Ranges("10.0.0.0/22", 24, ["10.0.0.0/24"])
    ranges.occupy("10.0.1.128/25")
    ranges.occupy("192.168.0.0/16")
    ranges.occupy("fd00::/64")
    assert ranges.take() == "10.0.2.0/24"


def test_knows_ipv6() -> None:
    ranges = Ranges("fd00:1::/48", 64)
    assert [ranges.take(), ranges.take()] == ["fd00:1::/64", "fd00:1:0:1::/64"]


@pytest.mark.parametrize("size", [15, 33])
def test_refuses_sizes_that_do_not_fit(size: int) -> None:
    with pytest.raises(ValueError, match="no parts of the size"):
        Ranges("10.0.0.0/16", size)


@given(st.lists(st.one_of(st.none(), st.integers(0, 15)), max_size=60))
def test_nobody_gets_what_another_has(steps: list[int | None]) -> None:
    """None takes a range, a number gives one of those held back."""
    ranges, held = Ranges("10.0.0.0/28", 32), list[str]()
    for step in steps:
        if step is None:
            taken = ranges.take()
            assert (taken is None) == (len(held) == 16)
            if taken is not None:
                assert taken not in held
                held.append(taken)
        elif held:
            ranges.give_back(held.pop(step % len(held)))


def test_a_node_without_ranges_gets_some() -> None:
    node = Node(metadata=metadata("n"), spec=NodeSpec())
    assert needs_ranges(node)
    (patch,) = decide(node, ("10.0.0.0/24", "fd00::/64")).patch
    assert patch.body == {
        "spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24", "fd00::/64"]}
    }
    assert not needs_ranges(Node(metadata=metadata("n"), spec=NodeSpec(pod_cidr="10.0.0.0/24")))
    (notice,) = decide(node, None).notices
    assert (notice.reason, notice.message) == (
        "CIDRNotAvailable",
        "Node n status is now: CIDRNotAvailable",
    )
