"""Evictions never take more than a budget allows, whoever evicts and whatever goes wrong."""

from tests.simulation.budget_story import never_overdrawn, simulate_evictions

TURN = 2


def test_never_overdrawn(seed: int) -> None:
    never_overdrawn(simulate_evictions(seed))


def test_evictions_are_granted_where_the_budget_allows() -> None:
    assert sum(simulate_evictions(seed).evicted for seed in range(3)) > 3
