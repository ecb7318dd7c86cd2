"""StatefulSets, DaemonSets and Jobs keep their promises whatever happens."""

import pytest

from tests.simulation.workload_checks import (
    each_counted_once,
    never_more_active_than,
    never_out_of_order,
    never_two_on_a_node,
)
from tests.simulation.workload_story import PARALLELISM, simulate

SEEDS = 12
"""So many stories: each holds all three kinds, so fewer are needed than of rollouts."""


@pytest.mark.parametrize("chosen", range(SEEDS))
def test_they_converge_and_keep_their_promises(chosen: int) -> None:
    outcome = simulate(chosen)
    never_out_of_order(outcome.history, parallel=outcome.parallel)
    never_two_on_a_node(outcome.history)
    never_more_active_than(outcome.history, PARALLELISM)
    each_counted_once(outcome.history, disturbed=outcome.disturbed)
