"""Plugins with arguments, and what is done for pods that say nothing, against their rules."""

import math
from collections.abc import Mapping, Sequence
from random import Random

import numpy as np
import pytest
from msgspec.structs import replace

from knarr.api.core.affinity import (
    Affinity,
    NodeAffinity,
    NodeSelectorTerm,
    PreferredSchedulingTerm,
)
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from knarr.api.meta.object_meta import OwnerReference
from knarr.api.selectors import matching
from scheduler.plugins.inter_pod_affinity import InterPodAffinity
from scheduler.plugins.node_affinity import NodeAffinity as NodeAffinityPlugin
from scheduler.plugins.node_name import NodeName
from scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from scheduler.plugins.node_resources_fit import NodeResourcesFit, Strategy, Weighted
from scheduler.plugins.plugin import Filter, Score
from scheduler.plugins.pod_topology_spread import PodTopologySpread
from scheduler.shape import Shape
from tests.unit.scheduler import slowly
from tests.unit.scheduler.clusters import GPU, HOST, ZONE, Cluster, cluster, node, pod
from tests.unit.scheduler.slowly import allocatable, request

SEEDS = 400


def asked(chance: Random, made: Cluster) -> Pod:
    return pod(made.fresh_name(), chance)


def scores(
    plugin: Score, made: Cluster, shape: Shape, *, normalised: bool = True
) -> tuple[list[Node], list[int]]:
    slots = made.snapshot.all_slots()
    nodes = [made.nodes[made.snapshot.names[slot]] for slot in slots]
    raw = plugin.score(made.snapshot, shape, slots)
    return nodes, (plugin.normalise(raw) if normalised else raw).tolist()


def rejected(plugin: Filter, made: Cluster, shape: Shape) -> dict[str, list[str]]:
    slots = made.snapshot.all_slots()
    found: dict[str, list[str]] = {made.snapshot.names[slot]: [] for slot in slots}
    if plugin.concerns(shape):
        for rejection in plugin.filter(made.snapshot, shape, slots):
            for place in np.flatnonzero(rejection.nodes):
                found[made.snapshot.names[slots[place]]].append(rejection.reason)
    return found


# ---- resources


def use(made: Cluster, wanted: Pod, where: Node, resource: str) -> tuple[int, int]:
    """What a node has, and what is asked of it with the pod; little counts as something."""
    pods = (*made.on(where.metadata.name), wanted)
    small = slowly.SMALL.get(resource, 0)
    return allocatable(where, resource), sum(
        request(each, resource, default=small) for each in pods
    )


def most_allocated(have: int, asked_for: int) -> int:
    return min(asked_for, have) * 100 // have


def least_allocated(have: int, asked_for: int) -> int:
    return 0 if asked_for > have else (have - asked_for) * 100 // have


def on_the_line(points: Sequence[tuple[int, int]], have: int, asked_for: int) -> int:
    percent = 100 if asked_for > have else asked_for * 100 // have
    for number, (at, score) in enumerate(points):
        if percent <= at:
            if number == 0:
                return score * 10
            before_at, before = points[number - 1]
            rise = (score - before) * 10 * (percent - before_at) / (at - before_at)
            return before * 10 + math.trunc(rise)
    return points[-1][1] * 10


def resource_score(strategy: Strategy, have: int, asked_for: int) -> int | None:
    """What one resource says; None where it has nothing to say."""
    if not have:
        return None
    if strategy.type == "RequestedToCapacityRatio":
        return on_the_line(strategy.points, have, asked_for) or None
    if strategy.type == "MostAllocated":
        return most_allocated(have, asked_for)
    return least_allocated(have, asked_for)


def strategy_score(made: Cluster, wanted: Pod, where: Node, strategy: Strategy) -> int:
    total, weights = 0, 0
    for each in strategy.resources:
        if each.name == GPU and not request(wanted, GPU):
            continue
        score = resource_score(strategy, *use(made, wanted, where, each.name))
        if score is not None:
            total, weights = total + score * each.weight, weights + each.weight
    if not weights:
        return 0
    if strategy.type == "RequestedToCapacityRatio":
        return math.floor(total / weights + 0.5)
    return total // weights


def some_strategy(chance: Random) -> Strategy:
    kind = chance.choice(["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"])
    names = chance.choice([("cpu", "memory"), ("cpu",), ("cpu", "memory", GPU), (GPU, "memory")])
    resources = tuple(Weighted(name, chance.randint(1, 5)) for name in names)
    utilizations = sorted(chance.sample(range(101), chance.randint(1, 4)))
    points = tuple((each, chance.randint(0, 10)) for each in utilizations)
    return Strategy(type=kind, resources=resources, points=points)  # type: ignore[arg-type]  # drawn from the literal's values


def test_scoring_strategies() -> None:
    kinds = set()
    for seed in range(SEEDS):
        made = cluster(seed, steps=15)
        strategy = some_strategy(made.chance)
        wanted = asked(made.chance, made)
        nodes, found = scores(NodeResourcesFit(strategy), made, made.shapes.of(wanted))
        assert found == [strategy_score(made, wanted, each, strategy) for each in nodes], strategy
        kinds |= {(strategy.type, score > 0) for score in found}
    assert len(kinds) == 6, kinds


def test_ignored_resources_are_not_asked_for() -> None:
    for seed in range(SEEDS // 5):
        made = cluster(seed, steps=15)
        wanted = asked(made.chance, made)
        plugin = made.chance.choice(
            [
                NodeResourcesFit(ignored=frozenset((GPU,))),
                NodeResourcesFit(ignored_groups=frozenset(("example.com",))),
            ]
        )
        found = rejected(plugin, made, made.shapes.of(wanted))
        for name, where in made.nodes.items():
            reasons = [each for each in slowly.fit(made, wanted, where) if GPU not in each]
            assert sorted(found[name]) == sorted(reasons)


def evenness(made: Cluster, pods: Sequence[Pod], where: Node, names: Sequence[str]) -> int:
    shares = [
        min(1.0, sum(request(each, name) for each in pods) / allocatable(where, name))
        for name in names
        if allocatable(where, name)
    ]
    if len(shares) < 2:
        return 100
    mean = sum(shares) / len(shares)
    if len(shares) == 2:
        deviation = abs(shares[0] - shares[1]) / 2
    else:
        deviation = math.sqrt(sum((each - mean) ** 2 for each in shares) / len(shares))
    return int((1 - deviation) * 100)


def test_balance_of_three_resources() -> None:
    for seed in range(SEEDS):
        made = cluster(seed, steps=15)
        wanted = asked(made.chance, made)
        plugin = NodeResourcesBalancedAllocation(("cpu", "memory", GPU))
        names = ["cpu", "memory", *([GPU] if request(wanted, GPU) else [])]
        nodes, found = scores(plugin, made, made.shapes.of(wanted))
        for where, score in zip(nodes, found, strict=True):
            others = made.on(where.metadata.name)
            gained = evenness(made, [*others, wanted], where, names)
            assert score == 50 + (50 + gained - evenness(made, others, where, names)) // 2


# ---- nodes


def test_node_name() -> None:
    """Nobody schedules a pod that has a node; a shape made for one node keeps to it."""
    for seed in range(100):
        made = cluster(seed, steps=15)
        wanted = asked(made.chance, made)
        name = made.chance.choice([*made.nodes, "nowhere", ""])
        shape = made.shapes.of(wanted)
        shape.wanted_node = name
        found = rejected(NodeName(), made, shape)
        for other in made.nodes:
            assert bool(found[other]) == (bool(name) and other != name)


def with_added(wanted: Pod, added: NodeAffinity) -> tuple[Pod, Pod]:
    """A pod that says what the profile adds, and nothing else; and the pod without the rest."""
    alone = replace(wanted.spec, node_selector={}, affinity=Affinity(node_affinity=added))
    return replace(wanted, spec=alone), wanted


def some_affinity(chance: Random) -> NodeAffinity:
    while True:
        drawn = pod("x", chance).spec.affinity
        if drawn is not None and drawn.node_affinity is not None:
            preferred = drawn.node_affinity.preferred_during_scheduling_ignored_during_execution
            required = drawn.node_affinity.required_during_scheduling_ignored_during_execution
            if preferred or required:
                return drawn.node_affinity


def test_added_affinity_counts_beside_the_pods_own() -> None:
    enforced = "node(s) didn't match scheduler-enforced node affinity"
    own = "node(s) didn't match Pod's node affinity/selector"
    said = set()
    for seed in range(SEEDS):
        made = cluster(seed, steps=15)
        wanted, added = asked(made.chance, made), some_affinity(made.chance)
        says_added, says_own = with_added(wanted, added)
        plugin, shape = NodeAffinityPlugin(added), made.shapes.of(wanted)
        found = rejected(plugin, made, shape)
        for name, where in made.nodes.items():
            expected = []
            if not slowly.chosen(says_added, where):
                expected = [enforced]
            elif not slowly.chosen(says_own, where):
                expected = [own]
            assert found[name] == expected
            said |= set(expected)
        nodes, raw = scores(plugin, made, shape, normalised=False)
        assert raw == [
            slowly.preferred_nodes(made, says_added, each)
            + slowly.preferred_nodes(made, says_own, each)
            for each in nodes
        ]
    assert said == {enforced, own}


def test_preferred_terms_that_are_empty_choose_nothing() -> None:
    made = Cluster(Random(1))
    made.put_node(node("a", made.chance))
    nothing = NodeAffinity(
        preferred_during_scheduling_ignored_during_execution=(
            PreferredSchedulingTerm(weight=5, preference=NodeSelectorTerm()),
        )
    )
    shape = made.shapes.of(asked(made.chance, made))
    _, raw = scores(NodeAffinityPlugin(nothing), made, shape, normalised=False)
    bare = scores(NodeAffinityPlugin(), made, shape, normalised=False)[1]
    assert raw == bare


# ---- pods


def liked(made: Cluster, wanted: Pod, where: Node, hard: int, *, ignores: bool) -> int:
    def near(other: Pod, key: str) -> bool:
        return slowly.together(made, other, where, key)

    total = 0
    for other in made.pods.values():
        own = slowly.preferred(wanted)
        theirs = [(term, hard) for term in slowly.required(other, "pod_affinity")]
        theirs += [] if ignores else slowly.preferred(other)
        total += sum(
            weight * near(other, term.topology_key)
            for terms, holder, held in ((own, wanted, other), (theirs, other, wanted))
            for term, weight in terms
            if slowly.term_selects(term, holder, held)
        )
    return total


def test_weight_of_required_affinity_and_preferences_of_others() -> None:
    for seed in range(SEEDS // 2):
        made = cluster(seed)
        chance = made.chance
        hard, ignores = chance.choice([0, 1, 7, 100]), chance.random() < 0.5
        wanted = asked(chance, made)
        plugin = InterPodAffinity(hard, ignores_preferences_of_placed=ignores)
        nodes, raw = scores(plugin, made, made.shapes.of(wanted), normalised=False)
        assert raw == [liked(made, wanted, each, hard, ignores=ignores) for each in nodes]


# ---- spreading by default


def spread_by_default(
    made: Cluster, wanted: Pod, labels: Mapping[str, str], nodes: Sequence[Node]
) -> list[int]:
    """Zones may differ by five, hosts by three; a node without a zone is judged by the rest."""

    def like(where: Node) -> int:
        return sum(
            each.metadata.deletion_timestamp is None
            and each.metadata.namespace == wanted.metadata.namespace
            and labels.items() <= each.metadata.labels.items()
            for each in made.on(where.metadata.name)
        )

    zones = {each.metadata.labels.get(ZONE) for each in nodes}
    raw = []
    for where in nodes:
        score = like(where) * math.log(len(nodes) + 2) + 2
        zone = where.metadata.labels.get(ZONE)
        if zone is not None:
            pods = sum(
                like(other)
                for other in made.nodes.values()
                if other.metadata.labels.get(ZONE) == zone and slowly.chosen(wanted, other)
            )
            score += pods * math.log(len(zones) + 2) + 4
        raw.append(math.floor(score + 0.5))
    least, most = min(raw), max(raw)
    return [100 * (most + least - each) // most for each in raw]


@pytest.mark.parametrize("by", ["Service", "ReplicaSet", "both"])
def test_pods_that_say_nothing_are_spread_by_their_services_and_owners(by: str) -> None:
    uneven = 0
    for seed in range(SEEDS // 3):
        made = cluster(seed)
        drawn = asked(made.chance, made)
        labels = drawn.metadata.labels
        owner = OwnerReference(
            api_version="apps/v1", kind="ReplicaSet", name="rs", uid="u", controller=True
        )
        wanted = replace(
            drawn,
            metadata=replace(drawn.metadata, owner_references=(owner,)),
            spec=replace(drawn.spec, topology_spread_constraints=()),
        )
        namespace = wanted.metadata.namespace
        counted: dict[str, str] = {}
        if by != "ReplicaSet":
            counted["app"] = labels["app"]
            made.snapshot.workloads.put_service(Key(namespace, "s"), {"app": labels["app"]})
            made.snapshot.workloads.put_service(Key(namespace, "not"), {"app": "other"})
        if by != "Service":
            counted |= labels
            made.snapshot.workloads.put_owner("ReplicaSet", Key(namespace, "rs"), matching(labels))
        plugin, shape = PodTopologySpread(), made.shapes.of(wanted)
        assert plugin.scores(made.snapshot, shape)
        assert not plugin.concerns(shape)
        nodes, found = scores(plugin, made, shape)
        assert found == spread_by_default(made, wanted, counted, nodes)
        uneven += len(set(found)) > 1
        assert all(HOST in each.metadata.labels for each in nodes)
    assert uneven > 20
