"""Every vectorised plugin answers what its rule says, on thousands of random clusters."""

from random import Random

import numpy as np
import pytest

from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from scheduler.cycle import Cycle, Fits, Subject
from scheduler.nominated import Nominated
from scheduler.profile import make_profile
from tests.unit.scheduler import slowly
from tests.unit.scheduler.clusters import Cluster, cluster, pod, step

BATCHES = 20
CLUSTERS_A_BATCH = 50
PODS_A_CLUSTER = 3
PROFILE = make_profile(preempts=False)
FILTERS = {each.name: each for each in PROFILE.filters}
SCORES = {each.name: (each, weight) for each, weight in PROFILE.scores}


def ordered(made: Cluster) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], list[Node]]:
    slots = made.snapshot.all_slots()
    return slots, [made.nodes[made.snapshot.names[slot]] for slot in slots]


def check_filters(made: Cluster, wanted: Pod) -> None:
    slots, nodes = ordered(made)
    shape = made.shapes.of(wanted)
    for name, slow in slowly.FILTERS.items():
        plugin = FILTERS[name]
        expected = [sorted(slow(made, wanted, node)) for node in nodes]
        found: list[list[str]] = [[] for _ in nodes]
        if plugin.concerns(shape):
            for rejection in plugin.filter(made.snapshot, shape, slots):
                for number in np.flatnonzero(rejection.nodes):
                    found[number].append(rejection.reason)
        assert [sorted(each) for each in found] == expected, name


def check_scores(made: Cluster, wanted: Pod) -> None:
    slots, nodes = ordered(made)
    kept = [number for number in range(len(slots)) if made.chance.random() < 0.8]
    if not kept:
        return
    slots, nodes = slots[kept], [nodes[number] for number in kept]
    shape = made.shapes.of(wanted)
    for name, slow in slowly.SCORES.items():
        plugin, _ = SCORES[name]
        if plugin.scores(made.snapshot, shape):
            raw = plugin.score(made.snapshot, shape, slots)
            assert plugin.normalise(raw).tolist() == slow(made, wanted, nodes), name


def best_nodes(made: Cluster, wanted: Pod) -> set[str]:
    """All nodes that may be chosen, slowly."""
    nodes = [
        node
        for node in made.nodes.values()
        if not any(slow(made, wanted, node) for slow in slowly.FILTERS.values())
    ]
    if not nodes:
        return set()
    shape = made.shapes.of(wanted)
    totals = [0] * len(nodes)
    for name, slow in slowly.SCORES.items():
        plugin, weight = SCORES[name]
        if plugin.scores(made.snapshot, shape):
            totals = [
                total + weight * score
                for total, score in zip(totals, slow(made, wanted, nodes), strict=True)
            ]
    best = max(totals)
    return {node.metadata.name for node, total in zip(nodes, totals, strict=True) if total == best}


@pytest.mark.parametrize("batch", range(BATCHES))
def test_plugins_answer_as_their_rules_say(batch: int) -> None:
    for number in range(CLUSTERS_A_BATCH):
        made = cluster(batch * CLUSTERS_A_BATCH + number)
        for _ in range(PODS_A_CLUSTER):
            wanted = pod(made.fresh_name(), made.chance)
            check_filters(made, wanted)
            check_scores(made, wanted)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_the_best_node_is_chosen_whatever_changed_since_it_was_last_asked(batch: int) -> None:
    """The same shapes are asked about again and again while nodes and pods come and go."""
    for number in range(CLUSTERS_A_BATCH // 6):
        made = cluster(10_000 + batch * CLUSTERS_A_BATCH + number, steps=15)
        cycle = Cycle(made.snapshot, Nominated(), Random(number))
        asking = [pod(f"asking-{each}", made.chance) for each in range(3)]
        for _ in range(12):
            step(made)
            wanted = made.chance.choice(asking)
            key = Key(wanted.metadata.namespace, wanted.metadata.name)
            subject = Subject(key, wanted, made.shapes.of(wanted))
            decision = cycle.decide(subject, PROFILE)
            allowed = best_nodes(made, wanted)
            if isinstance(decision, Fits):
                assert decision.node_name in allowed
            else:
                assert not allowed, decision.message
