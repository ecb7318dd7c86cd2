"""What is said of nodes."""

from typing import Any

import pytest
from msgspec.structs import replace

from controller_manager.nodelifecycle.decide import NOT_READY, UNREACHABLE, decide
from controller_manager.nodelifecycle.zones import LARGE_ZONE_NODES, Zones
from knarr.api.core.node import Node
from knarr.api.core.scheduling import Taint
from knarr.api.plan import Plan
from tests.builders import NOW, node, pod, seconds_ago

FOREIGN = Taint(key="mine", effect="NoExecute")


def decided(found: Node, *pods: Any, silent_s: float = 0, may_evict: bool = True) -> Plan:
    heard_at = seconds_ago(silent_s)
    return decide(found, pods, heard_at=heard_at, grace_s=50, may_evict=may_evict, now=NOW)


def taints(plan: Plan, found: Node) -> set[tuple[str, str]]:
    (changed,) = plan.update or (found,)
    assert isinstance(changed, Node)
    return {(taint.key, taint.effect) for taint in changed.spec.taints}


@pytest.mark.parametrize(
    ("found", "silent_s", "expected"),
    [
        pytest.param(node(), 0, set(), id="a good node has none"),
        pytest.param(
            node(ready="False"),
            0,
            {(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")},
            id="a node that is not ready drives its pods away",
        ),
        pytest.param(
            node(),
            60,
            {(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")},
            id="so does one that fell silent",
        ),
        pytest.param(
            node(taints=(Taint(key=UNREACHABLE, effect="NoExecute"), FOREIGN)),
            0,
            {("mine", "NoExecute")},
            id="one that is heard again keeps only what others put there",
        ),
        pytest.param(
            node(ready="", taints=(Taint(key=NOT_READY, effect="NoSchedule"),)),
            0,
            set(),
            id="of one that never spoke nothing bad is known",
        ),
    ],
)
def test_taints(found: Node, silent_s: float, expected: set[tuple[str, str]]) -> None:
    assert taints(decided(found, silent_s=silent_s), found) == expected


def test_a_silent_node_is_unknown_and_its_pods_not_ready() -> None:
    plan = decided(node(), pod("a"), pod("b", ready=False), silent_s=60)
    assert isinstance(plan.status, Node)
    told = {c.type: (c.status, c.reason, c.message) for c in plan.status.status.conditions}
    assert told["Ready"] == (
        "Unknown",
        "NodeStatusUnknown",
        "Kubelet stopped posting node status.",
    )
    assert told["DiskPressure"][1:] == (
        "NodeStatusNeverUpdated",
        "Kubelet never posted node status.",
    )
    assert [patch.object.metadata.name for patch in plan.patch] == ["a"]  # type: ignore[attr-defined]
    assert [notice.message for notice in plan.notices] == [
        "Node node-0 status is now: NodeNotReady",
        "Node is not ready",
    ]


def test_looks_again_when_the_grace_ends() -> None:
    assert decided(node(), silent_s=20).again_after_s == 30
    assert decided(node(ready=""), silent_s=20).again_after_s == 40


def test_pods_stay_until_it_is_the_nodes_turn() -> None:
    found = node(ready="Unknown")
    plan = decided(found, silent_s=60, may_evict=False)
    assert taints(plan, found) == {(UNREACHABLE, "NoSchedule")}


def test_old_names_of_labels_follow() -> None:
    named = node()
    labels = {"kubernetes.io/os": "linux"}
    plan = decided(replace(named, metadata=replace(named.metadata, labels=labels)))
    (changed,) = plan.update
    assert isinstance(changed, Node)
    assert changed.metadata.labels["beta.kubernetes.io/os"] == "linux"


def zones(healthy: int, silent: int) -> Zones:
    made = Zones()
    for number in range(healthy + silent):
        made.put(f"n{number}", "zone", healthy=number >= silent)
    return made


def test_one_node_at_a_time() -> None:
    made = zones(healthy=5, silent=2)
    assert made.wait_s("n0", 100) == 0
    made.take_turn("n0", 100)
    assert made.wait_s("n1", 104) == pytest.approx(6)


def test_a_network_fault_moves_nobody() -> None:
    assert zones(healthy=0, silent=4).wait_s("n0", 0) is None, "all are silent"
    assert zones(healthy=1, silent=4).wait_s("n0", 0) is None, "most of a small zone is"
    large = zones(healthy=LARGE_ZONE_NODES // 2, silent=LARGE_ZONE_NODES)
    large.take_turn("n0", 0)
    assert large.wait_s("n1", 0) == pytest.approx(100), "slowly in a large one"
