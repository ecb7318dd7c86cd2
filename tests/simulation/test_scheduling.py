"""Pods are placed as they may be, whatever happens to scheduler, server and nodes."""

import pytest

from knarr.api.core.pod import Pod
from scheduler.config import SchedulerSettings
from scheduler.profile import make_profile
from tests.simulation.history import Moment
from tests.simulation.placement import (
    Story,
    check_placements,
    nobody_evicted_in_vain,
    simulate_placement,
)

CALM_SEEDS = range(0, 60, 3)
"""Seeds without faults, in which every rule holds at every binding."""

TURN = 0


def test_places_pods_and_never_breaks_a_promise(seed: int) -> None:
    check_placements(simulate_placement(seed))


@pytest.mark.parametrize(
    "rule",
    ["NodeResourcesFit", "NodePorts", "NodeAffinity", "InterPodAffinity", "PodTopologySpread"],
)
def test_a_scheduler_without_a_rule_is_caught(rule: str) -> None:
    """The checks can fail: they do when a scheduler forgets what it promises."""
    careless = make_profile(without_filter=frozenset((rule,)))
    settings = SchedulerSettings(profiles=(careless,))
    assert any(_is_caught(simulate_placement(seed, settings)) for seed in CALM_SEEDS)


def _is_caught(story: Story) -> bool:
    try:
        check_placements(story)
    except AssertionError:
        return True
    return False


def test_a_pod_that_is_forgotten_is_caught() -> None:
    story = simulate_placement(0)
    story.waiting.append("default/forgotten")
    with pytest.raises(AssertionError, match="forgotten"):
        check_placements(story)


def test_an_eviction_for_nobody_is_caught() -> None:
    """Without the bindings of those for whom they made room, victims went in vain."""
    caught = 0
    for seed in CALM_SEEDS:
        moments = list(simulate_placement(seed).history)
        nobody_evicted_in_vain(moments)
        try:
            nobody_evicted_in_vain([each for each in moments if not _is_binding(each)])
        except AssertionError:
            caught += 1
    assert caught


def _is_binding(moment: Moment) -> bool:
    old, new = moment.old, moment.new
    return (
        isinstance(old, Pod)
        and isinstance(new, Pod)
        and bool(new.spec.node_name)
        and not old.spec.node_name
    )
