"""What a DaemonSet does about its pods and the nodes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from controller_manager.daemonset.decide import decide
from controller_manager.daemonset.placement import make_pod, may_run, node_of
from controller_manager.revisions import REVISION_LABEL
from knarr.api.apps.daemon_set import (
    DaemonSet,
    DaemonSetSpec,
    DaemonSetUpdateStrategy,
    RollingUpdateDaemonSet,
)
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.core.scheduling import Taint, Toleration
from knarr.api.meta.selector import LabelSelector
from knarr.api.plan import Plan
from tests.builders import NOW, metadata, node, pod, template

NODES = tuple(f"node-{number}" for number in range(4))


def daemon_set(surge: int = 0, unavailable: int = 1, **spec: Any) -> DaemonSet:
    spec.setdefault(
        "update_strategy",
        DaemonSetUpdateStrategy(
            type="RollingUpdate",
            rolling_update=RollingUpdateDaemonSet(max_surge=surge, max_unavailable=unavailable),
        ),
    )
    return DaemonSet(
        metadata=metadata("agent"),
        spec=DaemonSetSpec(
            selector=LabelSelector(match_labels={"app": "web"}), template=template(), **spec
        ),
    )


def step(owner: DaemonSet, *pods: Pod, nodes: Any = None, waiting: Any = None) -> Plan:
    found = [node(name) for name in NODES] if nodes is None else nodes
    return decide(owner, pods, revisions=(), nodes=found, waiting=waiting or {}, now=NOW)


CURRENT = next(
    each.metadata.labels[REVISION_LABEL]
    for each in step(daemon_set()).create
    if isinstance(each, Pod)
)


def on(name: str, phase: str = "Running", *, old: bool = False, mark: str = "", **more: Any) -> Pod:
    labels = {"app": "web", REVISION_LABEL: "old" if old else CURRENT}
    return pod(f"agent-{name}{mark}", phase, owner=daemon_set(), node=name, labels=labels, **more)


def changed(plan: Plan) -> tuple[list[str], list[str]]:
    made = [node_of(each) for each in plan.create if isinstance(each, Pod)]
    gone = [each.metadata.name for each in plan.delete if isinstance(each, Pod)]
    return made, gone


@pytest.mark.parametrize(
    ("pods", "made", "gone"),
    [
        pytest.param([], list(NODES), [], id="one for each node"),
        pytest.param([on("node-0")], list(NODES[1:]), [], id="not twice on a node"),
        pytest.param(
            [*map(on, NODES[1:]), on("node-0", deleting=True)],
            [],
            [],
            id="waits for one that ends",
        ),
        pytest.param(
            [*map(on, NODES[1:]), on("node-0", "Failed")],
            [],
            ["agent-node-0"],
            id="removes a failed one",
        ),
        pytest.param(
            [*map(on, NODES), on("node-0", mark="x", created=NOW)],
            [],
            ["agent-node-0x"],
            id="of two the younger goes",
        ),
    ],
)
def test_decide(pods: list[Pod], made: list[str], gone: list[str]) -> None:
    assert changed(step(daemon_set(), *pods)) == (made, gone)


def test_a_failed_pod_stays_while_the_wait_lasts() -> None:
    plan = step(daemon_set(), *map(on, NODES[1:]), on("node-0", "Failed"), waiting={"node-0": 4.0})
    assert changed(plan) == ([], [])
    assert plan.again_after_s == 4.0


@pytest.mark.parametrize(
    ("taint", "toleration", "answer"),
    [
        pytest.param(Taint(key="k", effect="NoSchedule"), None, (False, True), id="NoSchedule"),
        pytest.param(Taint(key="k", effect="NoExecute"), None, (False, False), id="NoExecute"),
        pytest.param(Taint(key="k", effect="PreferNoSchedule"), None, (True, True), id="Prefer"),
        pytest.param(
            Taint(key="k", effect="NoExecute"),
            Toleration(key="k", operator="Exists"),
            (True, True),
            id="tolerated",
        ),
        pytest.param(
            Taint(key="node.kubernetes.io/unreachable", effect="NoExecute"),
            None,
            (True, True),
            id="an unreachable node keeps its daemons",
        ),
        pytest.param(
            Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule"),
            None,
            (True, True),
            id="a cordoned node gets daemons",
        ),
        pytest.param(
            Taint(key="node.kubernetes.io/network-unavailable", effect="NoSchedule"),
            None,
            (False, True),
            id="without a network only those of the host's",
        ),
    ],
)
def test_taints(taint: Taint, toleration: Toleration | None, answer: tuple[bool, bool]) -> None:
    owner = daemon_set()
    if toleration is not None:
        of = owner.spec.template
        of = replace(of, spec=replace(of.spec, tolerations=(toleration,)))
        owner = replace(owner, spec=replace(owner.spec, template=of))
    assert may_run(owner, node(taints=(taint,))) == answer


def test_a_pod_can_only_go_to_its_node() -> None:
    assert node_of(make_pod(daemon_set(), "node-3", "h")) == "node-3"


@pytest.mark.parametrize(
    ("owner", "pods", "made", "gone"),
    [
        pytest.param(
            daemon_set(), [on(each, old=True) for each in NODES], [], ["agent-node-0"], id="one"
        ),
        pytest.param(
            daemon_set(unavailable=2),
            [on(each, old=True) for each in NODES],
            [],
            ["agent-node-0", "agent-node-1"],
            id="maxUnavailable at once",
        ),
        pytest.param(
            daemon_set(),
            [on("node-0", ready=False), *(on(each, old=True) for each in NODES[1:])],
            [],
            [],
            id="waits for the new one",
        ),
        pytest.param(
            daemon_set(),
            [on("node-0", ready=False), on("node-1", old=True, ready=False), *map(on, NODES[2:])],
            [],
            ["agent-node-1"],
            id="a broken old one goes whatever the bound",
        ),
        pytest.param(
            daemon_set(surge=1, unavailable=0),
            [on(each, old=True) for each in NODES],
            ["node-0"],
            [],
            id="surge makes the new one first",
        ),
        pytest.param(
            daemon_set(surge=1, unavailable=0),
            [on("node-0", old=True), on("node-0", mark="n"), *map(on, NODES[1:])],
            [],
            ["agent-node-0"],
            id="surge removes the old one once the new one is available",
        ),
        pytest.param(
            daemon_set(update_strategy=DaemonSetUpdateStrategy(type="OnDelete")),
            [on(each, old=True) for each in NODES],
            [],
            [],
            id="OnDelete waits",
        ),
    ],
)
def test_rolling(owner: DaemonSet, pods: list[Pod], made: list[str], gone: list[str]) -> None:
    assert changed(step(owner, *pods)) == (made, gone)


some = st.lists(
    st.tuples(
        st.sampled_from(NODES),
        st.sampled_from(["Pending", "Running", "Failed", "Succeeded"]),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=8,
)


@given(found=some, unavailable=st.integers(1, 4))
def test_never_two_on_a_node_unless_surging(
    found: list[tuple[str, str, bool, bool, bool]], unavailable: int
) -> None:
    pods = [
        on(name, phase, ready=ready and phase == "Running", deleting=deleting, old=old, mark=str(i))
        for i, (name, phase, ready, deleting, old) in enumerate(found)
    ]
    made, gone = changed(step(daemon_set(unavailable=unavailable), *pods))
    assert len(set(made)) == len(made)
    present = {
        node_of(each)
        for each in pods
        if not (each.metadata.deletion_timestamp and each.status.phase in ("Failed", "Succeeded"))
    }
    assert not set(made) & present
    assert len(set(gone)) == len(gone)


def test_nodes_that_are_gone_get_nothing() -> None:
    nodes: list[Node] = []
    assert changed(step(daemon_set(), on("node-0"), nodes=nodes)) == ([], [])
