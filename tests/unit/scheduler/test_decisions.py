"""What is decided of single pods: nodes, words, victims. Tables, one rule a line."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from knarr.api.core.affinity import (
    Affinity,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    PodAffinity,
    PodAffinityTerm,
    PodAntiAffinity,
)
from knarr.api.core.container import Container, ContainerPort
from knarr.api.core.node import Node, NodeSpec, NodeStatus
from knarr.api.core.persistent_volume import (
    PersistentVolume,
    PersistentVolumeSpec,
    VolumeNodeAffinity,
)
from knarr.api.core.persistent_volume_claim import (
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
)
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.pod_status import PodStatus
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.scheduling import Taint, TopologySpreadConstraint
from knarr.api.core.volume import Volume
from knarr.api.core.volume_source import PersistentVolumeClaimVolumeSource
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.policy.pod_disruption_budget import (
    PodDisruptionBudget,
    PodDisruptionBudgetSpec,
    PodDisruptionBudgetStatus,
)
from knarr.api.scalars import Quantity, Time
from scheduler.cycle import Cycle, Decision, Fits, Subject, Unfit
from scheduler.nominated import Nominated
from scheduler.profile import Profile, make_profile
from scheduler.shape import Shapes
from scheduler.snapshot import Snapshot

HOST = "kubernetes.io/hostname"
NOT_HELPFUL = "Preemption is not helpful for scheduling"


def node(name: str, *, cpu: str = "2", pods: str = "10", **spec: Any) -> Node:
    return Node(
        metadata=ObjectMeta(name=name, labels={HOST: name}),
        spec=NodeSpec(**spec),
        status=NodeStatus(allocatable={"cpu": Quantity(cpu), "pods": Quantity(pods)}),
    )


def pod(
    name: str,
    *,
    cpu: str = "1",
    on: str = "",
    app: str = "web",
    started: str = "2030-01-01T00:00:00Z",
    port: int = 0,
    **spec: Any,
) -> Pod:
    ports = (ContainerPort(container_port=80, host_port=port),) if port else ()
    resources = ResourceRequirements(requests={"cpu": Quantity(cpu)})
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default", uid=name, labels={"app": app}),
        spec=PodSpec(
            containers=(Container(name="c", resources=resources, ports=ports),),
            node_name=on,
            **spec,
        ),
        status=PodStatus(start_time=Time(started)),
    )


class Stage:
    """A small cluster, and who decides over it."""

    def __init__(self, nodes: Sequence[Node], pods: Sequence[Pod] = ()) -> None:
        self.snapshot, self.shapes, self.nominated = Snapshot(), Shapes(), Nominated()
        for each in nodes:
            self.snapshot.put_node(each)
        for placed in pods:
            self.place(placed, placed.spec.node_name)
        self.cycle = Cycle(self.snapshot, self.nominated, Random(1))

    def place(self, placed: Pod, node_name: str) -> None:
        key = Key("default", placed.metadata.name)
        self.snapshot.put_pod(key, placed, self.shapes.of(placed), node_name)

    def decide(self, wanted: Pod, profile: Profile | None = None) -> Decision:
        subject = Subject(Key("default", wanted.metadata.name), wanted, self.shapes.of(wanted))
        return self.cycle.decide(subject, profile or make_profile())

    def unfit(self, wanted: Pod) -> Unfit:
        decision = self.decide(wanted)
        assert isinstance(decision, Unfit), decision
        return decision


NAMED = Affinity(
    node_affinity=NodeAffinity(
        required_during_scheduling_ignored_during_execution=NodeSelector(
            node_selector_terms=(
                NodeSelectorTerm(
                    match_fields=(
                        NodeSelectorRequirement(key="metadata.name", operator="In", values=("a",)),
                    )
                ),
            )
        )
    )
)
LIKE = PodAffinityTerm(topology_key=HOST, label_selector=LabelSelector(match_labels={"app": "web"}))
NEAR = Affinity(
    pod_affinity=PodAffinity(required_during_scheduling_ignored_during_execution=(LIKE,))
)
AWAY = Affinity(
    pod_anti_affinity=PodAntiAffinity(required_during_scheduling_ignored_during_execution=(LIKE,))
)


@pytest.mark.parametrize(
    ("nodes", "pods", "wanted", "told"),
    [
        pytest.param(
            [node("a"), node("b", taints=(Taint(key="k", effect="NoSchedule"),))],
            [],
            pod("p", cpu="5"),
            "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). "
            f"no new claims to deallocate, preemption: 0/2 nodes are available: 2 {NOT_HELPFUL}.",
            id="first reason of each node, sorted",
        ),
        pytest.param(
            [node("a", pods="1")],
            [pod("x", cpu="2", on="a")],
            pod("p"),
            "0/1 nodes are available: 1 Insufficient cpu, 1 Too many pods. no new claims to "
            "deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for "
            "incoming pod.",
            id="several reasons of one node",
        ),
        pytest.param(
            [node("a", unschedulable=True)],
            [],
            pod("p"),
            "0/1 nodes are available: 1 node(s) were unschedulable. no new claims to deallocate, "
            f"preemption: 0/1 nodes are available: 1 {NOT_HELPFUL}.",
            id="cordoned",
        ),
        pytest.param(
            [node("a"), node("b")],
            [pod("x", cpu="2", on="a")],
            pod("p", affinity=NAMED),
            "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't satisfy plugin(s) "
            "[NodeAffinity]. no new claims to deallocate, preemption: 0/2 nodes are available: "
            f"1 No preemption victims found for incoming pod, 1 {NOT_HELPFUL}.",
            id="a pod of a daemon names its node",
        ),
        pytest.param(
            [node("a")],
            [pod("x", on="a", port=80)],
            pod("p", port=80),
            "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod "
            "ports. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No "
            "preemption victims found for incoming pod.",
            id="host port taken",
        ),
        pytest.param(
            [node("a")],
            [],
            pod("p", app="other", affinity=NEAR),
            "0/1 nodes are available: 1 node(s) didn't match pod affinity rules. no new claims "
            f"to deallocate, preemption: 0/1 nodes are available: 1 {NOT_HELPFUL}.",
            id="no friend anywhere",
        ),
        pytest.param(
            [node("a")],
            [pod("x", on="a", priority=5)],
            pod("p", affinity=AWAY),
            "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules. no new "
            "claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims "
            "found for incoming pod.",
            id="keeps away from others",
        ),
        pytest.param(
            [node("a")],
            [pod("x", on="a", affinity=AWAY)],
            pod("p"),
            "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity "
            "rules. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No "
            "preemption victims found for incoming pod.",
            id="others keep away from it",
        ),
        pytest.param([], [], pod("p"), "no nodes available to schedule pods", id="no nodes"),
        pytest.param(
            [node("a")],
            [pod("x", cpu="2", on="a")],
            pod("p", priority=9, preemption_policy="Never"),
            "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
            "preemption: not eligible due to preemptionPolicy=Never.",
            id="never preempts",
        ),
    ],
)
def test_words(nodes: list[Node], pods: list[Pod], wanted: Pod, told: str) -> None:
    assert Stage(nodes, pods).unfit(wanted).message == told


def test_the_first_of_pods_that_want_company_may_go_anywhere() -> None:
    assert isinstance(Stage([node("a")]).decide(pod("p", affinity=NEAR)), Fits)


def test_spreading_counts_domains() -> None:
    constraint = TopologySpreadConstraint(
        max_skew=1,
        topology_key=HOST,
        when_unsatisfiable="DoNotSchedule",
        label_selector=LabelSelector(match_labels={"app": "web"}),
    )
    stage = Stage([node("a"), node("b")], [pod("x", on="a")])
    wanted = pod("p", topology_spread_constraints=(constraint,))
    assert stage.decide(wanted) == Fits("b")


# ---- preemption


def victims(unfit: Unfit) -> list[str]:
    return [each.key.name for each in unfit.victims]


@pytest.mark.parametrize(
    ("pods", "node_name", "names"),
    [
        pytest.param(
            [pod("x", cpu="2", on="a", priority=1), pod("y", cpu="2", on="b", priority=2)],
            "a",
            ["x"],
            id="the lowest priority goes",
        ),
        pytest.param(
            [
                pod("x1", on="a", priority=1),
                pod("x2", on="a", priority=1),
                pod("y", cpu="2", on="b", priority=1),
            ],
            "b",
            ["y"],
            id="fewer victims are better",
        ),
        pytest.param(
            [
                pod("x", cpu="2", on="a", started="2030-01-01T01:00:00Z"),
                pod("y", cpu="2", on="b", started="2030-01-01T02:00:00Z"),
            ],
            "b",
            ["y"],
            id="who started last goes",
        ),
        pytest.param(
            [pod("x", cpu="1", on="a"), pod("x2", cpu="1", on="a", priority=3)],
            "a",
            ["x", "x2"],
            id="all that must go",
        ),
    ],
)
def test_victims(pods: list[Pod], node_name: str, names: list[str]) -> None:
    nodes = {each.spec.node_name: node(each.spec.node_name) for each in pods}
    unfit = Stage(list(nodes.values()), pods).unfit(pod("p", cpu="2", priority=10))
    assert (unfit.nomination, sorted(victims(unfit))) == (node_name, names)
    assert unfit.message == f"0/{len(nodes)} nodes are available: {len(nodes)} Insufficient cpu."


def test_no_more_go_than_must() -> None:
    pods = [pod("x", on="a", cpu="500m", priority=each) for each in (1,)]
    pods += [pod("y", on="a", cpu="500m", priority=2), pod("z", on="a", cpu="1", priority=3)]
    unfit = Stage([node("a")], pods).unfit(pod("p", cpu="500m", priority=10))
    assert victims(unfit) == ["x"]


def test_budgets_are_kept_where_possible() -> None:
    stage = Stage(
        [node("a"), node("b")],
        [pod("x", cpu="2", on="a", app="guarded"), pod("y", cpu="2", on="b", priority=5)],
    )
    stage.snapshot.budgets[Key("default", "budget")] = PodDisruptionBudget(
        metadata=ObjectMeta(name="budget", namespace="default"),
        spec=PodDisruptionBudgetSpec(selector=LabelSelector(match_labels={"app": "guarded"})),
        status=PodDisruptionBudgetStatus(
            current_healthy=1, desired_healthy=1, disruptions_allowed=0, expected_pods=1
        ),
    )
    assert victims(stage.unfit(pod("p", cpu="2", priority=10))) == ["y"]


def test_a_nominated_pod_keeps_its_room() -> None:
    stage = Stage([node("a")])
    hopeful = pod("hopeful", cpu="2", priority=10)
    key = Key("default", "hopeful")
    stage.nominated.put(key, hopeful, stage.shapes.of(hopeful), "a")
    assert isinstance(stage.decide(pod("lesser", priority=1)), Unfit)
    assert stage.decide(pod("greater", priority=11)) == Fits("a")
    assert stage.decide(hopeful) == Fits("a")


def test_nobody_is_evicted_where_that_does_not_help() -> None:
    stage = Stage([node("a", cpu="2")], [pod("x", on="a")])
    assert not stage.unfit(pod("p", cpu="3", priority=10)).victims


# ---- volumes


def claim(name: str, *, volume: str = "", modes: tuple[str, ...] = ()) -> PersistentVolumeClaim:
    annotations: Mapping[str, str] = {"pv.kubernetes.io/bind-completed": "yes"} if volume else {}
    return PersistentVolumeClaim(
        metadata=ObjectMeta(name=name, namespace="default", annotations=annotations),
        spec=PersistentVolumeClaimSpec(volume_name=volume, access_modes=modes),
    )


def mounting(name: str, claim_name: str) -> Pod:
    source = PersistentVolumeClaimVolumeSource(claim_name=claim_name)
    made = pod(name)
    volumes = (Volume(name="v", persistent_volume_claim=source),)
    return replace(made, spec=replace(made.spec, volumes=volumes))


def test_a_missing_claim_is_told() -> None:
    told = Stage([node("a")]).unfit(mounting("p", "none")).message
    assert told == '0/1 nodes are available: persistentvolumeclaim "none" not found. not found'


def test_an_unbound_claim_is_told() -> None:
    stage = Stage([node("a")])
    stage.snapshot.storage.claims[Key("default", "c")] = claim("c")
    told = stage.unfit(mounting("p", "c")).message
    assert told == (
        "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
    )


def test_a_pod_goes_where_its_volume_is() -> None:
    stage = Stage([node("a"), node("b")])
    here = NodeSelectorRequirement(key=HOST, operator="In", values=("b",))
    selector = NodeSelector(node_selector_terms=(NodeSelectorTerm(match_expressions=(here,)),))
    stage.snapshot.storage.claims[Key("default", "c")] = claim("c", volume="v")
    stage.snapshot.storage.volumes["v"] = PersistentVolume(
        metadata=ObjectMeta(name="v"),
        spec=PersistentVolumeSpec(node_affinity=VolumeNodeAffinity(required=selector)),
    )
    assert stage.decide(mounting("p", "c")) == Fits("b")


def test_a_claim_of_one_pod_is_not_used_twice() -> None:
    stage = Stage([node("a"), node("b")])
    stage.snapshot.storage.claims[Key("default", "c")] = claim(
        "c", volume="v", modes=("ReadWriteOncePod",)
    )
    stage.snapshot.storage.volumes["v"] = PersistentVolume(
        metadata=ObjectMeta(name="v"), spec=PersistentVolumeSpec()
    )
    stage.place(mounting("x", "c"), "a")
    assert "ReadWriteOncePod access mode" in stage.unfit(mounting("p", "c")).message
